"""Signed addresses are those that botocore would give, byte for byte."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from portal.errors import InvalidInput, ObjectMissing
from portal.settings import Settings
from portal.storage.interface import ADDRESS_SECONDS_MAX, ADDRESS_SECONDS_MIN
from portal.storage.keys import is_key
from portal.storage.s3.addresses import PART_SECONDS, STABLE_SECONDS, S3Addresses, checksum_of
from portal.storage.s3.client import open_client
from portal.storage.s3.signing import Signer, host_header

NOW = 1_790_000_123.0
ACCESS_KEY, SECRET_KEY, REGION, BUCKET = "AKIDEXAMPLE", "a/secret+key", "eu-central-1", "press"
URLS = (
    "http://127.0.0.1:7070",
    "https://media.example.org",
    "https://media.example.org:443",
    "http://[::1]:9000",
    "https://press.example.org/store/of/ours",
)
KEYS = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,9}[a-z0-9])?", fullmatch=True)
PATHS = st.lists(KEYS, min_size=1, max_size=5).map("/".join).filter(is_key)
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)
SHA256 = st.binary(max_size=8).map(lambda content: hashlib.sha256(content).hexdigest())


def _addresses(url: str = URLS[0], *, now: float = NOW) -> S3Addresses:
    signer = Signer(ACCESS_KEY, SECRET_KEY, REGION)
    return S3Addresses(signer, public_url=url, bucket=BUCKET, clock=lambda: now)


def _by_botocore(
    url: str, method: str, parameters: dict[str, object], *, valid_seconds: int, instant: float
) -> str:
    known = Settings(
        s3_endpoint_url=url,
        s3_access_key=SecretStr(ACCESS_KEY),
        s3_secret_key=SecretStr(SECRET_KEY),
        s3_region=REGION,
    )
    dated = datetime.fromtimestamp(instant, UTC).replace(tzinfo=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: dated)
        address: str = open_client(known).generate_presigned_url(
            method, Params={"Bucket": BUCKET, **parameters}, ExpiresIn=valid_seconds
        )
    return address


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(("method", "operation"), [("GET", "get_object"), ("HEAD", "head_object")])
def test_an_object_address_is_that_of_botocore(url: str, method: str, operation: str) -> None:
    key = "assets/a/transcode/3/720p/00001.m4s"
    expected = _by_botocore(
        url,
        operation,
        {"Key": key},
        valid_seconds=ADDRESS_SECONDS_MAX,
        instant=NOW // STABLE_SECONDS * STABLE_SECONDS,
    )
    assert _addresses(url).object_address(key, method=method) == expected


@settings(deadline=None)
@given(key=PATHS, url=st.sampled_from(URLS), disposition=HEADER_TEXT)
def test_any_key_and_any_answer_header_is_signed_alike(
    key: str, url: str, disposition: str
) -> None:
    expected = _by_botocore(
        url,
        "get_object",
        {"Key": key, "ResponseContentType": "a/b", "ResponseContentDisposition": disposition},
        valid_seconds=ADDRESS_SECONDS_MAX,
        instant=NOW // STABLE_SECONDS * STABLE_SECONDS,
    )
    headers = {"Content-Type": "a/b", "Content-Disposition": disposition}
    assert _addresses(url).object_address(key, answer_headers=headers) == expected


@settings(deadline=None)
@given(key=PATHS, number=st.integers(1, 10_000), sha256=SHA256, url=st.sampled_from(URLS))
def test_any_part_is_signed_alike(key: str, number: int, sha256: str, url: str) -> None:
    expected = _by_botocore(
        url,
        "upload_part",
        {
            "Key": key,
            "UploadId": "an.id~of+theirs=",
            "PartNumber": number,
            "ChecksumSHA256": checksum_of(sha256),
        },
        valid_seconds=PART_SECONDS,
        instant=NOW,
    )
    upload_id = f"{10_000 * 5}.5.an.id~of+theirs="
    request = _addresses(url).part_request(key, upload_id, number, sha256=sha256)
    assert request.url == expected
    assert dict(request.headers) == {"x-amz-checksum-sha256": checksum_of(sha256)}


@given(now=st.floats(1e9, 4e9))
def test_an_address_is_good_for_as_long_as_promised(now: float) -> None:
    query = parse_qs(urlsplit(_addresses(now=now).object_address("a")).query)
    signed_at = datetime.strptime(query["X-Amz-Date"][0] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    left = signed_at + int(query["X-Amz-Expires"][0]) - now
    assert ADDRESS_SECONDS_MIN <= left <= ADDRESS_SECONDS_MAX


def test_an_address_stays_the_same_for_a_while_and_then_changes() -> None:
    start = NOW // STABLE_SECONDS * STABLE_SECONDS
    found = [_addresses(now=start + n).object_address("a") for n in (0, 1, STABLE_SECONDS - 1)]
    assert len(set(found)) == 1
    assert _addresses(now=start + STABLE_SECONDS).object_address("a") not in found


def test_one_signer_follows_the_clock() -> None:
    """What it prepared for one period must not live on in the next."""
    clock = [NOW]
    addresses = S3Addresses(
        Signer(ACCESS_KEY, SECRET_KEY, REGION),
        public_url=URLS[0],
        bucket=BUCKET,
        clock=lambda: clock[0],
    )
    before = addresses.object_address("a")
    clock[0] += STABLE_SECONDS
    assert addresses.object_address("a") == _addresses(now=clock[0]).object_address("a") != before


def test_only_keys_of_ours_are_signed() -> None:
    with pytest.raises(ValueError, match="not an object key"):
        _addresses().object_address("../a")
    with pytest.raises(ObjectMissing):
        _addresses().part_request("a", "no-such-id", 1, sha256="0" * 64)
    with pytest.raises(InvalidInput, match="no part 3"):
        _addresses().part_request("a", "10.5.x", 3, sha256="0" * 64)
    with pytest.raises(InvalidInput, match="hexadecimal"):
        _addresses().part_request("a", "10.5.x", 2, sha256="A" * 64)


def test_the_secret_is_in_no_text_of_the_signer() -> None:
    assert SECRET_KEY not in repr(Signer(ACCESS_KEY, SECRET_KEY, REGION))
    assert SECRET_KEY not in _addresses().object_address("a")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://A.example:80", "a.example"),
        ("https://a.example:80", "a.example:80"),
        ("https://a.example:443", "a.example"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_the_host_is_as_a_browser_names_it(origin: str, host: str) -> None:
    assert host_header(origin) == host
