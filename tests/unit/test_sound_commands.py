"""The sound of a recording: which tracks, by which command, and when some of it is missing."""

from __future__ import annotations

import shlex
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sound.commands import sound_command
from workers.sound.damage import sound_damage
from workers.sound.tracks import (
    LABEL_LENGTH_MAX,
    TRACKS_MAX,
    left_out_notes,
    sound_tracks,
    undecodable_notes,
)
from workers.video.argv import Source
from workers.video.formats import CODEC_WHITELIST, FORMAT_WHITELIST
from workers.video.probe import AudioStream, Probe, VideoStream

SOURCE = Source(ffmpeg="ffmpeg", path=Path("/store/-a 'b'.mp4"), pixels_max=1000)
STREAM = AudioStream(
    index=1,
    codec="aac",
    channels=2,
    language=None,
    duration_seconds=None,
    is_default=False,
)
VIDEO = VideoStream(
    index=0,
    codec="h264",
    width=1280,
    height=720,
    rotation_degrees=0,
    pixel_format="yuv420p",
    average_frame_rate=Fraction(25),
    nominal_frame_rate=Fraction(25),
    duration_seconds=30,
    is_default=True,
)


def recording(
    *streams: AudioStream,
    duration_seconds: float | None = 30,
    picture: bool = True,
    is_duration_estimated: bool = False,
) -> Probe:
    return Probe(
        container="mov",
        duration_seconds=duration_seconds,
        captured_at=None,
        video_streams=(VIDEO,) if picture else (),
        audio_streams=streams,
        is_duration_estimated=is_duration_estimated,
    )


def several(count: int, *, default: int | None = None) -> Probe:
    return recording(
        *(replace(STREAM, index=index, is_default=index == default) for index in range(count))
    )


def test_the_default_track_comes_first() -> None:
    tracks = sound_tracks(several(4, default=2))
    assert [(track.name, track.stream.index) for track in tracks] == [
        ("sound-1", 2),
        ("sound-2", 0),
        ("sound-3", 1),
        ("sound-4", 3),
    ]


@given(st.integers(0, 3000), st.none() | st.integers(0, 3000))
def test_however_many_there_are_a_few_are_offered(count: int, default: int | None) -> None:
    found = several(count, default=default)
    tracks = sound_tracks(found)
    assert len(tracks) == min(count, TRACKS_MAX)
    assert [track.number for track in tracks] == list(range(1, len(tracks) + 1))
    assert bool(left_out_notes(found)) is (count > TRACKS_MAX)


@pytest.mark.parametrize(
    ("title", "label"),
    [("floor", "floor"), (None, None), ("", None), ("x" * 500, "x" * LABEL_LENGTH_MAX)],
)
def test_titles_become_short_labels(title: str | None, label: str | None) -> None:
    [track] = sound_tracks(recording(replace(STREAM, title=title)))
    assert track.label == label


def test_a_track_is_named_by_what_is_known_of_it() -> None:
    streams = (STREAM, replace(STREAM, language="rus"), replace(STREAM, title="floor"))
    assert undecodable_notes(sound_tracks(recording(*streams))) == (
        "Sound track 1 (aac) holds nothing that can be decoded.",
        "Sound track 2 (rus) holds nothing that can be decoded.",
        "Sound track 3 (floor) holds nothing that can be decoded.",
    )


def test_every_track_comes_from_one_reading() -> None:
    argv = sound_command(SOURCE, sound_tracks(several(2, default=1)))
    text = shlex.join(argv)
    assert argv.count("-i") == 1
    assert argv[argv.index("-i") + 1] == "file:/store/-a 'b'.mp4"
    assert f"-format_whitelist {FORMAT_WHITELIST}" in text
    assert f"-codec_whitelist {CODEC_WHITELIST}" in text
    assert [word for word in argv if word.endswith(".mp4") and "/" not in word] == [
        "sound-1.mp4",
        "sound-2.mp4",
    ]
    assert text.count("-c:a aac") == text.count("-map_metadata -1") == 2
    assert text.count("-avoid_negative_ts disabled") == 2


def test_only_the_first_track_is_measured() -> None:
    argv = sound_command(SOURCE, sound_tracks(several(3)))
    graph = argv[argv.index("-filter_complex") + 1]
    measured, *others = [chain for chain in graph.split("[0:") if chain]
    assert "ebur128=framelog=verbose:peak=true" in measured
    assert "file=peaks.txt" in measured
    assert not any("ebur128" in other or "astats" in other for other in others)
    assert argv[argv.index("-v") + 1] == "info"


@pytest.mark.parametrize(
    ("channels", "is_limited", "is_picked"),
    [(1, False, False), (2, False, False), (6, True, False), (8, True, False), (16, False, True)],
)
def test_channels_become_two(channels: int, *, is_limited: bool, is_picked: bool) -> None:
    argv = sound_command(SOURCE, sound_tracks(recording(replace(STREAM, channels=channels))))
    graph = argv[argv.index("-filter_complex") + 1]
    assert ("alimiter" in graph) is is_limited
    assert ("pan=stereo|c0<c0|c1<c1" in graph) is is_picked
    assert ("channel_layouts=stereo" in graph) is not is_picked


def test_a_delay_that_would_take_hours_to_fill_is_left_out() -> None:
    late = replace(STREAM, delay_seconds=25 * 3600)
    argv = sound_command(SOURCE, sound_tracks(recording(late)))
    assert "[0:1]asetpts=PTS-STARTPTS" in argv[argv.index("-filter_complex") + 1]


def damage(found: Probe, *made_seconds: float) -> str | None:
    return sound_damage(found, dict(zip(sound_tracks(found), made_seconds, strict=False)))


LONG = replace(STREAM, duration_seconds=30.0)


@pytest.mark.parametrize(
    ("found", "made_seconds", "sentence"),
    [
        (recording(LONG), (30.0,), None),
        (recording(LONG), (29.2,), None),
        (recording(LONG), (12.4,), "its sound ends after 00:12 of 00:30"),
        (recording(LONG, LONG), (30, 12.4), "sound track 2 ends after 00:12 of 00:30"),
        (recording(LONG, picture=False), (12.4,), "ends after 00:12 of 00:30"),
        (recording(STREAM, picture=False), (12.4,), "ends after 00:12 of 00:30"),
        (recording(STREAM), (12.4,), None),  # nobody says how long the sound should be
        (recording(replace(LONG, duration_seconds=8.0)), (8.0,), None),
        (recording(replace(LONG, duration_seconds=90.0)), (30.0,), None),  # an edit list
        (recording(replace(LONG, duration_seconds=20.0, delay_seconds=10.0)), (30.0,), None),
        (
            recording(replace(LONG, duration_seconds=20.0, delay_seconds=10.0)),
            (20.0,),
            "its sound ends after 00:20 of 00:30",
        ),
        (recording(replace(LONG, delay_seconds=9000.0)), (1.0,), None),
        (recording(LONG, is_duration_estimated=True), (1.0,), None),
        (recording(LONG, duration_seconds=None), (1.0,), None),
        (recording(LONG), (), "its sound cannot be decoded"),
    ],
)
def test_missing_sound_is_told(
    found: Probe, made_seconds: tuple[float, ...], sentence: str | None
) -> None:
    assert damage(found, *made_seconds) == sentence
