"""What SubRip, WebVTT and SubViewer have in common: timing lines, each with lines of text below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from itertools import pairwise

from portal.errors import InvalidInput
from portal.transcripts.formats.cues import TimedText
from portal.transcripts.formats.markup import read_markup
from portal.transcripts.formats.times import find_timing, is_timing

TAGS_MAX = 500_000
"""Each costs some microseconds; five for every cue that there may be are plenty."""

IsIdentifier = Callable[[Sequence[str], int], bool]
"""(lines, index of the line before a timing line) -> whether that line names the cue."""


def scan(
    lines: Sequence[str], *, is_identifier: IsIdentifier, with_overrides: bool, names: Set[str]
) -> Iterator[TimedText]:
    """Everything between two timing lines belongs to the first, blank lines or not.

    Raises InvalidInput when there are too many tags.
    """
    if sum(line.count("<") + line.count("{") for line in lines) > TAGS_MAX:
        raise InvalidInput(f"it has more than {TAGS_MAX:,} tags.")
    timings = [index for index, line in enumerate(lines) if is_timing(line)]
    for start, following in pairwise([*timings, len(lines)]):
        end = following
        if following < len(lines) and end - 1 > start and is_identifier(lines, end - 1):
            end -= 1
        raw = "\n".join(lines[start + 1 : end])
        speeches = read_markup(raw, with_overrides=with_overrides, names=names)
        yield TimedText(find_timing(lines[start]), speeches, start + 1)
