"""Storyboards: how many pictures, where they lie, which segments they need."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.stills.storyboard import (
    PICTURES_MAX,
    SIDE_MAX,
    plan_storyboard,
    segments_shown,
    storyboard_vtt,
)

DURATIONS = st.floats(0.04, 60 * 24 * 3600)
SIZES = st.tuples(st.integers(2, 4096), st.integers(2, 4096))
CUE = re.compile(
    r"(\d{2,}):(\d{2}):(\d{2}\.\d{3}) --> (\d{2,}):(\d{2}):(\d{2}\.\d{3})\n"
    r"(storyboard-\d{2}\.jpg)#xywh=(\d+),(\d+),(\d+),(\d+)\n"
)


@given(duration_seconds=DURATIONS, size=SIZES)
def test_the_cues_cover_the_duration_without_gaps(
    duration_seconds: float, size: tuple[int, int]
) -> None:
    board = plan_storyboard(duration_seconds=duration_seconds, width=size[0], height=size[1])
    text = storyboard_vtt(board)
    assert text.startswith("WEBVTT\n\n")
    cues = [
        (_seconds(*found[:3]), _seconds(*found[3:6]), found[6], tuple(map(int, found[7:])))
        for found in CUE.findall(text)
    ]
    assert len(cues) == board.count == text.count(" --> ")
    assert cues[0][0] == 0
    assert cues[-1][1] == pytest.approx(duration_seconds, abs=0.001)
    assert all(before[1] == after[0] for before, after in pairwise(cues))
    places = [(sheet, place) for _, _, sheet, place in cues]
    assert len(set(places)) == len(places)
    for sheet, (left, top, width, height) in places:
        assert sheet in board.sheets
        assert left + width <= board.sheet_size[0]
        assert top + height <= board.sheet_size[1]


@given(duration_seconds=DURATIONS, size=SIZES)
def test_it_is_small_however_long_the_recording_is(
    duration_seconds: float, size: tuple[int, int]
) -> None:
    board = plan_storyboard(duration_seconds=duration_seconds, width=size[0], height=size[1])
    assert 1 <= board.count <= PICTURES_MAX
    assert 1 <= len(board.sheets) <= 4
    assert max(board.width, board.height) <= SIDE_MAX
    assert board.width % 2 == board.height % 2 == 0


@pytest.mark.parametrize(
    ("duration_seconds", "interval_seconds", "count", "grid"),
    [
        (0.5, 2, 1, (1, 1)),
        (9, 2, 5, (5, 1)),
        (25, 2, 13, (10, 2)),
        (600, 2, 300, (10, 10)),
        (3600, 10, 360, (10, 10)),
        (3 * 3600, 30, 360, (10, 10)),
    ],
)
def test_how_many_pictures(
    duration_seconds: float, interval_seconds: int, count: int, grid: tuple[int, int]
) -> None:
    board = plan_storyboard(duration_seconds=duration_seconds, width=426, height=240)
    assert (board.interval_seconds, board.count) == (interval_seconds, count)
    assert (board.columns, board.rows) == grid
    assert (board.width, board.height) == (160, 90)


@pytest.mark.parametrize(("size", "small"), [((240, 426), (90, 160)), ((16, 16), (16, 16))])
def test_upright_pictures_are_no_taller_and_none_is_enlarged(
    size: tuple[int, int], small: tuple[int, int]
) -> None:
    board = plan_storyboard(duration_seconds=60, width=size[0], height=size[1])
    assert (board.width, board.height) == small


@given(st.lists(st.floats(0.5, 12), min_size=1, max_size=300))
def test_each_picture_finds_the_segment_on_the_screen(segment_seconds: list[float]) -> None:
    board = plan_storyboard(duration_seconds=sum(segment_seconds), width=426, height=240)
    shown = segments_shown(board, segment_seconds)
    assert list(shown) == sorted(set(shown))
    ends = list(accumulate(segment_seconds))
    for number in range(board.count):
        at_seconds = number * board.interval_seconds
        assert any(
            end - length - 1e-6 <= at_seconds <= end + 1e-6
            for place, (end, length) in enumerate(zip(ends, segment_seconds, strict=True))
            if place in shown
        )


def test_segments_between_pictures_are_not_read() -> None:
    board = plan_storyboard(duration_seconds=3600, width=426, height=240)
    shown = segments_shown(board, [4.0] * 900)
    assert shown[:5] == (0, 2, 5, 7, 10)
    assert len(shown) == board.count


def _seconds(hours: str, minutes: str, seconds: str) -> float:
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
