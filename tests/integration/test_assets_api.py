"""Events and assets as programs get them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from portal.app import create_app
from portal.assets import repository
from portal.assets import service as assets
from portal.assets.described import ASSET_SCHEMA
from portal.assets.models import Step
from portal.events import service as events
from portal.events.models import Contact, EventDescription, PersonEntry, ProgrammeEntry
from portal.ids import new_id
from portal.runtime import Runtime
from tests.delivered import LARGE_BYTES, ORIGINAL_NAME, SLUG, Delivered, put_in

HOST = "https://localhost"
PROPERTIES = cast("dict[str, Any]", ASSET_SCHEMA["properties"])


@pytest.fixture
def delivered(runtime: Runtime, tmp_path: Path) -> Delivered:
    return put_in(runtime, tmp_path)


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime), base_url=HOST, follow_redirects=False) as client:
        yield client


def release(runtime: Runtime) -> None:
    with runtime.engine.begin() as connection:
        events.publish(connection, SLUG)


def test_a_recording(client: TestClient, runtime: Runtime, delivered: Delivered) -> None:
    release(runtime)
    recording = delivered.recording_id
    found = client.get(f"/api/v1/assets/{recording}").json()
    assert set(found) == set(PROPERTIES)
    assert (found["id"], found["kind"], found["event"]) == (recording, "video", SLUG)
    assert found["title"] == "Scrum"
    assert found["size_bytes"] == len(LARGE_BYTES)
    assert found["sha256"] == recording.ljust(64, "0")
    assert found["steps"] == [
        {"name": name, "state": "done", "detail": None, "notes": []}
        for name in ("transcode", "sound", "poster", "download")
    ]
    assert found["hls_url"] == f"{HOST}/media/{recording}/hls/master.m3u8"
    assert found["poster_url"] == f"{HOST}/media/{recording}/poster.jpg"
    assert found["page_url"] == f"{HOST}/en/assets/{recording}"
    assert {rendition["name"] for rendition in found["renditions"]} == {
        "360p",
        "720p",
        "sound-1",
        "poster.jpg",
    }
    assert {
        "name": "sound-1",
        "width": None,
        "height": None,
        "bandwidth_bps": 128_000,
        "codecs": "mp4a.40.2",
    } in found["renditions"]
    url = f"{HOST}/media/{recording}/captions/ru.vtt"
    assert found["transcripts"] == [
        {"language": "ru", "status": "supplied", "origin": "file", "url": url}
    ]
    assert found["photo"] is None


def test_every_address_it_gives_answers(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    release(runtime)
    found = client.get(f"/api/v1/assets/{delivered.recording_id}").json()
    given = [found["hls_url"], found["poster_url"], found["transcripts"][0]["url"]]
    assert [client.get(url).status_code for url in [*given, found["page_url"]]] == [200] * 4


def test_a_photo(client: TestClient, runtime: Runtime, delivered: Delivered) -> None:
    release(runtime)
    found = client.get(f"/api/v1/assets/{delivered.photo_id}").json()
    assert (found["kind"], found["width"], found["height"]) == ("photo", 320, 213)
    assert found["photo"]["caption"] == "The stamp"
    assert found["photo"]["keywords"] == ["stamp"]
    assert found["hls_url"] is None
    assert found["poster_url"] == f"{HOST}/media/{delivered.photo_id}/photo-320.jpg"


def test_nothing_playable_has_no_address(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    release(runtime)
    with runtime.engine.begin() as connection:
        assets.retry_step(connection, delivered.recording_id, Step.TRANSCODE)
        attempt = assets.begin_attempt(connection, delivered.recording_id, Step.TRANSCODE)
        assert attempt is not None
        assets.publish_renditions(connection, attempt, [])
        repository.replace_renditions(connection, delivered.recording_id, Step.SOUND, [])
    found = client.get(f"/api/v1/assets/{delivered.recording_id}").json()
    assert (found["hls_url"], found["state"]) == (None, "processing")
    running: dict[str, object] = {
        "name": "transcode",
        "state": "running",
        "detail": None,
        "notes": [],
    }
    assert running in found["steps"]


def test_titles_come_in_the_language_that_is_asked_for(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    release(runtime)
    found = client.get(f"/api/v1/assets/{delivered.recording_id}?lang=ru").json()
    assert found["title"] == "Подход к прессе"
    assert found["page_url"] == f"{HOST}/ru/assets/{delivered.recording_id}"


def test_assets_of_an_event(client: TestClient, runtime: Runtime, delivered: Delivered) -> None:
    release(runtime)
    path = f"/api/v1/events/{SLUG}/assets"
    listed = client.get(path).json()["assets"]
    assert {asset["kind"] for asset in listed} == {"video", "photo", "captions"}
    assert listed[0] == client.get(f"/api/v1/assets/{listed[0]['id']}").json()
    chosen = client.get(f"{path}?kind=photo").json()["assets"]
    assert [asset["id"] for asset in chosen] == [delivered.photo_id]
    both = client.get(f"{path}?kind=photo,video").json()["assets"]
    assert {asset["id"] for asset in both} == {delivered.photo_id, delivered.recording_id}
    wrong = client.get(f"{path}?kind=film")
    assert wrong.status_code == 400
    assert wrong.json()["fields"] == {"kind": "“film” is none of audio, captions, photo, video."}


def test_assets_come_in_pages_without_gap_or_repeat(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    release(runtime)
    path = f"/api/v1/events/{SLUG}/assets"
    everything = client.get(path).json()
    assert (len(everything["assets"]), everything["next"]) == (3, None)
    address = f"{HOST}{path}?limit=1&lang=ru&kind=video,photo,captions"
    seen = []
    for is_last in (False, False, True):
        page = client.get(address).json()
        seen += [asset["id"] for asset in page["assets"]]
        assert page["assets"][0]["page_url"].startswith(f"{HOST}/ru/")
        assert (page["next"] is None) is is_last
        address = page["next"]
    assert seen == [asset["id"] for asset in everything["assets"]]
    for wrong in ("limit=0", "limit=501", "offset=-1", "offset=x"):
        answer = client.get(f"{path}?{wrong}")
        assert answer.status_code == 400
        assert set(answer.json()["fields"]) == {wrong.partition("=")[0]}


def test_the_home_page_leads_with_what_is_public_whoever_looks(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    release(runtime)
    with runtime.engine.begin() as connection:
        events.ensure_event(connection, "undated-draft")
    page = client.get("/en/", headers={"authorization": f"Bearer {delivered.token}"}).text
    assert f'href="/en/events/{SLUG}"' in page
    assert "undated-draft" not in page


def test_drafts_are_for_the_desk(client: TestClient, delivered: Delivered) -> None:
    editor = {"authorization": f"Bearer {delivered.token}"}
    for path in (
        f"/api/v1/assets/{delivered.recording_id}",
        f"/api/v1/events/{SLUG}",
        f"/api/v1/events/{SLUG}/assets",
    ):
        assert client.get(path).status_code == 404
        answer = client.get(path, headers=editor)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-store"
        assert ORIGINAL_NAME not in client.get(path).text
    assert client.get("/api/v1/events").json() == {"events": []}
    [listed] = client.get("/api/v1/events", headers=editor).json()["events"]
    assert (listed["slug"], listed["state"]) == (SLUG, "draft")


@pytest.mark.parametrize(
    "path", ["/api/v1/assets/%00", "/api/v1/events/%00", "/api/v1/events/%00/assets"]
)
def test_nonsense_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.get(f"/api/v1/assets/{new_id()}").status_code == 404


def test_an_event_with_its_details(client: TestClient, runtime: Runtime) -> None:
    description = EventDescription(
        slug="congress",
        title={"en": "Congress", "ru": "Конгресс"},
        body={"en": "All of *it*."},
        time_zone="Europe/Minsk",
        credit="Press Service",
        contact=Contact(name="Olga", email="olga@example.org"),
        topics=({"en": "Stamps"},),
        delegations=({"en": "Latvia", "ru": "Латвия"},),
        people=(PersonEntry("Gerhard Jarosch", {"en": "President"}),),
        programme=(ProgrammeEntry({"en": "Opening"}),),
    )
    with runtime.engine.begin() as connection:
        events.save_event(connection, description)
        events.publish(connection, "congress")
    found = client.get("/api/v1/events/congress?lang=ru").json()
    assert (found["title"], found["body"]) == ("Конгресс", "All of *it*.")
    assert (found["state"], found["time_zone"]) == ("public", "Europe/Minsk")
    assert found["contact"] == {"name": "Olga", "email": "olga@example.org", "phone": None}
    assert (found["topics"], found["delegations"]) == (["Stamps"], ["Латвия"])
    assert found["programme"] == [{"title": "Opening", "starts_at": None, "ends_at": None}]
    [person] = found["people"]
    assert (person["name"], person["role"]) == ("Gerhard Jarosch", "President")
    assert person["page_url"] == f"{HOST}/ru/people/{person['slug']}"
    assert found["page_url"] == f"{HOST}/ru/events/congress"
    assert client.get(found["assets_url"]).json() == {"assets": [], "next": None}
    assert "body" not in client.get("/api/v1/events").json()["events"][0]


def test_events_come_in_pages(client: TestClient, runtime: Runtime) -> None:
    with runtime.engine.begin() as connection:
        for slug in ("one", "two", "three"):
            events.ensure_event(connection, slug)
            events.publish(connection, slug)
    everything = [event["slug"] for event in client.get("/api/v1/events").json()["events"]]
    assert sorted(everything) == ["one", "three", "two"]
    page = client.get("/api/v1/events?limit=1&offset=1").json()["events"]
    assert [event["slug"] for event in page] == everything[1:2]
    for wrong in ("limit=101", "limit=-1", "offset=x", "limit=²"):
        answer = client.get(f"/api/v1/events?{wrong}")
        assert answer.status_code == 400
        assert set(answer.json()["fields"]) == {wrong.partition("=")[0]}
