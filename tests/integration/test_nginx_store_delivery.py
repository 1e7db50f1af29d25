"""Media through nginx from a real store: the bucket stays private, and no byte passes Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from httpx2 import Client
from httpx2 import Response as Answer

from portal.runtime import Runtime, open_storage
from portal.settings import Settings
from portal.storage import keys
from tests.delivered import IMAGE_BYTES, LARGE_BYTES, LAST_BYTES, Delivered, put_in
from tests.delivery_requests import (
    METHODS,
    NOWHERE,
    PLACES,
    STATES,
    TEXT_PLACES,
    address,
    ask,
    bring_to,
    expected_status,
    said,
    with_delivery,
)
from tests.e2e.processes import free_port
from tests.nginx import running_nginx
from tests.served import served

ASKED: Sequence[tuple[Mapping[str, str], int, bytes]] = (
    ({"range": "bytes=5-10"}, 206, LARGE_BYTES[5:11]),
    ({"range": "bytes=5-10", "if-range": "{etag}"}, 206, LARGE_BYTES[5:11]),
    ({"range": "bytes=5-10", "if-range": '"another"'}, 200, LARGE_BYTES),
    ({"range": "bytes=0-1,5-6"}, 200, LARGE_BYTES),
    ({"if-none-match": "{etag}"}, 304, b""),
    ({"if-match": '"another"'}, 200, LARGE_BYTES),
    ({"cookie": "a=b", "authorization": ""}, 200, LARGE_BYTES),
)
"""Headers of a request for a segment, and what is answered."""


@dataclass(frozen=True)
class Front:
    """`nginx` asks a portal that hands media over; `handing` is that portal itself."""

    runtime: Runtime
    delivered: Delivered
    nginx: Client
    handing: Client

    def segment_key(self, filename: str = "00001.m4s") -> str:
        return keys.result(self.delivered.recording_id, "transcode", 1, f"720p/{filename}")


@pytest.fixture
def front(s3_runtime: Runtime, tmp_path: Path) -> Iterator[Front]:
    with fronted(s3_runtime, tmp_path) as front:
        yield front


@pytest.fixture
def keeping_front(s3_runtime: Runtime, tmp_path: Path) -> Iterator[Front]:
    """Whose nginx keeps public media."""
    with fronted(s3_runtime, tmp_path, caches_media=True) as front:
        yield front


@contextmanager
def fronted(
    runtime: Runtime, folder: Path, *, caches_media: bool = False, store: str | None = None
) -> Iterator[Front]:
    handing_runtime = with_delivery(runtime, "nginx")
    settings = handing_runtime.settings
    store = store or settings.s3_endpoint_url
    assert store is not None
    with (
        served(handing_runtime) as port,
        running_nginx(
            folder / "nginx",
            portal_port=port,
            store=store,
            bucket=settings.s3_bucket,
            caches_media=caches_media,
        ) as server,
        Client(base_url=server.url) as nginx,
        Client(base_url=f"http://127.0.0.1:{port}") as handing,
    ):
        yield Front(handing_runtime, put_in(runtime, folder), nginx, handing)


def test_the_store_speaks_through_nginx_as_the_portal_would(front: Front) -> None:
    bring_to(front.runtime, "public")
    with (
        served(with_delivery(front.runtime, "portal")) as port,
        Client(base_url=f"http://127.0.0.1:{port}") as portal,
    ):
        for token in (None, front.delivered.token):
            for place in sorted({*PLACES, "original"} - TEXT_PLACES):
                for method in METHODS:
                    what = (place, method, token)
                    path = address(place, front.delivered)
                    expected = ask(portal, path, method=method, token=token)
                    answer = ask(front.nginx, path, method=method, token=token)
                    assert answer.status_code == expected.status_code, what
                    assert answer.content == expected.content, what
                    assert said(answer) == said(expected), what


def test_only_what_is_public_comes_from_the_store(front: Front) -> None:
    for state in STATES:
        bring_to(front.runtime, state)
        for place in PLACES:
            for method in METHODS:
                answer = ask(front.nginx, address(place, front.delivered), method=method)
                if state == "public":
                    assert answer.status_code == expected_status(place, method), (place, method)
                else:
                    assert answer.status_code == 404, (state, place, method)
                    assert answer.headers["cache-control"] == "no-store"


def test_the_address_of_the_store_stays_inside(front: Front) -> None:
    bring_to(front.runtime, "public")
    handed = ask(front.handing, address("segment", front.delivered))
    inner = handed.headers["x-accel-redirect"]
    assert inner.startswith(f"/-/store/{front.runtime.settings.s3_bucket}/assets/")
    assert handed.content == b""
    answer = ask(front.nginx, address("segment", front.delivered))
    assert answer.content == LARGE_BYTES
    assert "X-Amz" not in str(answer.headers)
    outsider = front.nginx.get(inner)
    assert (outsider.status_code, outsider.json()) == (404, NOWHERE)


def test_the_store_is_asked_only_what_the_portal_allows(front: Front) -> None:
    bring_to(front.runtime, "public")
    path = address("segment", front.delivered)
    etag = ask(front.nginx, path, method="HEAD").headers["etag"]
    for asked, status, sent in ASKED:
        headers = {name: value.replace("{etag}", etag) for name, value in asked.items()}
        answer = front.nginx.get(path, headers=headers)
        assert (answer.status_code, answer.content) == (status, sent), asked


def test_what_the_store_lost_is_missing(front: Front) -> None:
    bring_to(front.runtime, "public")
    front.runtime.store.delete(front.segment_key())
    answer = ask(front.nginx, address("segment", front.delivered))
    assert (answer.status_code, answer.json()) == (404, NOWHERE)
    assert "no-store" in answer.headers["cache-control"]


def test_a_range_beyond_the_end_tells_nothing_of_the_store(front: Front) -> None:
    bring_to(front.runtime, "public")
    headers = {"range": f"bytes={len(LARGE_BYTES)}-"}
    answer = front.nginx.get(address("segment", front.delivered), headers=headers)
    assert answer.status_code == 416
    assert_said_by_nginx(answer, "range_not_satisfiable")


def test_a_store_that_refuses_is_not_missing(
    s3_runtime: Runtime, s3_settings: Settings, tmp_path: Path
) -> None:
    elsewhere = s3_settings.model_copy(update={"s3_region": "elsewhere-1"})
    refused = replace(s3_runtime, inner_addresses=open_storage(elsewhere).inner_addresses)
    with fronted(refused, tmp_path) as front:
        assert_unavailable(front)


def test_a_store_that_is_away_is_not_missing(s3_runtime: Runtime, tmp_path: Path) -> None:
    with fronted(s3_runtime, tmp_path, store=f"http://127.0.0.1:{free_port()}") as front:
        assert_unavailable(front)


def assert_unavailable(front: Front) -> None:
    bring_to(front.runtime, "public")
    answer = ask(front.nginx, address("segment", front.delivered))
    assert answer.status_code == 503
    assert_said_by_nginx(answer, "storage_unavailable")


def assert_said_by_nginx(answer: Answer, error: str) -> None:
    """In its own words, and as the portal says things."""
    assert answer.json().keys() == {"error", "detail"}
    assert answer.json()["error"] == error
    assert answer.headers["content-type"] == "application/json"
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"]


def test_nginx_keeps_public_media_and_still_asks_who_may_see_them(keeping_front: Front) -> None:
    front = keeping_front
    bring_to(front.runtime, "public")
    path = address("segment", front.delivered)
    assert ask(front.nginx, path, method="RANGE").content == LARGE_BYTES[1:3]
    assert ask(front.nginx, path, method="HEAD").content == b""
    assert ask(front.nginx, path).content == LARGE_BYTES
    front.runtime.store.delete(front.segment_key())
    kept = ask(front.nginx, path)
    assert (kept.status_code, kept.content) == (200, LARGE_BYTES)
    part = ask(front.nginx, path, method="RANGE")
    assert (part.status_code, part.content) == (206, LARGE_BYTES[1:3])
    bring_to(front.runtime, "withdrawn")
    assert ask(front.nginx, path).json() == NOWHERE
    desk = ask(front.nginx, path, token=front.delivered.token)
    assert desk.status_code == 404  # the desk is never answered from what was kept


def test_nginx_keeps_nothing_that_is_not_public(keeping_front: Front) -> None:
    front = keeping_front
    path = address("sound", front.delivered)
    key = keys.result(front.delivered.recording_id, "sound", 1, "sound-1/00002.m4s")
    assert ask(front.nginx, path, token=front.delivered.token).content == LAST_BYTES
    front.runtime.store.delete(key)
    bring_to(front.runtime, "public")
    assert ask(front.nginx, path).status_code == 404


def test_browsers_reach_the_store_by_our_address_only_with_a_signature(
    s3_runtime: Runtime, tmp_path: Path
) -> None:
    with fronted(s3_runtime, tmp_path) as front:
        public = str(front.nginx.base_url).rstrip("/")
        settings = front.runtime.settings.model_copy(update={"s3_public_url": public})
        addresses = open_storage(settings).addresses
        assert addresses is not None
        key = keys.result(front.delivered.photo_id, "photo", 1, "photo-320.jpg")
        signed = addresses.object_address(key, answer_headers={"Content-Type": "image/jpeg"})
        assert signed.startswith(public)
        answer = front.nginx.get(signed)
        assert (answer.status_code, answer.content) == (200, IMAGE_BYTES)
        assert answer.headers["content-type"] == "image/jpeg"
        assert "sandbox" in answer.headers["content-security-policy"]
        bare = front.nginx.get(signed.split("?")[0])
        assert bare.status_code == 404
        forged = front.nginx.get(signed[:-1] + ("0" if signed[-1] != "0" else "1"))
        assert forged.status_code == 403
        assert front.nginx.delete(signed).status_code == 403
