"""Cuts a transcript into passages: windows on cue borders, one cue of overlap. Pure.

Too short a window loses phrases that run on, too long a one finds words that have nothing to do
with one another; the overlap lets a phrase run across one border.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portal.search.documents import TimedText
from portal.transcripts.models import Cue

SECONDS_WANTED = 20.0
SECONDS_MAX = 30.0
"""Only a single cue that is longer makes a longer passage."""


@dataclass(frozen=True)
class Passage:
    """Its cues' texts on one line, and where in it each cue stands."""

    text: str
    cues: tuple[TimedText, ...]


def cut_passages(cues: Sequence[Cue]) -> Iterator[Passage]:
    """In order of time; cues without words are left out."""
    spoken = [cue for cue in sorted(cues, key=lambda cue: cue.start_seconds) if cue.text.split()]
    first = 0
    while first < len(spoken):
        after = _window_end(spoken, first)
        yield _passage(spoken[first:after])
        first = _next_first(spoken, first, after)


def _window_end(cues: Sequence[Cue], first: int) -> int:
    """The index after the window's last cue."""
    after = first + 1
    while after < len(cues) and _seconds(cues[first:after]) < SECONDS_WANTED:
        if _seconds(cues[first : after + 1]) > SECONDS_MAX:
            break
        after += 1
    return after


def _next_first(cues: Sequence[Cue], first: int, after: int) -> int:
    """The last cue again, unless nothing new would fit beside it."""
    overlaps = (
        after < len(cues)
        and after - 1 > first
        and _seconds(cues[after - 1 : after + 1]) <= SECONDS_MAX
    )
    return after - 1 if overlaps else after


def _seconds(cues: Sequence[Cue]) -> float:
    return max(cue.end_seconds for cue in cues) - cues[0].start_seconds


def _passage(cues: Sequence[Cue]) -> Passage:
    offset = 0
    timed: list[TimedText] = []
    lines = [" ".join(cue.text.split()) for cue in cues]
    for cue, line in zip(cues, lines, strict=True):
        timed.append(TimedText(offset, len(line), cue.start_seconds, cue.end_seconds, cue.speaker))
        offset += len(line) + 1
    return Passage(" ".join(lines), tuple(timed))
