"""What SubRip and WebVTT have in common: lines -> timed texts -> cues in good order."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from portal.errors import InvalidInput
from portal.transcripts.formats.markup import read_markup
from portal.transcripts.formats.times import Span, find_timing, is_timing
from portal.transcripts.models import Cue

CUES_MAX = 100_000
TEXT_LENGTH_MAX = 10_000
"""Characters of one cue; a longer one is a file that was put together wrongly."""
MENDED_SECONDS = 2.0
"""How long a cue without a duration is shown, unless the next one begins before."""


@dataclass(frozen=True)
class Parsed:
    """Cues by start, each with a duration and a text; `notes` say what was mended or left out."""

    cues: tuple[Cue, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TimedText:
    """A timing line and what follows it; `span` is None when the time cannot be read."""

    span: Span | None
    raw: str


IsIdentifier = Callable[[Sequence[str], int], bool]
"""(lines, index of the line before a timing line) -> whether that line names the cue."""


def scan(lines: Sequence[str], *, is_identifier: IsIdentifier) -> Iterator[TimedText]:
    """Everything between two timing lines belongs to the first, blank lines or not."""
    timings = [index for index, line in enumerate(lines) if is_timing(line)]
    for start, following in pairwise([*timings, len(lines)]):
        end = following
        if following < len(lines) and end - 1 > start and is_identifier(lines, end - 1):
            end -= 1
        yield TimedText(find_timing(lines[start]), "\n".join(lines[start + 1 : end]))


def collect(texts: Iterator[TimedText], *, with_overrides: bool) -> Parsed:
    """Cues of `texts`, in order. Raises InvalidInput when there are too many."""
    faults: Counter[str] = Counter()
    cues: list[Cue] = []
    for text in texts:
        cues += _cues(text, faults, with_overrides=with_overrides)
        if len(cues) > CUES_MAX:
            raise InvalidInput(f"The captions have more than {CUES_MAX:,} cues.")
    faults["moved into the order of time"] += sum(
        later.start_seconds < earlier.start_seconds for earlier, later in pairwise(cues)
    )
    cues.sort(key=lambda cue: cue.start_seconds)
    mended = _with_durations(cues, faults)
    return Parsed(mended, tuple(_note(fault, count) for fault, count in faults.items() if count))


def _cues(text: TimedText, faults: Counter[str], *, with_overrides: bool) -> list[Cue]:
    if text.span is None:
        faults["left out for a time that cannot be read"] += 1
        return []
    speeches = read_markup(text.raw, with_overrides=with_overrides)
    faults["left out for want of text"] += not speeches
    faults[f"cut after {TEXT_LENGTH_MAX:,} characters"] += sum(
        len(speech.text) > TEXT_LENGTH_MAX for speech in speeches
    )
    start, end = text.span.start_ms / 1000, text.span.end_ms / 1000
    return [
        Cue(start, end, speech.text[:TEXT_LENGTH_MAX].rstrip(), speech.speaker)
        for speech in speeches
    ]


def _with_durations(cues: Sequence[Cue], faults: Counter[str]) -> tuple[Cue, ...]:
    """Cues that end at or before their start are given one, before the next cue."""
    starts = [cue.start_seconds for cue in cues]
    mended: list[Cue] = []
    for cue in cues:
        if cue.end_seconds > cue.start_seconds:
            mended.append(cue)
            continue
        faults["given an end after the start"] += 1
        index = bisect_right(starts, cue.start_seconds)
        following = starts[index : index + 1]
        end = min([round(cue.start_seconds + MENDED_SECONDS, 3), *following])
        mended.append(replace(cue, end_seconds=end))
    return tuple(mended)


def _note(fault: str, count: int) -> str:
    return f"{count} {'cue' if count == 1 else 'cues'} {fault}."
