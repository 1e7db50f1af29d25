"""Groups fragments into segments, and moves their times: pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from portal.errors import ToolFailed
from workers.hls.boxes import HEAD_BYTES, Box, places
from workers.hls.fragments import Fragment, FragmentedFile

_SEQUENCE_AT = 12
"""Of the number in a mfhd box, and of the time in a tfdt box: behind head, version and flags."""
_WORD_MAX = (1 << 32) - 1


@dataclass(frozen=True)
class Segment:
    """Fragments that are stored as one file and play for `seconds`."""

    fragments: tuple[Fragment, ...]
    seconds: Fraction

    @property
    def size_bytes(self) -> int:
        return sum(fragment.size_bytes for fragment in self.fragments)

    @property
    def first_sample_bytes(self) -> int:
        """From its beginning to the end of its first picture."""
        return self.fragments[0].leading.first_sample_end


def starts_by_time(file: FragmentedFile, seconds: Fraction) -> tuple[int, ...]:
    """The places of the first fragments at or after 0, 1, 2, … times `seconds`.

    Files with equal key frames are cut at equal places.
    """
    starts: list[int] = []
    border = Fraction(0)
    for place, fragment in enumerate(file.fragments):
        if place == 0 or fragment.starts_at_seconds >= border:
            starts.append(place)
            border = (max(fragment.starts_at_seconds, Fraction(0)) // seconds + 1) * seconds
    return tuple(starts)


def segments_of(file: FragmentedFile, starts: Sequence[int]) -> tuple[Segment, ...]:
    """The segments that begin with the fragments at `starts`, of which 0 is the first."""
    bounds = [*starts, len(file.fragments)]
    times = [file.fragments[place].starts_at_seconds for place in starts]
    lengths = [end - begin for begin, end in pairwise([*times, file.ends_at_seconds])]
    if any(length <= 0 for length in lengths):
        raise ToolFailed("ffmpeg wrote fragments that play for no time.")
    return tuple(
        Segment(file.fragments[first:end], length)
        for (first, end), length in zip(pairwise(bounds), lengths, strict=True)
    )


def moved_head(moof: bytes, *, sequence_number: int, later_by: int = 0) -> bytes:
    """A fragment's head (the whole moof box) with a number and with decode times moved.

    Pieces of one recording, encoded apart, each begin at zero.
    """
    moved = bytearray(moof)
    for box in _within_moof(moof):
        if box.kind == "mfhd":
            struct.pack_into(">I", moved, box.offset + _SEQUENCE_AT, sequence_number & _WORD_MAX)
        elif box.kind == "tfdt":
            _move(moved, box, later_by)
    return bytes(moved)


def _move(moof: bytearray, tfdt: Box, later_by: int) -> None:
    is_long = moof[tfdt.offset + HEAD_BYTES] == 1
    layout, at = (">Q" if is_long else ">I"), tfdt.offset + _SEQUENCE_AT
    time = struct.unpack_from(layout, moof, at)[0] + later_by
    if not is_long and time > _WORD_MAX:
        raise ToolFailed("ffmpeg wrote a fragment with no room for its time.")
    struct.pack_into(layout, moof, at, time)


def _within_moof(moof: bytes) -> Iterator[Box]:
    for box in places(moof, start=HEAD_BYTES):
        yield box
        if box.kind == "traf":
            yield from places(moof, start=box.offset + HEAD_BYTES, end=box.end)
