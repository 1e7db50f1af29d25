"""What is read back of a run of ffmpeg: progress, and whether a picture ended early."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recordings import audio, recording, video
from workers.video.damage import clock, lost_pictures, missing_pictures, picture_damage
from workers.video.gaps import Gap
from workers.video.progress import line_reporter, progress_fraction


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


@pytest.mark.parametrize(
    ("stated", "made", "sentence"),
    [
        (30.2, 12.4, "ends after 00:12 of 00:30"),
        (30.2, 29.3, None),
        (3600.0, 3530.0, None),
        (7200.0, 3600.0, "ends after 1:00:00 of 2:00:00"),
        (None, 12.0, None),
    ],
)
def test_what_ends_early_is_said(stated: float | None, made: float, sentence: str | None) -> None:
    assert picture_damage(recording(video(), seconds=stated), made) == sentence


def test_a_picture_beside_sound_is_named() -> None:
    found = recording(video(), audio(), seconds=30)
    assert picture_damage(found, 12) == "its picture ends after 00:12 of 00:30"


def test_a_picture_that_is_shorter_than_the_recording_is_whole() -> None:
    short = replace(video(), duration_seconds=10.0)
    assert picture_damage(recording(short, audio(), seconds=30), 10) is None
    late = replace(short, delay_seconds=5.0)
    assert picture_damage(recording(late, audio(), seconds=30), 15) is None
    assert picture_damage(recording(late, audio(), seconds=30), 10) is not None


def test_a_guess_or_a_delay_left_out_is_no_reason_to_call_it_damaged() -> None:
    guessed = replace(recording(video(), seconds=104.1), is_duration_estimated=True)
    assert picture_damage(guessed, 70) is None
    moved = replace(video(), delay_seconds=90_000.0)
    assert picture_damage(recording(moved, seconds=90_030), 30) is None


@pytest.mark.parametrize(
    ("made", "expected", "sentence"),
    [
        (750, 750, None),
        (740, 750, None),
        (760, 750, None),
        (6000, 7500, "1,500 of 7,500 pictures could not be decoded"),
    ],
)
def test_lost_pictures_are_counted(made: int, expected: int, sentence: str | None) -> None:
    assert lost_pictures(made=made, expected=expected) == sentence


def test_holes_are_told_with_their_place() -> None:
    assert missing_pictures(()) is None
    one, other = Gap(after_seconds=12.1, seconds=1.92), Gap(after_seconds=70, seconds=3)
    assert missing_pictures([one]) == "about 00:02 of its picture are missing after 00:12"
    assert (
        missing_pictures([one, other])
        == "about 00:05 of its picture are missing in 2 places, first after 00:12"
    )


@given(st.floats(min_value=0, max_value=10**6))
def test_clocks_are_never_rounded_up(seconds: float) -> None:
    parts = [int(part) for part in clock(seconds).split(":")]
    total = sum(part * 60**power for power, part in enumerate(reversed(parts)))
    assert total == int(seconds)
