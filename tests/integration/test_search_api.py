"""`GET /api/v1/search` as a program sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from portal.app import create_app
from portal.db import tables
from portal.runtime import Runtime
from portal.search.api import PATH, routes
from tests.integration.search_archive import MEDIAELEMENT, Archive
from workers.indexing import index_event

pytestmark = pytest.mark.postgres


@pytest.fixture
def archive(runtime: Runtime) -> Archive:
    return Archive(runtime)


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    app = create_app(runtime)
    app.router.routes[:0] = routes
    with TestClient(app, base_url="https://localhost") as client:
        yield client


def test_a_hit_leads_to_its_second(archive: Archive, client: TestClient) -> None:
    event_id = archive.event("real", title={"en": "Real media"})
    asset_id = archive.captions(event_id, MEDIAELEMENT)
    index_event(archive.runtime, event_id)
    answer = client.get(PATH, params={"q": "browser vendors"})
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"query", "total", "hits", "facets", "partial", "took_ms", "cursor"}
    assert (body["query"], body["total"], body["partial"]) == ("browser vendors", 1, False)
    assert body["facets"] == {
        "kind": {"passage": 1},
        "language": {"en": 1},
        "event": {"real": 1},
        "person": {},
    }
    (hit,) = body["hits"]
    ranges = hit.pop("highlights")
    assert [hit["text"][start:end] for start, end in ranges] == ["browser", "vendors", "browsers"]
    assert "awesome" in hit.pop("text")
    assert hit == {
        "kind": "passage",
        "event": "real",
        "asset_id": asset_id,
        "title": "Real media",
        "start_seconds": 4.0,
        "end_seconds": 7.0,
        "person": None,
        "language": "en",
        "page_url": f"https://localhost/en/assets/{asset_id}?t=4",
        "poster_url": None,
    }


def test_each_kind_leads_to_its_page(archive: Archive, client: TestClient) -> None:
    person_id = archive.person("Анна Петрова", "anna-petrova")
    event_id = archive.event("gala", title={"ru": "Гала Петрова"})
    row = {"event_id": event_id, "person_id": person_id, "position": 0}
    archive.add(tables.event_people, **row)
    photo_id = archive.asset(event_id, "photo", title={"ru": "Петрова на сцене"})
    archive.add(
        tables.renditions,
        asset_id=photo_id,
        name="photo-320.jpg",
        step="photo",
        attempt=1,
        kind="image",
        key="k",
        media_type="image/jpeg",
        size_bytes=1,
        sha256="0",
    )
    index_event(archive.runtime, event_id)
    hits = client.get(PATH, params={"q": "петрова"}).json()["hits"]
    found = {hit["kind"]: hit for hit in hits}
    assert {kind: hit["page_url"] for kind, hit in found.items()} == {
        "event": "https://localhost/ru/events/gala",
        "person": "https://localhost/en/people/anna-petrova",
        "photo": f"https://localhost/ru/assets/{photo_id}",
    }
    assert found["photo"]["poster_url"] == f"https://localhost/media/{photo_id}/photo-320.jpg"
    assert found["person"]["person"] == "anna-petrova"


def test_hits_are_in_the_language_that_is_wished_or_else_in_their_own(
    archive: Archive, client: TestClient
) -> None:
    event_id = archive.event("gala", title={"en": "The gala", "ru": "Гала"})
    index_event(archive.runtime, event_id)
    wishes: list[tuple[dict[str, Any], str]] = [
        ({"params": {"q": "гала"}}, "Гала"),
        ({"params": {"q": "гала", "lang": "en"}}, "The gala"),
        ({"params": {"q": "гала"}, "headers": {"Accept-Language": "en-GB"}}, "The gala"),
    ]
    for asked, title in wishes:
        (hit,) = client.get(PATH, **asked).json()["hits"]
        assert hit["title"] == title


def test_drafts_are_for_the_desk(archive: Archive, client: TestClient) -> None:
    event_id = archive.event("secret", released=False)
    archive.captions(event_id, MEDIAELEMENT)
    index_event(archive.runtime, event_id)
    body = client.get(PATH, params={"q": "vendors"}).json()
    assert (body["total"], body["hits"]) == (0, [])
    assert not any(body["facets"].values())


def test_bad_parameters_are_answered_with_a_sentence_each(client: TestClient) -> None:
    answer = client.get(PATH, params={"q": "x", "limit": "many", "kind": "film"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_input"
    assert answer.json()["fields"].keys() == {"limit", "kind"}


@pytest.mark.parametrize("query", ["", "\0", '"', "a" * 5000, "\\ AND ( * ~", "кавычки «", "🎥"])
def test_no_query_is_an_error(client: TestClient, query: str) -> None:
    answer = client.get(PATH, params={"q": query})
    assert answer.status_code == 200
    assert answer.json()["query"] == query
