"""Media through Debian's nginx with the configuration we ship, from a local folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
from httpx2 import Client
from httpx2 import Response as Answer

from portal.ids import new_id
from portal.runtime import Runtime
from portal.storage import keys
from tests.delivered import LARGE_BYTES, Delivered, put_in
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
from tests.nginx import Nginx, running_nginx
from tests.served import served

INNER_PLACES = (
    "/-/objects/{key}",
    "/-/objects//{key}",
    "/-/%6fbjects/{key}",
    "/static/../-/objects/{key}",
    "/static/%2e%2e/-/objects/{key}",
    "//-/objects/{key}",
    "/-/objects/",
    "/-/objects/../postgres/cluster/postmaster.pid",
    "/-/store/press-portal/{key}",
    "/-/store/",
    "/media/-/nothing",
)
ASKED: Sequence[tuple[Mapping[str, str], int, bytes | None]] = (
    ({"range": "bytes=0-0"}, 206, LARGE_BYTES[:1]),
    ({"range": "bytes=-7"}, 206, LARGE_BYTES[-7:]),
    ({"range": "bytes=2500000-"}, 206, LARGE_BYTES[2500000:]),
    ({"range": "bytes=5-10", "if-range": "{etag}"}, 206, LARGE_BYTES[5:11]),
    ({"range": "bytes=5-10", "if-range": '"another"'}, 200, LARGE_BYTES),
    ({"range": "bytes=0-1,5-6"}, 200, LARGE_BYTES),
    ({"if-none-match": '"another"'}, 200, LARGE_BYTES),
    ({"if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200, LARGE_BYTES),
    ({"if-none-match": "{etag}"}, 304, b""),
    ({"range": f"bytes={len(LARGE_BYTES)}-"}, 416, None),
)
"""Headers of a request for a segment, and what is answered; None: whatever it is."""


@dataclass(frozen=True)
class Front:
    """`nginx` asks a portal that hands media over; `portal` is one that sends all itself."""

    runtime: Runtime
    delivered: Delivered
    server: Nginx
    nginx: Client
    handing: Client
    portal: Client


@pytest.fixture
def front(runtime: Runtime, tmp_path: Path) -> Iterator[Front]:
    delivered = put_in(runtime, tmp_path)
    objects = runtime.settings.data_path / "objects"
    with (
        served(with_delivery(runtime, "portal")) as sending_port,
        served(with_delivery(runtime, "nginx")) as handing_port,
        running_nginx(tmp_path / "nginx", portal_port=handing_port, objects=objects) as server,
        Client(base_url=server.url) as nginx,
        Client(base_url=f"http://127.0.0.1:{handing_port}") as handing,
        Client(base_url=f"http://127.0.0.1:{sending_port}") as portal,
    ):
        yield Front(runtime, delivered, server, nginx, handing, portal)


def test_nginx_answers_as_the_portal_does(front: Front) -> None:
    bring_to(front.runtime, "public")
    for token in (None, front.delivered.token):
        for place in (*PLACES, "original"):
            for method in METHODS:
                path = address(place, front.delivered)
                expected = ask(front.portal, path, method=method, token=token)
                answer = ask(front.nginx, path, method=method, token=token)
                what = (place, method, token)
                assert answer.status_code == expected.status_code, what
                assert answer.content == expected.content, what
                if place not in TEXT_PLACES:
                    assert said(answer) == said(expected), what


def test_only_what_is_public_comes_through_nginx(front: Front) -> None:
    for state in STATES:
        bring_to(front.runtime, state)
        for place in PLACES:
            for method in METHODS:
                answer = ask(front.nginx, address(place, front.delivered), method=method)
                if state == "public":
                    assert answer.status_code == expected_status(place, method), (place, method)
                    continue
                assert answer.status_code == 404, (state, place, method)
                assert answer.headers["cache-control"] == "no-store"
                assert "etag" not in answer.headers


def test_what_is_hidden_leaves_no_trace(front: Front) -> None:
    stranger = Delivered(front.delivered.event_id, new_id(), new_id(), "")
    for place in (*PLACES, "original"):
        hidden = ask(front.nginx, address(place, front.delivered))
        missing = ask(front.nginx, address(place, stranger))
        assert hidden.json() == missing.json() == NOWHERE
        assert said(hidden) == said(missing)
        handed = ask(front.handing, address(place, front.delivered))
        assert "x-accel-redirect" not in handed.headers
        assert "x-media-range" not in handed.headers


def test_the_bytes_do_not_pass_the_portal(front: Front) -> None:
    bring_to(front.runtime, "public")
    handed = ask(front.handing, address("segment", front.delivered))
    key = keys.result(front.delivered.recording_id, "transcode", 1, "720p/00001.m4s")
    assert handed.headers["x-accel-redirect"] == f"/-/objects/{key}"
    assert handed.content == b""
    answer = ask(front.nginx, address("segment", front.delivered))
    assert answer.content == LARGE_BYTES
    assert "x-accel-redirect" not in answer.headers


def test_nobody_gets_in_by_the_inner_places(front: Front) -> None:
    bring_to(front.runtime, "public")
    key = keys.original(front.delivered.recording_id)
    for place in INNER_PLACES:
        connection = HTTPConnection("127.0.0.1", front.server.port, timeout=10)
        with closing(connection):  # it sends a path as it is given
            connection.request("GET", place.replace("{key}", key))
            answer = connection.getresponse()
            assert answer.status == 404, place
            assert "x-accel-redirect" not in answer.headers, place
            assert LARGE_BYTES[:100] not in answer.read(), place


def test_nobody_tells_nginx_what_to_send(front: Front) -> None:
    key = keys.original(front.delivered.recording_id)
    forged = {"x-accel-redirect": f"/-/objects/{key}", "x-media-range": "bytes=0-9"}
    answer = front.nginx.get(address("original", front.delivered), headers=forged)
    assert answer.json() == NOWHERE
    bring_to(front.runtime, "public")
    for path in ("/healthz", address("photo", front.delivered)):
        expected, answer = front.nginx.get(path), front.nginx.get(path, headers=forged)
        assert (answer.status_code, answer.content) == (200, expected.content)


def test_ranges_and_conditions(front: Front) -> None:
    bring_to(front.runtime, "public")
    path = address("segment", front.delivered)
    etag = ask(front.nginx, path, method="HEAD").headers["etag"]
    for asked, status, sent in ASKED:
        headers = {name: value.replace("{etag}", etag) for name, value in asked.items()}
        answer = front.nginx.get(path, headers=headers)
        assert answer.status_code == status, asked
        assert sent in {None, answer.content}, asked


def test_a_file_that_is_lost_is_missing_and_stays_in_no_cache(front: Front) -> None:
    bring_to(front.runtime, "public")
    front.runtime.store.delete(
        keys.result(front.delivered.recording_id, "transcode", 1, "720p/00001.m4s")
    )
    answer = ask(front.nginx, address("segment", front.delivered))
    assert (answer.status_code, answer.json()) == (404, NOWHERE)
    assert "no-store" in answer.headers["cache-control"]
    assert "etag" not in answer.headers


def test_a_link_among_the_objects_leads_nowhere(front: Front, tmp_path: Path) -> None:
    bring_to(front.runtime, "public")
    key = keys.result(front.delivered.recording_id, "transcode", 1, "720p/00001.m4s")
    placed = front.runtime.settings.data_path / "objects" / key
    (tmp_path / "secret").write_bytes(b"secret")
    placed.unlink()
    placed.symlink_to(tmp_path / "secret")
    assert_unavailable(ask(front.nginx, address("segment", front.delivered)))


def assert_unavailable(answer: Answer) -> None:
    """What we may not read is not missing, and that is said as the portal says things."""
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/json"
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"]
    assert answer.json()["error"] == "storage_unavailable"
