"""What all formats have in common: timed texts -> cues in good order, and what was mended."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from portal.errors import InvalidInput
from portal.transcripts.formats.speakers import Speech
from portal.transcripts.formats.times import Span
from portal.transcripts.models import Cue

CUES_MAX = 100_000
TEXT_LENGTH_MAX = 10_000
"""Characters of one cue; a longer one is a file that was put together wrongly."""
LATEST_MS = 10_000 * 3_600_000
"""No recording lasts longer; damaged tracks have times of millions of years."""
MENDED_SECONDS = 2.0
"""How long a cue without a duration is shown, unless the next one begins before."""


@dataclass(frozen=True)
class Parsed:
    """Cues by start, each with a duration and a text; `notes` say what was mended or left out.

    `language` is what the captions say of themselves, if they do.
    """

    cues: tuple[Cue, ...]
    notes: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True)
class TimedText:
    """What is said in a span, and in which line of the file it stands, if it has lines.

    `span` is None when the time cannot be read.
    """

    span: Span | None
    speeches: tuple[Speech, ...]
    line: int | None = None


@dataclass
class _Faults:
    """How often each fault was met, and in which line first."""

    counts: dict[str, int] = field(default_factory=dict)
    first_lines: dict[str, int | None] = field(default_factory=dict)

    def add(self, fault: str, line: int | None) -> None:
        self.counts[fault] = self.counts.get(fault, 0) + 1
        self.first_lines.setdefault(fault, line)

    def notes(self) -> tuple[str, ...]:
        return tuple(self._note(fault, count) for fault, count in self.counts.items())

    def _note(self, fault: str, count: int) -> str:
        line = self.first_lines[fault]
        first = "line" if count == 1 else "the first in line"
        place = "" if line is None else f" ({first} {line})"
        return f"{count:,} {'cue' if count == 1 else 'cues'} {fault}{place}."


_Placed = tuple[Cue, int | None]
"""A cue and the line of its time."""


def collect(texts: Iterable[TimedText]) -> Parsed:
    """Cues of `texts`, in order. Raises InvalidInput when there are too many."""
    faults = _Faults()
    placed: list[_Placed] = []
    for text in texts:
        span = _usable_span(text, faults)
        if span is not None:
            placed += ((cue, text.line) for cue in _cues(text, span, faults))
        if len(placed) > CUES_MAX:
            raise InvalidInput(f"The captions have more than {CUES_MAX:,} cues.")
    for (earlier, _), (later, line) in pairwise(placed):
        if later.start_seconds < earlier.start_seconds:
            faults.add("moved into the order of time", line)
    placed.sort(key=lambda one: one[0].start_seconds)
    return Parsed(_with_durations(placed, faults), faults.notes())


def _usable_span(text: TimedText, faults: _Faults) -> Span | None:
    """Nothing is shown before a recording begins."""
    span = text.span
    if span is None or span.start_ms >= LATEST_MS:
        faults.add("left out for a time that cannot be read", text.line)
        return None
    if span.start_ms >= 0:
        return replace(span, end_ms=min(span.end_ms, LATEST_MS))
    if span.end_ms <= 0:
        faults.add("left out for ending before the recording begins", text.line)
        return None
    faults.add("cut where the recording begins", text.line)
    return Span(0, min(span.end_ms, LATEST_MS))


def _cues(text: TimedText, span: Span, faults: _Faults) -> list[Cue]:
    if not text.speeches:
        faults.add("left out for want of text", text.line)
    start, end = span.start_ms / 1000, span.end_ms / 1000
    cues: list[Cue] = []
    for spoken in text.speeches:
        if len(spoken.text) > TEXT_LENGTH_MAX:
            faults.add(f"cut after {TEXT_LENGTH_MAX:,} characters", text.line)
            shortened = spoken.text[:TEXT_LENGTH_MAX].rstrip()
            cues.append(Cue(start, end, shortened, spoken.speaker))
        else:
            cues.append(Cue(start, end, spoken.text, spoken.speaker, spoken.styled))
    return cues


def _with_durations(placed: Sequence[_Placed], faults: _Faults) -> tuple[Cue, ...]:
    """Cues that end at or before their start are given one, before the next cue."""
    starts = [cue.start_seconds for cue, _ in placed]
    mended: list[Cue] = []
    for cue, line in placed:
        if cue.end_seconds > cue.start_seconds:
            mended.append(cue)
            continue
        faults.add("given an end after the start", line)
        index = bisect_right(starts, cue.start_seconds)
        following = starts[index : index + 1]
        end = min([round(cue.start_seconds + MENDED_SECONDS, 3), *following])
        mended.append(replace(cue, end_seconds=end))
    return tuple(mended)
