"""The plan of a storyboard: how many pictures, where on which sheet; and its WebVTT file. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

INTERVALS_SECONDS = (2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200)
"""Between two pictures; there are key frames every two seconds."""
PICTURES_MAX = 400
"""Four sheets: an hour has one picture in ten seconds."""
COLUMNS = ROWS = 10
SIDE_MAX = 160
"""Of a picture, in pixels."""


@dataclass(frozen=True)
class Storyboard:
    """`count` pictures of one size, `interval_seconds` apart, on sheets that are read like text."""

    duration_seconds: float
    interval_seconds: int
    width: int
    height: int

    @property
    def count(self) -> int:
        return max(1, math.ceil(self.duration_seconds / self.interval_seconds))

    @property
    def columns(self) -> int:
        return min(COLUMNS, self.count)

    @property
    def rows(self) -> int:
        return min(ROWS, math.ceil(self.count / self.columns))

    @property
    def sheets(self) -> tuple[str, ...]:
        count = math.ceil(self.count / (self.columns * self.rows))
        return tuple(f"storyboard-{number:02d}.jpg" for number in range(1, count + 1))

    @property
    def sheet_size(self) -> tuple[int, int]:
        return self.columns * self.width, self.rows * self.height


def plan_storyboard(*, duration_seconds: float, width: int, height: int) -> Storyboard:
    """Of a picture of that size: its longer side becomes `SIDE_MAX`, unless it is smaller."""
    interval_seconds = next(
        (found for found in INTERVALS_SECONDS if duration_seconds / found <= PICTURES_MAX),
        math.ceil(duration_seconds / PICTURES_MAX),
    )
    scale = min(1.0, SIDE_MAX / max(width, height))
    return Storyboard(
        duration_seconds, interval_seconds, _even(width * scale), _even(height * scale)
    )


def segments_shown(board: Storyboard, segment_seconds: Sequence[float]) -> tuple[int, ...]:
    """The places of the segments that are on the screen when a picture is taken, in order."""
    starts = [0.0, *accumulate(segment_seconds)][:-1]
    shown = (bisect_right(starts, n * board.interval_seconds) - 1 for n in range(board.count))
    return tuple(dict.fromkeys(shown))


def storyboard_vtt(board: Storyboard) -> str:
    """A cue for each picture, without gaps; the names of sheets are relative to the file's own."""
    lines = ["WEBVTT"]
    for number in range(board.count):
        start = number * board.interval_seconds
        end = min(start + board.interval_seconds, board.duration_seconds)
        lines += ["", f"{_timestamp(start)} --> {_timestamp(end)}", _place(board, number)]
    return "\n".join([*lines, ""])


def _place(board: Storyboard, number: int) -> str:
    sheet, within = divmod(number, board.columns * board.rows)
    row, column = divmod(within, board.columns)
    corner = f"{column * board.width},{row * board.height}"
    return f"{board.sheets[sheet]}#xywh={corner},{board.width},{board.height}"


def _timestamp(seconds: float) -> str:
    """75.5 -> "00:01:15.500"; hours are there always, and may be more than 99."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _even(pixels: float) -> int:
    return max(2, round(pixels / 2) * 2)
