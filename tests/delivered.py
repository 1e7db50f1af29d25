"""A recording and a photo as processing leaves them, with small bytes of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from portal.accounts import service as accounts
from portal.assets import repository, service
from portal.assets.made_files import media_type_of
from portal.assets.models import (
    Kind,
    Original,
    Outcome,
    PhotoMetadata,
    Rendition,
    RenditionKind,
    Step,
)
from portal.events import service as events
from portal.ids import new_id
from portal.runtime import Runtime
from portal.storage import keys
from portal.transcripts import service as transcripts
from portal.transcripts.models import Cue, TranscriptStatus
from portal.visibility import INSTALLATION, Role

SLUG = "press-scrum"
HLS_TYPE = "application/vnd.apple.mpegurl"
LARGE_BYTES = bytes(range(256)) * 10_000
"""Larger than one chunk."""
INIT_BYTES = b"init"
LAST_BYTES = b"last segment"
IMAGE_BYTES = b"\xff\xd8\xff a picture"
FILE_BYTES = b"[0, 1, 0]"
ORIGINAL_NAME = "Ярош 1.html"


@dataclass(frozen=True)
class Delivered:
    """Ids of what was put in; `token` is an editor's."""

    event_id: str
    recording_id: str
    photo_id: str
    token: str


def put_in(runtime: Runtime, scratch: Path) -> Delivered:
    """In the draft event `SLUG`."""
    with runtime.engine.begin() as connection:
        event_id = events.ensure_event(connection, SLUG).id
        account = accounts.create_account(
            connection, "olga@example.org", name="Olga", role=Role.EDITOR, password="correct horse"
        )
        _, token = accounts.create_token(connection, account, label="tests")
    recording_id = _add(
        runtime, scratch, event_id, Kind.VIDEO, filename=ORIGINAL_NAME, content=LARGE_BYTES
    )
    photo_id = _add(
        runtime, scratch, event_id, Kind.PHOTO, filename="photo.jpg", content=IMAGE_BYTES
    )
    publish(runtime, scratch, recording_id, Step.POSTER, ["poster.jpg"])
    publish(runtime, scratch, recording_id, Step.TRANSCODE, ["360p", "720p"])
    publish(runtime, scratch, recording_id, Step.SOUND, ["sound-1"])
    publish(runtime, scratch, recording_id, Step.DOWNLOAD, ["waveform.json", "video.mp4"])
    publish(runtime, scratch, photo_id, Step.PHOTO, ["photo-320.jpg"])
    with runtime.engine.begin() as connection:
        service.record_photo(
            connection,
            photo_id,
            PhotoMetadata(caption="The stamp", creator="A. Photographer", keywords=("stamp",)),
            width=320,
            height=213,
            captured_at=None,
        )
    _add_captions(runtime, scratch, event_id, recording_id)
    return Delivered(event_id, recording_id, photo_id, token)


def publish(
    runtime: Runtime,
    scratch: Path,
    asset_id: str,
    step: Step,
    names: list[str],
    *,
    outcome: Outcome | None = Outcome.DONE,
) -> int:
    """An attempt at `step` that stores and shows `names`; its number. No outcome: still at it."""
    with runtime.engine.begin() as connection:
        attempt = service.begin_attempt(connection, asset_id, step)
    assert attempt is not None
    made = [_make(runtime, scratch, attempt, name) for name in names]
    with runtime.engine.begin() as connection:
        service.publish_renditions(connection, attempt, made)
        if outcome:
            service.finish_attempt(connection, attempt, outcome=outcome)
    return attempt.number


def put_bytes(runtime: Runtime, scratch: Path, key: str, content: bytes) -> None:
    source = scratch / new_id()
    source.write_bytes(content)
    runtime.store.put_file(key, source, media_type="application/octet-stream")


def _add(
    runtime: Runtime, scratch: Path, event_id: str, kind: Kind, *, filename: str, content: bytes
) -> str:
    asset_id = new_id()
    key = keys.original(asset_id)
    put_bytes(runtime, scratch, key, content)
    with runtime.engine.begin() as connection:
        service.add_asset(
            connection,
            asset_id=asset_id,
            event_id=event_id,
            kind=kind,
            filename=filename,
            original=Original(key, len(content), "text/html", None, None),
            title={"en": "Scrum", "ru": "Подход к прессе"},
            caption={},
            language="en",
            programme_item_id=None,
            person_ids=[],
        )
        repository.mark_verified(connection, asset_id, sha256=asset_id.ljust(64, "0"))
    return asset_id


def _add_captions(runtime: Runtime, scratch: Path, event_id: str, recording_id: str) -> None:
    stem = ORIGINAL_NAME.removesuffix(".html")
    source_id = _add(
        runtime, scratch, event_id, Kind.CAPTIONS, filename=f"{stem}.ru.vtt", content=b"WEBVTT"
    )
    with runtime.engine.begin() as connection:
        transcripts.save_transcript(
            connection,
            source_id,
            language="ru",
            status=TranscriptStatus.SUPPLIED,
            cues=[Cue(1.0, 2.5, "Марка <погашена>", "Ярош")],
        )
        shown = transcripts.transcripts_of(connection, recording_id, viewer=INSTALLATION)
    assert [transcript.language for transcript in shown] == ["ru"]


def _make(runtime: Runtime, scratch: Path, attempt: service.Attempt, name: str) -> Rendition:
    asset_id, step, number = attempt.asset.id, attempt.step, attempt.number
    if "." in name:
        key = keys.result(asset_id, step, number, name)
        is_image = name.endswith(".jpg")
        content = IMAGE_BYTES if is_image else FILE_BYTES
        put_bytes(runtime, scratch, key, content)
        return Rendition(
            name=name,
            step=step,
            attempt=number,
            kind=RenditionKind.IMAGE if is_image else RenditionKind.FILE,
            key=key,
            media_type=media_type_of(name),
            size_bytes=len(content),
            sha256="a" * 64,
        )
    files = {"init.mp4": INIT_BYTES, "00001.m4s": LARGE_BYTES, "00002.m4s": LAST_BYTES}
    for filename, content in files.items():
        key = keys.result(asset_id, step, number, f"{name}/{filename}")
        put_bytes(runtime, scratch, key, content)
    return _hls(name, step, number, prefix=keys.attempt_prefix(asset_id, step, number))


def _hls(name: str, step: Step, attempt: int, *, prefix: str) -> Rendition:
    kinds = {"preview": RenditionKind.PREVIEW, "sound-1": RenditionKind.AUDIO}
    is_sound = name == "sound-1"
    return Rendition(
        name=name,
        step=step,
        attempt=attempt,
        kind=kinds.get(name, RenditionKind.VIDEO),
        key=f"{prefix}{name}/",
        media_type=HLS_TYPE,
        size_bytes=len(INIT_BYTES + LARGE_BYTES + LAST_BYTES),
        sha256="b" * 64,
        width=None if is_sound else 640,
        height=None if is_sound else 360,
        frame_rate=None if is_sound else 25.0,
        bandwidth_bps=128_000 if is_sound else 800_000,
        average_bandwidth_bps=128_000 if is_sound else 500_000,
        codecs="mp4a.40.2" if is_sound else "avc1.64001e",
        segment_files=("00001.m4s", "00002.m4s"),
        segment_seconds=(4.0, 1.25),
        keyframe_bytes=None if is_sound else (1000, len(LAST_BYTES)),
    )
