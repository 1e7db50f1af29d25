"""The desk's page of one asset: steps with their notes, retries, the poster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from portal.app import create_app
from portal.assets import repository, service
from portal.assets.models import Outcome, Rendition, RenditionKind, Step
from portal.ids import new_id
from portal.jobs import Task
from portal.recordings import service as recordings
from portal.runtime import Runtime
from portal.storage import keys
from tests.delivered import ORIGINAL_NAME, Delivered, publish, put_bytes, put_in
from tests.stored_files import asset_of, forget_jobs, record_of, tasks_of
from tests.transactions import wait_until_blocked

HOST = "https://localhost"
STORYBOARD = """WEBVTT

00:00:00.000 --> 00:00:02.000
storyboard-01.jpg#xywh=0,0,160,90

00:00:02.000 --> 00:00:04.000
storyboard-01.jpg#xywh=160,0,160,90

00:00:04.000 --> 00:00:05.000
https://elsewhere.example/sheet.jpg#xywh=0,0,160,90
"""


@pytest.fixture
def delivered(runtime: Runtime, tmp_path: Path) -> Delivered:
    delivered = put_in(runtime, tmp_path)
    with runtime.engine.begin() as connection:
        repository.update_columns(
            connection, delivered.recording_id, duration_seconds=5.25, width=640, height=360
        )
    return delivered


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    app = create_app(runtime)
    with TestClient(app, base_url=HOST, headers={"origin": HOST}, follow_redirects=False) as client:
        yield client


@pytest.fixture
def editor(client: TestClient, delivered: Delivered) -> TestClient:
    token = form_token(client.get("/login").text)
    data = {"email": "olga@example.org", "password": "correct horse", "csrf_token": token}
    assert client.post("/login", data=data).status_code == 303
    return client


def form_token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', page)
    assert found
    return found[1]


def path_of(asset_id: str, action: str = "") -> str:
    return f"/desk/assets/{asset_id}" + (f"/{action}" if action else "")


def send(editor: TestClient, asset_id: str, action: str, **fields: str) -> tuple[int, str]:
    token = form_token(editor.get(path_of(asset_id)).text)
    answer = editor.post(path_of(asset_id, action), data={**fields, "csrf_token": token})
    return answer.status_code, answer.text


def add_storyboard(runtime: Runtime, scratch: Path, asset_id: str, text: str) -> None:
    key = f"{keys.attempt_prefix(asset_id, Step.POSTER, 1)}storyboard.vtt"
    put_bytes(runtime, scratch, key, text.encode())
    sheet = Rendition(
        name="storyboard-01.jpg",
        step=Step.POSTER,
        attempt=1,
        kind=RenditionKind.FILE,
        key=f"{key}.jpg",
        media_type="image/jpeg",
        size_bytes=1,
        sha256="c" * 64,
        width=1600,
        height=900,
    )
    told = replace(sheet, name="storyboard.vtt", key=key, width=None, height=None)
    with runtime.engine.begin() as connection:
        repository.replace_renditions(connection, asset_id, Step.POSTER, [sheet, told])


def test_nobody_but_editors_sees_the_page(client: TestClient, delivered: Delivered) -> None:
    for path in (path_of(delivered.recording_id), path_of(new_id())):
        answer = client.get(path, headers={"accept": "text/html"})
        assert answer.status_code in {303, 401}
    for action in ("retry", "poster"):
        answer = client.post(path_of(delivered.recording_id, action), data={"step": "poster"})
        assert answer.status_code in {303, 401, 403}


def test_what_is_not_there_is_not_found(editor: TestClient) -> None:
    assert editor.get(path_of(new_id())).status_code == 404


def test_every_step_is_told_with_what_it_says(
    editor: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    asset_id = delivered.recording_id
    with runtime.engine.begin() as connection:
        attempt = service.begin_attempt(connection, asset_id, Step.VERIFY)
        assert attempt
        service.finish_attempt(
            connection,
            attempt,
            outcome=Outcome.PARTIAL,
            detail="A byte is odd.",
            notes=["<b>The clock</b> is a guess."],
        )
    page = editor.get(path_of(asset_id)).text
    assert "A byte is odd." in page
    assert "&lt;b&gt;The clock&lt;/b&gt; is a guess." in page
    shown = re.findall(r'<tr data-step="(\w+)"', page)
    assert shown[:2] == ["verify", "probe"]
    assert {"transcode", "poster", "index"} <= set(shown)
    assert f'href="/media/{asset_id}/original"' in page
    assert ORIGINAL_NAME in page
    retriable = re.findall(r'name="step" value="(\w+)"', page)
    ended = {record.name for record in asset_of(runtime, asset_id).steps if record.outcome}
    assert set(retriable) == ended
    assert {"verify", "transcode", "poster"} <= ended


def test_a_step_is_run_again(editor: TestClient, runtime: Runtime, delivered: Delivered) -> None:
    asset_id = delivered.photo_id
    with runtime.engine.begin() as connection:
        forget_jobs(connection)
    status, _ = send(editor, asset_id, "retry", step="photo")
    assert status == 303
    assert record_of(runtime, asset_id, Step.PHOTO).outcome is None
    with runtime.engine.connect() as connection:
        assert Task.PHOTO in tasks_of(connection, asset_id)
    assert send(editor, asset_id, "retry", step="poster")[0] == 409
    assert send(editor, asset_id, "retry", step="nonsense")[0] == 400


def test_a_form_without_its_token_changes_nothing(
    editor: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    answer = editor.post(path_of(delivered.photo_id, "retry"), data={"step": "photo"})
    assert answer.status_code == 403
    assert record_of(runtime, delivered.photo_id, Step.PHOTO).outcome is Outcome.DONE


def chosen_second(runtime: Runtime, asset_id: str) -> float | None:
    with runtime.engine.connect() as connection:
        return recordings.recording_of(connection, asset_id).poster_at_seconds


@pytest.mark.parametrize(
    ("at", "seconds"), [("3.5", 3.5), ("00:00:01.250", 1.25), ("0:02,5", 2.5), ("0", 0.0)]
)
def test_a_poster_is_chosen_by_its_time(
    editor: TestClient, runtime: Runtime, delivered: Delivered, at: str, seconds: float
) -> None:
    asset_id = delivered.recording_id
    assert send(editor, asset_id, "poster", at=at)[0] == 303
    assert chosen_second(runtime, asset_id) == seconds
    assert record_of(runtime, asset_id, Step.POSTER).outcome is None
    assert asset_of(runtime, asset_id).rendition("poster.jpg"), "until the new one is there"
    assert send(editor, asset_id, "poster", at="")[0] == 303
    assert chosen_second(runtime, asset_id) is None


def test_a_poster_is_chosen_while_a_step_ends(runtime: Runtime, delivered: Delivered) -> None:
    """Both write down what is known of the recording, and neither waits for the other for ever."""
    asset_id = delivered.recording_id

    def choose() -> None:
        with runtime.engine.begin() as connection:
            recordings.choose_poster(connection, asset_id, 3.5)

    with ThreadPoolExecutor(1) as pool, runtime.engine.begin() as connection:
        service.retry_step(connection, asset_id, Step.PROBE)  # holds the asset, as all do
        chosen = pool.submit(choose)
        wait_until_blocked(runtime.engine, chosen)
        recordings.record_facts(connection, asset_id, {"container": "mp4"})
        connection.commit()
        chosen.result(timeout=60)
    assert chosen_second(runtime, asset_id) == 3.5
    with runtime.engine.connect() as connection:
        assert recordings.recording_of(connection, asset_id).facts == {"container": "mp4"}


@pytest.mark.parametrize(
    ("at", "sentence"),
    [("soon", "Write a time as seconds"), ("5.25", "not that long"), ("-1", "Write a time")],
)
def test_a_time_that_cannot_be_is_refused_beside_the_field(
    editor: TestClient, runtime: Runtime, delivered: Delivered, at: str, sentence: str
) -> None:
    status, page = send(editor, delivered.recording_id, "poster", at=at)
    assert status == 400
    assert sentence in page
    assert f'value="{at}"' in page
    assert chosen_second(runtime, delivered.recording_id) is None


def test_what_has_no_picture_has_no_poster(
    editor: TestClient, runtime: Runtime, delivered: Delivered
) -> None:
    assert send(editor, delivered.photo_id, "poster", at="0")[0] in {400, 409}
    assert 'name="at"' not in editor.get(path_of(delivered.photo_id)).text


def test_pictures_of_the_storyboard_can_be_picked(
    editor: TestClient, runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    asset_id = delivered.recording_id
    add_storyboard(runtime, tmp_path, asset_id, STORYBOARD)
    page = editor.get(path_of(asset_id)).text
    assert re.findall(r'<button class="still" type="submit" name="at" value="([\d.]+)"', page) == [
        "0",
        "2",
    ]
    assert f'<image href="/media/{asset_id}/storyboard-01.jpg" width="1600" height="900">' in page
    assert "elsewhere.example" not in page


def test_a_storyboard_that_is_away_leaves_the_rest(
    editor: TestClient, runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    asset_id = delivered.recording_id
    add_storyboard(runtime, tmp_path, asset_id, STORYBOARD)
    board = asset_of(runtime, asset_id).rendition("storyboard.vtt")
    assert board
    runtime.store.delete(board.key)
    answer = editor.get(path_of(asset_id))
    assert answer.status_code == 200
    assert 'class="still"' not in answer.text


def test_the_poster_that_is_shown_is_the_newest(
    editor: TestClient, runtime: Runtime, delivered: Delivered, tmp_path: Path
) -> None:
    asset_id = delivered.recording_id
    assert f'src="/media/{asset_id}/poster.jpg?attempt=1"' in editor.get(path_of(asset_id)).text
    send(editor, asset_id, "poster", at="1")
    number = publish(runtime, tmp_path, asset_id, Step.POSTER, ["poster.jpg"])
    assert number > 1
    assert (
        f'src="/media/{asset_id}/poster.jpg?attempt={number}"' in editor.get(path_of(asset_id)).text
    )
