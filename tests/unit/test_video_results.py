"""What is read back from ffmpeg: playlists, progress, codecs, damage, bandwidth."""

from __future__ import annotations

import hashlib
import struct
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.assets.made_files import segment_name
from portal.errors import ToolFailed
from workers.hls.codecs import codecs_of
from workers.video.damage import clock, damage_sentence
from workers.video.playlist import segment_seconds
from workers.video.probe import AudioStream, Probe
from workers.video.progress import line_reporter, progress_fraction
from workers.video.renditions import listing_sha256, peak_bandwidth_bps

PLAYLIST = (
    '#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n'
    "#EXTINF:4.000000,\n00001.m4s\n#EXTINF:0.5,\n00002.m4s\n#EXT-X-ENDLIST"
)


def test_segment_durations_in_order() -> None:
    assert segment_seconds(PLAYLIST) == (4.0, 0.5)
    assert segment_seconds("#EXTM3U\n#EXT-X-ENDLIST\n") == ()


def test_segments_that_are_not_numbered_from_one_are_an_error() -> None:
    with pytest.raises(ToolFailed):
        segment_seconds("#EXTINF:4.0,\n00002.m4s\n#EXT-X-ENDLIST\n")


@given(st.lists(st.floats(min_value=0.001, max_value=100), max_size=30))
def test_playlists_of_any_length_are_read(durations: list[float]) -> None:
    lines = [f"#EXTINF:{s:.6f},\n{segment_name(i + 1)}\n" for i, s in enumerate(durations)]
    text = "".join(["#EXTM3U\n", *lines, "#EXT-X-ENDLIST\n"])
    assert segment_seconds(text) == pytest.approx(durations, abs=1e-6)


@given(st.integers(min_value=0, max_value=len(PLAYLIST) - 1))
def test_a_playlist_that_is_cut_off_is_an_error(length: int) -> None:
    assert segment_seconds(PLAYLIST) == (4.0, 0.5)
    with pytest.raises(ToolFailed):
        segment_seconds(PLAYLIST[:length])


@pytest.mark.parametrize(
    ("line", "fraction"),
    [
        ("out_time_us=15000000", 0.5),
        ("out_time_us=99000000", 1.0),
        ("out_time_us=-21333", 0.0),
        ("out_time_us=N/A", None),
        ("out_time_ms=15000000", None),
        ("progress=end", None),
        ("", None),
    ],
)
def test_progress_lines(line: str, fraction: float | None) -> None:
    assert progress_fraction(line, duration_seconds=30) == fraction


def test_progress_is_silent_without_a_duration() -> None:
    seen: list[float] = []
    line_reporter(seen.append, duration_seconds=None)("out_time_us=1")
    line_reporter(seen.append, duration_seconds=2.0)("out_time_us=1000000")
    assert seen == [0.5]


def box(kind: bytes, *contents: bytes) -> bytes:
    body = b"".join(contents)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def init(*entries: bytes) -> bytes:
    tracks = [
        box(b"trak", box(b"tkhd", b"x" * 20), box(b"mdia", box(b"minf", box(b"stbl",
            box(b"stsd", b"\0" * 8, entry)))))
        for entry in entries
    ]  # fmt: skip
    return box(b"ftyp", b"iso5") + box(b"moov", box(b"mvhd", b"x" * 100), *tracks)


AVC1 = box(b"avc1", b"\0" * 78, box(b"avcC", b"\x01\x64\x00\x1f\xff"), box(b"pasp", b"\0" * 8))
MP4A = box(b"mp4a", b"\0" * 28, box(b"esds", b"\0" * 30))


def test_codecs_of_picture_and_sound() -> None:
    assert codecs_of(init(AVC1)) == "avc1.64001f"
    assert codecs_of(init(AVC1, MP4A)) == "avc1.64001f,mp4a.40.2"


@given(st.integers(min_value=0, max_value=400), st.binary(max_size=8))
def test_a_damaged_initialisation_segment_is_an_error_or_still_read(at: int, junk: bytes) -> None:
    data = init(AVC1, MP4A)
    damaged = data[:at] + junk + data[at + len(junk) :]
    with suppress(ToolFailed):
        assert codecs_of(damaged[: len(data) - len(junk)])


def probe(duration: float | None, *, sound: float | None = None) -> Probe:
    audio = AudioStream(
        index=0, codec="aac", channels=2, language=None, duration_seconds=sound, is_default=True
    )
    return Probe(
        container="mov",
        duration_seconds=duration,
        captured_at=None,
        video_streams=(),
        audio_streams=(audio,),
    )


@pytest.mark.parametrize(
    ("duration", "made", "sentence"),
    [
        (30.2, 12.4, "ends after 00:12 of 00:30"),
        (30.2, 29.3, None),
        (3600.0, 3530.0, None),
        (7200.0, 3600.0, "ends after 1:00:00 of 2:00:00"),
        (30.0, None, "ends after 00:00 of 00:30"),
        (None, 12.0, None),
    ],
)
def test_what_ends_early_is_said(
    duration: float | None, made: float | None, sentence: str | None
) -> None:
    assert damage_sentence(probe(duration), video_seconds=None, audio_seconds=made) == sentence


def test_a_guess_is_no_reason_to_call_a_recording_damaged() -> None:
    guessed = replace(probe(104.1, sound=104.1), is_duration_estimated=True)
    assert damage_sentence(guessed, video_seconds=None, audio_seconds=70.0) is None


def test_a_track_that_ends_early_is_said() -> None:
    found = probe(30.0, sound=30.0)
    assert (
        damage_sentence(found, video_seconds=30.0, audio_seconds=10.0)
        == "its sound ends after 00:10 of 00:30"
    )
    shorter = probe(30.0, sound=10.0)
    assert damage_sentence(shorter, video_seconds=30.0, audio_seconds=10.0) is None


@given(st.floats(min_value=0, max_value=10**6))
def test_clocks_are_never_rounded_up(seconds: float) -> None:
    parts = [int(part) for part in clock(seconds).split(":")]
    total = sum(part * 60**power for power, part in enumerate(reversed(parts)))
    assert total == int(seconds)


def test_the_peak_leaves_out_a_short_last_segment() -> None:
    assert peak_bandwidth_bps([1000, 2000, 900], [4.0, 4.0, 0.1]) == 4000
    assert peak_bandwidth_bps([1000], [0.1]) == 80_000
    assert peak_bandwidth_bps([1000, 500], [4.0, 0.5]) == round(8 * 1500 / 4.5)


def test_the_listing_is_by_name_whatever_the_order() -> None:
    expected = hashlib.sha256(b"00001.m4s aa\ninit.mp4 bb\n").hexdigest()
    assert listing_sha256({"init.mp4": "bb", "00001.m4s": "aa"}) == expected
