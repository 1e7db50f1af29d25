"""Downloads: which renditions they are made of, the commands, the check of what was written."""

from __future__ import annotations

import io
import shlex
import struct
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.assets.models import Asset, Kind, Original, Rendition, RenditionKind, Step
from portal.errors import ToolFailed
from portal.settings import Settings
from workers.downloads.choice import picture_of, scratch_bytes
from workers.downloads.commands import Heard, sound_command, video_command
from workers.downloads.texts import FileTexts
from workers.downloads.wholeness import require_fast_start
from workers.needs import DOWNLOAD_BYTES_MIN, needs_of
from workers.video.argv import Source

PICTURE = Source(ffmpeg="ffmpeg", path=Path("/scratch/picture.mp4"), pixels_max=1000)
SOUND = replace(PICTURE, path=Path("/scratch/sound.mp4"))
ASSET = Asset(
    id="a",
    event_id="e",
    kind=Kind.VIDEO,
    filename="scrum.mp4",
    title={},
    caption={},
    language=None,
    programme_item_id=None,
    captured_at=None,
    duration_seconds=None,
    width=None,
    height=None,
    created_at=datetime.now(UTC),
    original=None,
)


def made(name: str, *, size: tuple[int, int] | None = None, size_bytes: int = 10) -> Rendition:
    return Rendition(
        name=name,
        step=Step.TRANSCODE,
        attempt=1,
        kind=RenditionKind.VIDEO if size else RenditionKind.AUDIO,
        key=f"k/{name}/",
        media_type="application/vnd.apple.mpegurl",
        size_bytes=size_bytes,
        sha256="0",
        width=size[0] if size else None,
        height=size[1] if size else None,
    )


SOUNDS = (made("sound-1", size_bytes=100), made("sound-2", size_bytes=10))


def asset(*renditions: Rendition) -> Asset:
    return replace(ASSET, renditions=renditions)


def rungs(*short_sides: int) -> Asset:
    return asset(*(made(f"{side}p", size=(side * 16 // 9, side)) for side in short_sides))


@pytest.mark.parametrize(
    ("sides", "chosen"),
    [
        ((1080, 720, 480), "720p"),
        ((2160, 1440, 1080), "1080p"),
        ((480, 360), "480p"),
        ((16,), "16p"),
        ((800, 640), "640p"),
    ],
)
def test_a_middle_rung_is_chosen(sides: tuple[int, ...], chosen: str) -> None:
    found = picture_of(rungs(*sides))
    assert found is not None
    assert found.name == chosen


def test_upright_pictures_are_measured_by_their_width() -> None:
    upright = asset(made("1080p", size=(1080, 1920)), made("720p", size=(720, 1280)))
    assert getattr(picture_of(upright), "name", None) == "720p"


def test_a_recording_may_lack_either() -> None:
    assert picture_of(asset(made("sound-1"))) is None
    assert scratch_bytes(asset()) == 0


def test_room_is_asked_for_what_is_gathered_and_made() -> None:
    both = asset(made("720p", size=(1280, 720), size_bytes=1000), *SOUNDS)
    assert scratch_bytes(both) == 2330
    whole = replace(both, original=Original("k", 1, "video/mp4", sha256=None, declared_sha256=None))
    assert needs_of(whole, Step.DOWNLOAD, Settings()).own_bytes == 2330 + DOWNLOAD_BYTES_MIN


def test_nothing_is_encoded() -> None:
    texts = FileTexts("A: title", "Event", "B")
    text = shlex.join(video_command(PICTURE, [Heard(SOUND, "rus")], texts))
    assert "-i file:/scratch/picture.mp4" in text
    assert "-i file:/scratch/sound.mp4" in text
    assert "-map 0:v:0 -map 1:a:0" in text
    assert "-c copy" in text
    assert "-movflags +faststart" in text
    assert "-metadata:g:0 'title=A: title' -metadata:g:1 album=Event" in text
    assert "-metadata:g:2 copyright=B" in text
    assert "-metadata:s:a:0 language=rus" in text
    assert "-copyts" in text


def test_every_sound_track_is_in_the_video_and_the_first_is_heard_unasked() -> None:
    heard = [
        Heard(SOUND, "rus", "Floor"),
        Heard(replace(SOUND, path=Path("/scratch/2.mp4")), "eng"),
    ]
    text = shlex.join(video_command(PICTURE, heard, FileTexts()))
    assert "-map 0:v:0 -map 1:a:0 -map 2:a:0" in text
    assert "-disposition:a:0 default -disposition:a:1 0" in text
    assert "-metadata:s:1 title=Floor" in text
    assert "-metadata:s:a:0 language=rus -metadata:s:a:1 language=eng" in text


@pytest.mark.parametrize("language", [None, "be-tarask", "ru"])
def test_languages_that_mp4_cannot_hold_are_left_out(language: str | None) -> None:
    text = shlex.join(sound_command(Heard(SOUND, language), "sound.m4a", FileTexts()))
    assert "language" not in text
    assert "-metadata" not in text
    assert "-f ipod" in text


def test_a_title_is_never_an_option() -> None:
    argv = sound_command(Heard(SOUND), "sound.m4a", FileTexts("-y /etc/passwd"))
    assert "title=-y /etc/passwd" in argv
    assert argv.count("-y") == 1


def box(kind: str, content: bytes = b"", *, is_large: bool = False) -> bytes:
    if is_large:
        return struct.pack(">I4sQ", 1, kind.encode(), 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), kind.encode()) + content


WHOLE = box("ftyp", b"isom") + box("moov", bytes(30)) + box("free") + box("mdat", bytes(99))


@pytest.mark.parametrize(
    "data", [WHOLE, box("ftyp") + box("moov") + box("mdat", bytes(50), is_large=True)]
)
def test_a_whole_file_is_accepted(data: bytes) -> None:
    require_fast_start(io.BytesIO(data), name="video.mp4")


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_that_was_cut_off_is_refused(length: int) -> None:
    with pytest.raises(ToolFailed, match=r"video\.mp4"):
        require_fast_start(io.BytesIO(WHOLE[:length]), name="video.mp4")


@pytest.mark.parametrize(
    "data",
    [
        box("ftyp") + box("mdat", bytes(9)) + box("moov", bytes(9)),  # the index comes last
        box("ftyp") + box("moov", bytes(9)),
        struct.pack(">I4s", 0, b"ftyp") + WHOLE,
    ],
)
def test_a_file_that_does_not_play_while_it_arrives_is_refused(data: bytes) -> None:
    with pytest.raises(ToolFailed):
        require_fast_start(io.BytesIO(data), name="video.mp4")


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(data: bytes) -> None:
    with pytest.raises(ToolFailed):
        require_fast_start(io.BytesIO(data), name="video.mp4")
