"""With a real store, media leave from there: every request asks the portal, no byte passes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from httpx2 import Response as Answer
from starlette.testclient import TestClient

from portal.app import create_app
from portal.assets import service as assets
from portal.assets.models import Step
from portal.delivery.urls import segment_path
from portal.runtime import Runtime
from portal.storage import keys
from portal.storage.interface import ObjectInfo
from portal.storage.local import LocalStore
from tests.delivered import (
    FILE_BYTES,
    IMAGE_BYTES,
    INIT_BYTES,
    LARGE_BYTES,
    LAST_BYTES,
    Delivered,
    publish,
    put_in,
)
from tests.delivery_requests import (
    METHODS,
    NOWHERE,
    PLACES,
    SAVED_AS,
    STATES,
    TEXT_PLACES,
    address,
    ask,
    bring_to,
    expected_status,
    web_client,
    with_delivery,
)

BYTES = {
    "init": INIT_BYTES,
    "segment": LARGE_BYTES,
    "sound": LAST_BYTES,
    "poster": IMAGE_BYTES,
    "photo": IMAGE_BYTES,
    "file": FILE_BYTES,
    "download": FILE_BYTES,
    "original": LARGE_BYTES,
}
TYPES = {
    "init": "video/mp4",
    "segment": "video/iso.segment",
    "sound": "video/iso.segment",
    "poster": "image/jpeg",
    "photo": "image/jpeg",
    "file": "application/json",
    "download": "video/mp4",
    "original": "application/octet-stream",
}


DISPOSITIONS = {
    "original": (
        "attachment; filename=\"____ 1.html\"; filename*=UTF-8''%D0%AF%D1%80%D0%BE%D1%88%201.html"
    ),
    "download": SAVED_AS,
}


@pytest.fixture
def delivered(s3_runtime: Runtime, tmp_path: Path) -> Delivered:
    return put_in(s3_runtime, tmp_path)


@pytest.fixture
def client(s3_runtime: Runtime) -> Iterator[TestClient]:
    with web_client(s3_runtime) as client:
        yield client


@pytest.mark.parametrize("state", STATES)
def test_who_may_see_bytes_is_sent_to_the_store(
    client: TestClient, s3_runtime: Runtime, delivered: Delivered, state: str
) -> None:
    bring_to(s3_runtime, state)
    for token in (None, delivered.token):
        for place in PLACES:
            for method in METHODS:
                what = (place, method, token)
                answer = ask(client, address(place, delivered), method=method, token=token)
                if state != "public" and token is None:
                    assert answer.status_code == 404, what
                    assert "location" not in answer.headers, what
                elif place in TEXT_PLACES:
                    assert answer.status_code == expected_status(place, method), what
                else:
                    assert (answer.status_code, answer.content) == (302, b""), what
                    kept = "public, max-age=60" if state == "public" else "private, no-store"
                    assert answer.headers["cache-control"] == kept
                    assert "etag" not in answer.headers


@pytest.mark.parametrize("place", sorted(BYTES))
def test_the_store_sends_the_bytes_and_says_what_we_say(
    client: TestClient, s3_runtime: Runtime, delivered: Delivered, place: str
) -> None:
    bring_to(s3_runtime, "public")
    answer = followed(ask(client, address(place, delivered), token=delivered.token))
    assert (answer.status_code, answer.content) == (200, BYTES[place])
    assert answer.headers["content-type"] == TYPES[place]
    is_kept = place != "original"
    kept = "public, max-age=300" if is_kept else "private, no-store"
    assert answer.headers["cache-control"] == kept
    assert answer.headers.get("content-disposition") == DISPOSITIONS.get(place)


def test_parts_and_heads_are_answered_by_the_store(
    client: TestClient, s3_runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(s3_runtime, "public")
    path = address("segment", delivered)
    part = followed(client.get(path), range="bytes=5-10")
    assert (part.status_code, part.content) == (206, LARGE_BYTES[5:11])
    head = followed(client.head(path), method="HEAD")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(LARGE_BYTES)))


def test_addresses_stay_the_same_for_a_while_and_lead_to_one_object(
    client: TestClient, s3_runtime: Runtime, delivered: Delivered
) -> None:
    bring_to(s3_runtime, "public")
    first, again, other = (
        client.get(address(place, delivered)).headers["location"]
        for place in ("segment", "segment", "init")
    )
    assert first == again
    query = urlsplit(first).query
    stolen = f"{other.split('?', maxsplit=1)[0]}?{query}"
    assert httpx2.get(stolen).status_code == 403
    assert httpx2.get(first.split("?", maxsplit=1)[0]).status_code == 403


def test_what_is_listed_needs_no_look_at_the_store(
    s3_runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    bring_to(s3_runtime, "public")
    blind = replace(s3_runtime, store=BlindStore(tmp_path / "none"))
    with TestClient(create_app(blind), follow_redirects=False) as client:
        for place in sorted(BYTES):
            answer = ask(client, address(place, delivered), token=delivered.token)
            assert answer.status_code == 302, place


def test_segments_of_an_earlier_attempt_are_sent_while_they_are_there(
    client: TestClient, s3_runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    bring_to(s3_runtime, "public")
    recording = delivered.recording_id
    with s3_runtime.engine.begin() as connection:
        assets.retry_step(connection, recording, Step.TRANSCODE)
    publish(s3_runtime, tmp_path, recording, Step.TRANSCODE, ["720p"])
    earlier = segment_path(recording, "transcode", 1, "720p", "00002.m4s")
    assert followed(client.get(earlier)).content == LAST_BYTES
    s3_runtime.store.delete(keys.result(recording, Step.TRANSCODE, 1, "720p/00002.m4s"))
    assert client.get(earlier).json() == NOWHERE


@pytest.mark.parametrize("filename", ["00003.m4s", "99999999.m4s", "000001.m4s"])
def test_nobody_is_sent_to_what_never_was(
    client: TestClient, s3_runtime: Runtime, delivered: Delivered, filename: str
) -> None:
    bring_to(s3_runtime, "public")
    path = segment_path(delivered.recording_id, "transcode", 1, "720p", filename)
    assert client.get(path).json() == NOWHERE


def test_pages_may_load_from_the_store_and_from_nowhere_else(
    client: TestClient, s3_runtime: Runtime
) -> None:
    policy = client.get("/en/").headers["content-security-policy"]
    origin = s3_runtime.settings.s3_endpoint_url
    assert origin is not None
    assert f"img-src 'self' data: {origin};" in policy
    assert f"media-src 'self' blob: {origin};" in policy
    assert f"connect-src 'self' {origin};" in policy
    assert "script-src 'self';" in policy
    assert policy.count(origin) == 3


def test_the_portal_can_still_send_from_a_store(s3_runtime: Runtime, delivered: Delivered) -> None:
    bring_to(s3_runtime, "public")
    with web_client(with_delivery(s3_runtime, "portal")) as client:
        for place, content in BYTES.items():
            answer = ask(client, address(place, delivered), token=delivered.token)
            assert (answer.status_code, answer.content) == (200, content)
            part = ask(client, address(place, delivered), method="RANGE", token=delivered.token)
            assert (part.status_code, part.content) == (206, content[1:3])


def followed(answer: Answer, *, method: str = "GET", **headers: str) -> Answer:
    """What the store answers to who was sent there."""
    assert answer.status_code == 302
    return httpx2.request(method, answer.headers["location"], headers=headers)


class BlindStore(LocalStore):
    """Fails the test that looks."""

    def head(self, key: str) -> ObjectInfo:
        raise AssertionError(f"somebody looked for {key}")
