"""What is asked of everything that delivers media: each place, in each state of its event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from httpx2 import Client
from httpx2 import Response as Answer
from starlette.testclient import TestClient

from portal.app import create_app
from portal.delivery.urls import (
    captions_path,
    captions_playlist_path,
    captions_segment_path,
    download_path,
    hls_path,
    keyframes_path,
    original_path,
    playlist_path,
    rendition_path,
    segment_path,
    subrip_path,
)
from portal.events import service as events
from portal.runtime import Runtime
from tests.delivered import SLUG, Delivered

PLACES = (
    "master",
    "playlist",
    "init",
    "segment",
    "sound",
    "poster",
    "photo",
    "captions",
    "subrip",
    "key frames",
    "captions playlist",
    "captions segment",
    "file",
    "download",
)
STATES = ("draft", "scheduled", "public", "withdrawn")
METHODS = ("GET", "HEAD", "RANGE", "CONDITIONAL")
TEXT_PLACES = frozenset(
    {
        "master",
        "playlist",
        "captions",
        "subrip",
        "key frames",
        "captions playlist",
        "captions segment",
    }
)
OF_PAGES = frozenset(
    {
        "cross-origin-opener-policy",
        "permissions-policy",
        "referrer-policy",
        "vary",
        "x-frame-options",
    }
)
"""What the portal says of pages and nginx leaves out with media."""
OF_ONE_ANSWER = frozenset({"date", "server", "connection", "x-request-id", "x-accel-redirect"})
SAVED_AS = "attachment; filename=\"Scrum.mp4\"; filename*=UTF-8''Scrum.mp4"
"""How `download` is named: by its title, in the language that is spoken."""
NOWHERE = {"error": "not_found", "detail": "There is no such file, or it is not public (yet)."}


def address(place: str, delivered: Delivered) -> str:
    recording, photo = delivered.recording_id, delivered.photo_id
    return {
        "master": hls_path(recording),
        "playlist": playlist_path(recording, "720p"),
        "init": segment_path(recording, "transcode", 1, "720p", "init.mp4"),
        "segment": segment_path(recording, "transcode", 1, "720p", "00001.m4s"),
        "sound": segment_path(recording, "sound", 1, "sound-1", "00002.m4s"),
        "poster": rendition_path(recording, "poster.jpg"),
        "photo": rendition_path(photo, "photo-320.jpg"),
        "captions": captions_path(recording, "ru"),
        "subrip": subrip_path(recording, "ru"),
        "key frames": keyframes_path(recording, "720p"),
        "captions playlist": captions_playlist_path(recording, "ru"),
        "captions segment": captions_segment_path(recording, "ru", 1),
        "file": rendition_path(recording, "waveform.json"),
        "download": download_path(recording, "video.mp4"),
        "original": original_path(recording),
    }[place]


@contextmanager
def web_client(runtime: Runtime) -> Iterator[TestClient]:
    """Asks the portal itself, without a socket, and follows it nowhere."""
    app = create_app(runtime)
    with TestClient(app, base_url="https://localhost", follow_redirects=False) as client:
        yield client


def with_delivery(runtime: Runtime, delivery: str) -> Runtime:
    settings = runtime.settings.model_copy(update={"delivery": delivery})
    return replace(runtime, settings=settings)


def bring_to(runtime: Runtime, state: str) -> None:
    with runtime.engine.begin() as connection:
        if state == "scheduled":
            tomorrow = datetime.now(UTC) + timedelta(days=1)
            events.publish(connection, SLUG, at=tomorrow)
        elif state != "draft":
            events.publish(connection, SLUG)
        if state == "withdrawn":
            events.withdraw(connection, SLUG)


def ask(client: Client, path: str, *, method: str = "GET", token: str | None = None) -> Answer:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    if method == "RANGE":
        headers["range"] = "bytes=1-2"
    if method == "CONDITIONAL":
        headers["if-none-match"] = "*"
    return client.request("HEAD" if method == "HEAD" else "GET", path, headers=headers)


def expected_status(place: str, method: str) -> int:
    if method == "CONDITIONAL":
        return 304
    return 206 if method == "RANGE" and place not in TEXT_PLACES else 200


def said(answer: Answer) -> Mapping[str, str]:
    """Its headers, but those that nginx and the portal need not have alike.

    Accept-Ranges is among them where the answer itself shows it, as nginx' 206 does.
    """
    ignored = OF_ONE_ANSWER | OF_PAGES
    if answer.status_code == 206:
        ignored = ignored | {"accept-ranges"}
    return {name: value for name, value in answer.headers.items() if name not in ignored}
