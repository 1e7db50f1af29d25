"""Plain text with times: `00:01:02 Name: words`, `[00:01:02] words`, or a time above its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from itertools import pairwise

from portal.transcripts.formats.cues import Parsed, TimedText, collect
from portal.transcripts.formats.runs import Line, Run, lines_of, plain_text, without_start
from portal.transcripts.formats.speakers import (
    NOBODY,
    Speech,
    speaker_name,
    speech,
    speeches,
    titled_prefix,
)
from portal.transcripts.formats.times import Span, milliseconds

WORDS_SECONDS_MIN = 4.0
LETTERS_PER_SECOND = 10
"""Nobody speaks slower: what follows such a time is a pause, until the next one begins."""
TIMED_LINES_MIN = 2
"""A text with a single time is a letter that mentions one."""
_FRACTION = r"(?:[.,]([0-9]{1,9}))?"
_LONG = rf"([0-9]{{1,3}}):([0-5]?[0-9]):([0-5][0-9]){_FRACTION}"
_SHORT = rf"(?:([0-9]{{1,3}}):)?([0-9]{{1,3}}):([0-5][0-9]){_FRACTION}"
_END = r"(?:\s*(?:-|–|—|to|до)\s*(?:[0-9]{1,3}:)?[0-9]{1,3}:[0-9]{2}(?:[.,][0-9]{1,9})?)?"
_STAMP = re.compile(
    rf"\s*(?:[\[(]\s*{_SHORT}{_END}\s*[\])]|{_LONG}{_END}(?![0-9:]))[ \t]*[-–—|:]?(?:[ \t]+|$)"
)
"""Without brackets an hour is demanded: `10:30 Opening` is a programme."""


def looks_like_plain(text: str) -> bool:
    """Whether the text begins with a time, or a heading and then times."""
    lines = text.split("\n")
    return sum(_STAMP.match(line) is not None for line in lines) >= TIMED_LINES_MIN


def parse_plain(text: str, *, names: Set[str] = NOBODY) -> Parsed:
    """Each cue lasts until the next, as long as its words may take. Raises InvalidInput."""
    return collect(_texts(text.split("\n"), names))


def _texts(lines: Sequence[str], names: Set[str]) -> Iterator[TimedText]:
    stamps = [(index, stamp) for index, line in enumerate(lines) if (stamp := _STAMP.match(line))]
    starts = [_start_ms(stamp) for _, stamp in stamps]
    following = [*starts[1:], None]
    borders = pairwise([*(index for index, _ in stamps), len(lines)])
    for (first, last), (_, stamp), start, after in zip(
        borders, stamps, starts, following, strict=True
    ):
        words = [lines[first][stamp.end() :], *lines[first + 1 : last]]
        found = _speeches(lines_of([Run("\n".join(words))]), names)
        yield TimedText(Span(start, _end_ms(start, after, found)), found, first + 1)


def _start_ms(stamp: re.Match[str]) -> int:
    groups = stamp.groups()
    hours, minutes, seconds, fraction = groups[:4] if groups[1] is not None else groups[4:]
    return milliseconds(hours, minutes, seconds, fraction)


def _end_ms(start_ms: int, following_ms: int | None, spoken: tuple[Speech, ...]) -> int:
    letters = sum(len(one.text) for one in spoken)
    lasts_seconds = max(WORDS_SECONDS_MIN, letters / LETTERS_PER_SECOND)
    end_ms = start_ms + round(lasts_seconds * 1000)
    if following_ms is None or following_ms <= start_ms:
        return end_ms
    return min(end_ms, following_ms)


def _speeches(lines: Sequence[Line], names: Set[str]) -> tuple[Speech, ...]:
    """A name directly after the time is one in small letters, too: `00:01:02 Name: words`."""
    named = titled_prefix(plain_text(lines[:1])) if lines else None
    if named is None:
        found = list(speeches(lines, names=names))
    else:
        name, length = named
        found = [speech(speaker_name(name), [without_start(lines[0], length), *lines[1:]])]
    return tuple(one for one in found if one.text)
