"""What the head of a WAV file says of its length, and when that is believed."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.video.probe import AudioStream, Probe
from workers.video.wav import stated_seconds, with_stated_duration

FORMAT = struct.pack("<HHIIHH", 1, 2, 48_000, 192_000, 4, 16)
SLOW = struct.pack("<HHIIHH", 1, 1, 1, 1, 1, 8)
SOUND = AudioStream(
    index=0,
    codec="pcm_s16le",
    channels=2,
    language=None,
    duration_seconds=4.0,
    is_default=False,
)
TEN_SECONDS = 1_920_000


def chunk(kind: bytes, content: bytes, *, size_bytes: int | None = None) -> bytes:
    size = len(content) if size_bytes is None else size_bytes
    return struct.pack("<4sI", kind, size) + content + b"\0" * (len(content) % 2)


def wav(*chunks: bytes, form: bytes = b"RIFF") -> bytes:
    return form + struct.pack("<I", 0) + b"WAVE" + b"".join(chunks)


@pytest.mark.parametrize("before", [b"", chunk(b"bext", b"x" * 603), chunk(b"JUNK", b"")])
def test_the_length_is_that_of_its_sound_chunk(before: bytes) -> None:
    head = wav(before, chunk(b"fmt ", FORMAT), chunk(b"data", b"..", size_bytes=TEN_SECONDS))
    assert stated_seconds(head) == 10


def test_more_than_four_gigabytes_are_stated_elsewhere() -> None:
    sizes = struct.pack("<QQQI", 0, 192_000 * 100_000, 0, 0)
    data = chunk(b"data", b"", size_bytes=0xFFFFFFFF)
    head = wav(chunk(b"ds64", sizes), chunk(b"fmt ", FORMAT), data, form=b"RF64")
    assert stated_seconds(head) == 100_000


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"ID3",
        wav(),
        wav(chunk(b"fmt ", FORMAT)),
        wav(chunk(b"data", b"", size_bytes=100)),
        wav(chunk(b"fmt ", FORMAT), chunk(b"data", b"", size_bytes=0xFFFFFFFF)),
        wav(chunk(b"fmt ", FORMAT), chunk(b"data", b"", size_bytes=0xFFFFFFFF - 36)),
        wav(chunk(b"fmt ", FORMAT), chunk(b"data", b"", size_bytes=0x7FFFF000)),  # sox, to a pipe
        wav(chunk(b"fmt ", FORMAT), chunk(b"data", b"", size_bytes=0x80000000)),
        wav(chunk(b"fmt ", SLOW), chunk(b"data", b"", size_bytes=0x70000000)),  # 60 years
        wav(chunk(b"fmt ", FORMAT), chunk(b"data", b"", size_bytes=0)),
        wav(chunk(b"fmt ", FORMAT[:6]), chunk(b"data", b"", size_bytes=100)),
        wav(chunk(b"fmt ", bytes(16)), chunk(b"data", b"", size_bytes=100)),
    ],
)
def test_what_says_nothing_is_not_known(head: bytes) -> None:
    assert stated_seconds(head) is None


def recording(*, codec: str = "pcm_s16le", duration_seconds: float | None = 4.0) -> Probe:
    return Probe(
        container="wav",
        duration_seconds=duration_seconds,
        captured_at=None,
        video_streams=(),
        audio_streams=(replace(SOUND, codec=codec),),
        is_duration_estimated=True,
    )


@pytest.mark.parametrize("there_seconds", [4.0, None])
def test_what_was_cut_off_lasts_as_long_as_it_says(there_seconds: float | None) -> None:
    head = wav(chunk(b"fmt ", FORMAT), chunk(b"data", b"", size_bytes=TEN_SECONDS))
    found = with_stated_duration(recording(duration_seconds=there_seconds), head)
    assert found.stated_duration_seconds == 10
    assert [stream.duration_seconds for stream in found.audio_streams] == [10]


@pytest.mark.parametrize(
    ("found", "size_bytes"),
    [
        (recording(), TEN_SECONDS // 5),  # more is there than it says
        (recording(), 0xFFFFFFFF),
        (recording(codec="mp3"), TEN_SECONDS),
    ],
)
def test_what_is_not_believed_changes_nothing(found: Probe, size_bytes: int) -> None:
    head = wav(chunk(b"fmt ", FORMAT), chunk(b"data", b"", size_bytes=size_bytes))
    assert with_stated_duration(found, head) == found


@given(st.binary(max_size=200))
def test_any_head_is_read(data: bytes) -> None:
    stated_seconds(wav(data))
    stated_seconds(data)
