"""What programs are told of the media of an asset: downloads, sound, loudness, facts, lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from portal.app import create_app
from portal.assets import repository, service
from portal.assets.described import ASSET_SCHEMA
from portal.assets.made_files import media_type_of
from portal.assets.models import Outcome, PhotoMetadata, Rendition, RenditionKind, Step
from portal.events import service as events
from portal.people import service as people
from portal.recordings import service as recordings
from portal.runtime import Runtime
from portal.storage import keys
from tests.delivered import SLUG, Delivered, publish, put_bytes, put_in
from tests.stored_files import asset_of

HOST = "https://localhost"
DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
PROPERTIES = cast("dict[str, Any]", ASSET_SCHEMA["properties"])
FACTS = {
    "container": "mov",
    "timecode": "10:00:00:00",
    "location": "+53.9/+27.5",
    "video": {"codec": "hevc", "width": 1920, "height": 1080, "serial_number": "12345"},
    "audio": [{"codec": "aac", "language": "ru", "device": "AB-1"}],
    "chapters": [{"start_seconds": 0.0, "end_seconds": 5.0, "title": "Opening"}],
}


@pytest.fixture
def delivered(runtime: Runtime, tmp_path: Path) -> Delivered:
    delivered = put_in(runtime, tmp_path)
    with runtime.engine.begin() as connection:
        events.publish(connection, SLUG)
    return delivered


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime), base_url=HOST, follow_redirects=False) as client:
        yield client


def told(client: TestClient, asset_id: str, *, token: str = "") -> Mapping[str, Any]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = client.get(f"/api/v1/assets/{asset_id}", headers=headers)
    assert answer.status_code == 200
    return cast("Mapping[str, Any]", answer.json())


def add_file(runtime: Runtime, scratch: Path, asset_id: str, name: str, **columns: Any) -> None:
    """A rendition that is a single file, beside what there is or in place of one of its name."""
    shown = asset_of(runtime, asset_id).renditions
    step = next((r.step for r in shown if r.name == name), Step.INDEX)
    key = f"{keys.attempt_prefix(asset_id, Step.INDEX, 1)}{name}"
    put_bytes(runtime, scratch, key, name.encode())
    file = Rendition(
        name=name,
        step=step,
        attempt=1,
        kind=RenditionKind.FILE,
        key=key,
        media_type=media_type_of(name),
        size_bytes=len(name),
        sha256="d" * 64,
    )
    others = [r for r in shown if r.step is step and r.name != name]
    with runtime.engine.begin() as connection:
        repository.replace_renditions(
            connection, asset_id, step, [*others, replace(file, **columns)]
        )


def test_files_to_take_away(
    client: TestClient, runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    asset_id = delivered.recording_id
    add_file(runtime, tmp_path, asset_id, "sound.m4a")
    add_file(runtime, tmp_path, asset_id, "video.mp4", width=1280, height=720)
    add_file(runtime, tmp_path, asset_id, "storyboard.vtt")
    add_file(runtime, tmp_path, asset_id, "waveform.json")
    found = told(client, asset_id)
    assert [(file["name"], file["kind"]) for file in found["downloads"]] == [
        ("video.mp4", "video"),
        ("sound.m4a", "audio"),
    ]
    first = found["downloads"][0]
    assert set(first) == set(PROPERTIES["downloads"]["items"]["properties"])
    assert first["url"] == f"{HOST}/media/{asset_id}/video.mp4?download=1"
    for file in found["downloads"]:
        answer = client.get(file["url"])
        assert answer.content == file["name"].encode()
        assert answer.headers["content-disposition"].startswith("attachment")
    assert (first["size_bytes"], first["media_type"]) == (len("video.mp4"), "video/mp4")
    assert found["storyboard_url"] == f"{HOST}/media/{asset_id}/storyboard.vtt"
    assert found["waveform_url"] == f"{HOST}/media/{asset_id}/waveform.json"


def test_a_photo_is_taken_away_in_its_sizes(
    client: TestClient, runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    columns = {"kind": RenditionKind.IMAGE, "width": 320, "height": 213}
    add_file(runtime, tmp_path, delivered.photo_id, "photo-320.jpg", **columns)
    add_file(runtime, tmp_path, delivered.photo_id, "photo-320.webp", **columns)
    [file] = told(client, delivered.photo_id)["downloads"]
    assert (file["kind"], file["width"], file["media_type"]) == ("photo", 320, "image/jpeg")
    assert client.get(file["url"]).status_code == 200


def test_sound_tracks_are_told_in_the_order_of_the_file(
    client: TestClient, runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    asset_id = delivered.recording_id
    for number, label in ((10, "Interpretation"), (2, None), (1, "Floor")):
        add_file(
            runtime,
            tmp_path,
            asset_id,
            f"sound-{number}",
            kind=RenditionKind.AUDIO,
            language="ru",
            label=label,
            codecs="mp4a.40.2",
        )
    tracks = told(client, asset_id)["sound_tracks"]
    assert [track["name"] for track in tracks][-3:] == ["sound-1", "sound-2", "sound-10"]
    assert [track["label"] for track in tracks][-3:] == ["Floor", None, "Interpretation"]
    assert set(tracks[0]) == set(PROPERTIES["sound_tracks"]["items"]["properties"])


def test_loudness_is_told_once_it_is_known(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    assert told(client, delivered.recording_id)["loudness"] is None
    with runtime.engine.begin() as connection:
        recordings.record_loudness(
            connection,
            delivered.recording_id,
            loudness_lufs=-23.1,
            loudness_range_lu=7.2,
            true_peak_dbtp=-1.3,
        )
    loudness = told(client, delivered.recording_id)["loudness"]
    assert loudness == {"integrated_lufs": -23.1, "range_lu": 7.2, "true_peak_dbtp": -1.3}
    assert set(loudness) == set(PROPERTIES["loudness"]["properties"])


def test_facts_never_tell_where_and_with_which_device(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    assert told(client, delivered.recording_id)["facts"] is None
    with runtime.engine.begin() as connection:
        recordings.record_facts(connection, delivered.recording_id, FACTS)
    for token in ("", delivered.token):
        facts = told(client, delivered.recording_id, token=token)["facts"]
        assert facts["container"] == "mov"
        assert facts["video"] == {"codec": "hevc", "width": 1920, "height": 1080}
        assert facts["audio"] == [{"codec": "aac", "language": "ru"}]
        assert facts["chapters"] == FACTS["chapters"]
        assert not re.search("53.9|12345|AB-1", str(facts))


def test_a_partial_recording_states_how_long_it_plays(
    client: TestClient, runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    asset_id = delivered.recording_id
    with runtime.engine.begin() as connection:
        repository.update_columns(connection, asset_id, duration_seconds=30.0)
        service.retry_step(connection, asset_id, Step.TRANSCODE)
    publish(runtime, tmp_path, asset_id, Step.TRANSCODE, ["360p"], outcome=Outcome.PARTIAL)
    found = told(client, asset_id)
    assert (found["duration_seconds"], found["declared_seconds"]) == (5.25, 30.0)


def test_a_whole_recording_declares_nothing_else(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    with runtime.engine.begin() as connection:
        repository.update_columns(connection, delivered.recording_id, duration_seconds=5.3)
    found = told(client, delivered.recording_id)
    assert (found["duration_seconds"], found["declared_seconds"]) == (5.25, None)


def test_notes_and_names_of_files_are_for_editors(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    asset_id = delivered.photo_id
    with runtime.engine.begin() as connection:
        attempt = service.begin_attempt(connection, asset_id, Step.VERIFY)
        assert attempt
        service.finish_attempt(connection, attempt, outcome=Outcome.DONE, notes=["Odd dates."])
        metadata = PhotoMetadata(captions={"ru": "Марка"}, original_filename="DSC_0001.NEF")
        service.record_photo(
            connection, asset_id, metadata, width=320, height=213, captured_at=None
        )
    public, editors = told(client, asset_id), told(client, asset_id, token=delivered.token)
    assert [found["steps"][0]["notes"] for found in (public, editors)] == [[], ["Odd dates."]]
    assert [found["filename"] for found in (public, editors)] == [None, "photo.jpg"]
    names = [found["photo"]["original_filename"] for found in (public, editors)]
    assert names == [None, "DSC_0001.NEF"]
    assert public["photo"]["captions"] == {"ru": "Марка"}
    assert set(public["photo"]) == set(PROPERTIES["photo"]["properties"])


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_editors_say_comes_before_what_a_photo_says(
    client: TestClient, runtime: Runtime, delivered: Delivered, language: str
) -> None:
    photo = PhotoMetadata(
        caption="DSC",
        captions={"be": "Марка"},
        creator="A. Photographer",
        credit="Agency",
        people_shown=("Ярош", "Somebody Else"),
    )
    said = {"en": "The stamp", "ru": "Марка"}
    with runtime.engine.begin() as connection:
        person = people.ensure_person(connection, "Gerhard Jarosch", variants=["Ярош"])
        repository.update_columns(connection, delivered.photo_id, caption=said)
        repository.add_people(connection, delivered.photo_id, [person.id])
        repository.replace_photo(connection, delivered.photo_id, photo)
    found = client.get(f"/api/v1/assets/{delivered.photo_id}?lang={language}").json()
    assert (found["caption"], found["captions"]) == (said[language], said)
    assert found["credit"] == "A. Photographer / Agency"
    page_url = f"{HOST}/{language}/people/{person.slug}"
    assert found["people"] == [
        {"name": "Gerhard Jarosch", "slug": person.slug, "page_url": page_url},
        {"name": "Somebody Else", "slug": None, "page_url": None},
    ]
    assert set(found["people"][0]) == set(PROPERTIES["people"]["items"]["properties"])
    assert found["photo"]["caption"] == "DSC"


def test_a_photo_speaks_for_itself_where_editors_say_nothing(
    client: TestClient, delivered: Delivered
) -> None:
    found = told(client, delivered.photo_id)
    assert (found["caption"], found["captions"]) == ("The stamp", {})
    assert (found["credit"], found["people"]) == ("A. Photographer", [])


def test_what_failed_is_for_editors(
    client: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    asset_id = delivered.photo_id
    detail = "photo.jpg is no picture."
    with runtime.engine.begin() as connection:
        service.retry_step(connection, asset_id, Step.PHOTO)
        attempt = service.begin_attempt(connection, asset_id, Step.PHOTO)
        assert attempt
        service.finish_attempt(connection, attempt, outcome=Outcome.FAILED, detail=detail)
    public, editors = told(client, asset_id), told(client, asset_id, token=delivered.token)
    assert [found["state"] for found in (public, editors)] == ["failed", "failed"]
    assert detail in str(editors)
    assert detail not in str(public)
    page = client.get(f"/en/assets/{asset_id}").text
    assert "This file could not be processed." in page
    assert detail not in page
    headers = {"authorization": f"Bearer {delivered.token}"}
    path = f"/api/v1/events/{SLUG}/assets"
    listed = [client.get(path, headers=h).json()["assets"] for h in ({}, headers)]
    assert [asset_id in {found["id"] for found in some} for some in listed] == [False, True]
    lines = [client.get(f"/en/events/{SLUG}", headers=h).text for h in ({}, headers)]
    assert [f"/en/assets/{asset_id}" in line for line in lines] == [False, True]


def test_the_document_names_every_field() -> None:
    _, _, rest = DOCUMENT.read_text(encoding="utf-8").partition("\n## An asset\n")
    section, _, _ = rest.partition("\n## ")
    named = set(re.findall(r"`(\w+)`", section))
    assert set(PROPERTIES) - named == set()
