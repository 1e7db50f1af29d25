"""What a `SignedAddresses` promises to a browser, tried on the real store by plain HTTP."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from portal.errors import Conflict
from portal.runtime import Storage, open_storage
from portal.settings import Settings
from portal.storage.interface import SignedAddresses, SignedRequest
from portal.storage.s3.addresses import S3Addresses
from portal.storage.s3.bucket import set_up_bucket
from portal.storage.s3.signing import Signer

KEY = "assets/a/original"
CONTENT = b"0123456789"
ORIGIN = "https://press.example.org"
PART = b"the only part"


@pytest.fixture
def storage(s3_settings: Settings) -> Storage:
    return open_storage(s3_settings)


@pytest.fixture
def addresses(storage: Storage, tmp_path: Path) -> SignedAddresses:
    """Of a store that holds `CONTENT` under `KEY`, put there as a video."""
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    storage.store.put_file(KEY, source, media_type="video/mp4")
    assert storage.addresses is not None
    return storage.addresses


@pytest.fixture
def upload_id(storage: Storage) -> str:
    return storage.uploads.begin(
        KEY, size_bytes=len(PART), part_bytes=len(PART), media_type="video/mp4"
    )


def _send(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes, Message]:
    """(status, body, headers)"""
    request = Request(url, data=body, method=method, headers=dict(headers or {}))  # noqa: S310
    try:
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - to the test's own server
            return answer.status, answer.read(), answer.headers
    except HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def test_an_address_gives_the_object(addresses: SignedAddresses) -> None:
    status, body, headers = _send(addresses.object_address(KEY))
    assert (status, body, headers["Content-Type"]) == (200, CONTENT, "video/mp4")


def test_ranges_are_given(addresses: SignedAddresses) -> None:
    status, body, headers = _send(addresses.object_address(KEY), headers={"Range": "bytes=2-4"})
    assert (status, body) == (206, b"234")
    assert headers["Content-Range"] == "bytes 2-4/10"


def test_an_address_is_good_for_its_method_only(addresses: SignedAddresses) -> None:
    assert _send(addresses.object_address(KEY, method="HEAD"), method="HEAD")[0] == 200
    assert _send(addresses.object_address(KEY), method="HEAD")[0] == 403
    for method in ("PUT", "DELETE"):
        assert _send(addresses.object_address(KEY), method=method, body=b"x")[0] == 403
    assert _send(addresses.object_address(KEY))[1] == CONTENT


def test_an_address_is_good_for_its_object_only(
    addresses: SignedAddresses, storage: Storage
) -> None:
    address = addresses.object_address(KEY)
    assert _send(address.replace("/original?", "/another?"))[0] == 403
    assert _send(address[:-1] + ("0" if address[-1] != "0" else "1"))[0] == 403
    assert _send(address.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"))[0] == 403
    assert _send(address.partition("?")[0])[0] == 403


def test_an_address_of_nothing_is_one_of_nothing(addresses: SignedAddresses) -> None:
    assert _send(addresses.object_address("assets/b/original"))[0] == 404


def test_an_address_runs_out(s3_settings: Settings, addresses: SignedAddresses) -> None:
    assert s3_settings.s3_access_key is not None
    assert s3_settings.s3_secret_key is not None
    assert s3_settings.s3_endpoint_url is not None
    old = S3Addresses(
        Signer(
            s3_settings.s3_access_key.get_secret_value(),
            s3_settings.s3_secret_key.get_secret_value(),
            s3_settings.s3_region,
        ),
        public_url=s3_settings.s3_endpoint_url,
        bucket=s3_settings.s3_bucket,
        clock=lambda: 1_700_000_000.0,
    )
    assert _send(old.object_address(KEY))[0] == 403


def test_the_answer_has_the_headers_that_were_asked_for(addresses: SignedAddresses) -> None:
    wanted = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment; filename=\"a b.mp4\"; filename*=UTF-8''%D1%8F.mp4",
        "Cache-Control": "private, max-age=300",
    }
    status, body, headers = _send(addresses.object_address(KEY, answer_headers=wanted))
    assert (status, body) == (200, CONTENT)
    assert {name: headers[name] for name in wanted} == wanted


def test_an_address_is_the_same_for_a_while(addresses: SignedAddresses) -> None:
    found = {addresses.object_address(KEY) for _ in range(3)}
    assert len(found) <= 2  # a period may end in between


def test_a_part_is_sent_past_the_portal(
    storage: Storage, addresses: SignedAddresses, upload_id: str
) -> None:
    status, _, headers = _put(_part_request(addresses, upload_id), PART)
    assert status == 200
    (part,) = storage.uploads.list_parts(KEY, upload_id)
    assert part == storage.uploads.put_part(KEY, upload_id, 1, io.BytesIO(PART))
    assert part.etag == headers["ETag"].strip('"')
    assert part.sha256 in {None, hashlib.sha256(PART).hexdigest()}
    storage.uploads.complete(KEY, upload_id, [part])
    assert storage.store.read(KEY) == PART


def test_a_part_damaged_on_its_way_is_refused_by_the_store(
    storage: Storage, addresses: SignedAddresses, upload_id: str
) -> None:
    assert _put(_part_request(addresses, upload_id), PART.upper())[0] == 400
    assert list(storage.uploads.list_parts(KEY, upload_id)) == []


def test_a_part_must_come_with_the_digest_that_was_signed(
    storage: Storage, addresses: SignedAddresses, upload_id: str
) -> None:
    signed = _part_request(addresses, upload_id)
    other = PART.upper()
    digest = base64.b64encode(hashlib.sha256(other).digest()).decode()
    for headers in ({}, {"x-amz-checksum-sha256": digest}):
        assert _put(SignedRequest(url=signed.url, headers=headers), other)[0] in {400, 403}
    assert list(storage.uploads.list_parts(KEY, upload_id)) == []


def test_a_part_of_another_size_never_becomes_an_object(
    storage: Storage, addresses: SignedAddresses, upload_id: str
) -> None:
    short = PART[:-1]
    sha256 = hashlib.sha256(short).hexdigest()
    signed = addresses.part_request(KEY, upload_id, 1, sha256=sha256)
    assert _put(signed, short)[0] == 200
    parts = storage.uploads.list_parts(KEY, upload_id)
    with pytest.raises(Conflict, match="Part 1 has 12 bytes"):
        storage.uploads.complete(KEY, upload_id, parts)


@pytest.mark.parametrize("base_url", [None, ORIGIN])
def test_pages_of_the_portal_may_send_and_read(s3_settings: Settings, base_url: str | None) -> None:
    settings = s3_settings.model_copy(update={"base_url": base_url})
    set_up_bucket(settings)
    storage = open_storage(settings)
    assert storage.addresses is not None
    upload_id = storage.uploads.begin(
        KEY, size_bytes=len(PART), part_bytes=len(PART), media_type="video/mp4"
    )
    signed = _part_request(storage.addresses, upload_id)
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type,x-amz-checksum-sha256",
    }
    status, _, headers = _send(signed.url, method="OPTIONS", headers=asked)
    assert status in {200, 204}
    assert headers["Access-Control-Allow-Origin"] in {ORIGIN, "*"}
    assert "PUT" in headers["Access-Control-Allow-Methods"]
    allowed = headers["Access-Control-Allow-Headers"].lower()
    assert "x-amz-checksum-sha256" in allowed or allowed == "*"
    status, _, headers = _send(
        signed.url, method="PUT", body=PART, headers={**signed.headers, "Origin": ORIGIN}
    )
    assert status == 200
    assert "etag" in headers["Access-Control-Expose-Headers"].lower()


def test_pages_of_others_may_not(s3_settings: Settings) -> None:
    settings = s3_settings.model_copy(update={"base_url": ORIGIN})
    set_up_bucket(settings)
    addresses = open_storage(settings).addresses
    assert addresses is not None
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    status, _, headers = _send(addresses.object_address(KEY), method="OPTIONS", headers=asked)
    assert status == 403
    assert headers["Access-Control-Allow-Origin"] is None


def _part_request(addresses: SignedAddresses, upload_id: str) -> SignedRequest:
    return addresses.part_request(KEY, upload_id, 1, sha256=hashlib.sha256(PART).hexdigest())


def _put(signed: SignedRequest, body: bytes) -> tuple[int, bytes, Message]:
    return _send(signed.url, method="PUT", body=body, headers=signed.headers)
