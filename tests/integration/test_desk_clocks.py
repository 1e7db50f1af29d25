"""The desk's page of cameras: what a correction would change is shown before it is made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from portal.app import create_app
from portal.assets.models import PhotoMetadata
from portal.events import service as events
from portal.events.models import EventDescription
from portal.photos import service as photos
from portal.photos.models import PhotoClock, SeenCamera
from portal.runtime import Runtime
from tests.delivered import SLUG, Delivered, put_in
from tests.stored_files import asset_of

HOST = "https://localhost"
PAGE = f"/desk/events/{SLUG}/cameras"
SHOWN = datetime(2019, 6, 4, 9, 2, 3)  # noqa: DTZ001  (a camera's clock has no zone)


@pytest.fixture
def delivered(runtime: Runtime, tmp_path: Path) -> Delivered:
    """A photo by a camera whose clock said 09:02:03, at an event in Minsk."""
    delivered = put_in(runtime, tmp_path)
    photo = asset_of(runtime, delivered.photo_id)
    with runtime.engine.begin() as connection:
        events.save_event(
            connection,
            EventDescription(slug=SLUG, title={"en": "Scrum"}, time_zone="Europe/Minsk"),
        )
        photos.record_photo(
            connection,
            photo,
            PhotoMetadata(),
            width=320,
            height=213,
            clock=PhotoClock(SHOWN),
            camera=SeenCamera("a-fingerprint", "Canon <EOS> 40D"),
        )
    return delivered


@pytest.fixture
def editor(runtime: Runtime, delivered: Delivered) -> Iterator[TestClient]:
    app = create_app(runtime)
    with TestClient(app, base_url=HOST, headers={"origin": HOST}, follow_redirects=False) as client:
        token = form_token(client.get("/login").text)
        data = {"email": "olga@example.org", "password": "correct horse", "csrf_token": token}
        assert client.post("/login", data=data).status_code == 303
        yield client


def form_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', page)
    assert found
    return found[1]


def taken_at(runtime: Runtime, delivered: Delivered) -> datetime | None:
    return asset_of(runtime, delivered.photo_id).captured_at


def test_cameras_are_listed_with_their_photos(editor: TestClient) -> None:
    page = editor.get(PAGE).text
    assert "Canon &lt;EOS&gt; 40D" in page
    assert "1 photo" in page
    assert "4 June 2019, 09:02:03 (UTC+3)" in page
    assert "a-fingerprint" not in page
    assert f'href="{PAGE}"' in editor.get(f"/desk/events/{SLUG}").text


@dataclass(frozen=True)
class Correction:
    """What is asked for, and when the photo was taken then; `{id}` is the photo's."""

    query: str
    seconds: int
    after: str


@pytest.mark.parametrize(
    "asked",
    [
        Correction("shift=%2B01:00:00", 3600, "10:02:03"),
        Correction("shift=-0:02", -120, "09:00:03"),
        Correction("shift=\N{MINUS SIGN}0:02", -120, "09:00:03"),
        Correction("photo={id}&shows=2019-06-04T10:00:00", 3477, "10:00:00"),
        Correction("photo={id}&shows=2019-06-04T07:00:00%2B00:00", 3477, "10:00:00"),
    ],
)
def test_a_correction_is_looked_at_and_then_made(
    editor: TestClient, runtime: Runtime, delivered: Delivered, asked: Correction
) -> None:
    before = taken_at(runtime, delivered)
    answer = editor.get(f"{PAGE}?camera=1&{asked.query.format(id=delivered.photo_id)}")
    assert answer.status_code == 200
    assert f"4 June 2019, {asked.after} (UTC+3)" in answer.text
    assert f'name="seconds" value="{asked.seconds}"' in answer.text
    assert taken_at(runtime, delivered) == before, "only looked at"

    data = {"camera": "1", "seconds": str(asked.seconds), "csrf_token": form_token(answer.text)}
    saved = editor.post(PAGE, data=data)
    assert saved.status_code == 303
    assert saved.headers["location"] == f"{PAGE}#camera-1"
    hour, minute, second = map(int, asked.after.split(":"))
    assert taken_at(runtime, delivered) == datetime(
        2019, 6, 4, hour - 3, minute, second, tzinfo=UTC
    )
    assert f"4 June 2019, {asked.after} (UTC+3)" in editor.get(PAGE).text


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("shift=an+hour", "Write a correction as hours"),
        ("shift=999999:00:00", "sixty years at most"),
        ("photo=&shows=2019-06-04T10:00", "Choose the photo"),
        ("photo={id}&shows=noon", "Give the day and time"),
        ("photo={id}&shows=0001-01-01T00:00", "sixty years at most"),
    ],
)
def test_what_is_no_correction_is_refused_beside_its_camera(
    editor: TestClient, delivered: Delivered, query: str, sentence: str
) -> None:
    answer = editor.get(f"{PAGE}?camera=1&{query.format(id=delivered.photo_id)}")
    assert answer.status_code == 400
    assert sentence in answer.text
    assert 'id="fault-1"' in answer.text
    assert 'name="seconds"' not in answer.text


def test_a_camera_that_is_not_there_changes_nothing(
    editor: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    before = taken_at(runtime, delivered)
    for camera in ("2", "x", "-1", "99999999999999999999"):
        assert 'name="seconds"' not in editor.get(f"{PAGE}?camera={camera}&shift=0:01").text
        data = {"camera": camera, "seconds": "60", "csrf_token": form_token(editor.get(PAGE).text)}
        assert editor.post(PAGE, data=data).status_code in {400, 404}
    assert taken_at(runtime, delivered) == before


def test_it_takes_an_editor_and_a_token(
    editor: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    data = {"camera": "1", "seconds": "60"}
    assert editor.post(PAGE, data=data).status_code == 403
    editor.cookies.clear()
    assert editor.get(PAGE, headers={"accept": "text/html"}).status_code in {303, 401}
