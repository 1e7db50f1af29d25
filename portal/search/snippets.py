"""What is shown of a text: one line of it, one sentence of a long line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from portal.search.matching import Range

SNIPPET_LENGTH = 280
LEAD_LENGTH = 80
"""Code points shown before the match, when a sentence is too long to be shown whole."""
ELLIPSIS = "…"

_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)]*\s+")


def snippet(
    text: str, window: Range, highlights: Iterable[Range] = ()
) -> tuple[str, tuple[Range, ...]]:
    """The line in which the window begins, whole if it is short, and the highlights in it."""
    line = _line(text, window[0])
    window = window[0], min(window[1], line[1])
    sentence = _sentence(text, line, window)
    start, end = _cut(text, sentence, window)
    head = ELLIPSIS if start > sentence[0] else ""
    tail = ELLIPSIS if end < sentence[1] else ""
    shown = tuple((a + len(head), b + len(head)) for a, b in within(highlights, start, end))
    return f"{head}{text[start:end]}{tail}", shown


def within(ranges: Iterable[Range], start: int, end: int) -> tuple[Range, ...]:
    """Those inside `start` to `end`, counted from `start`."""
    return tuple((a - start, b - start) for a, b in ranges if start <= a and b <= end)


def _line(text: str, offset: int) -> Range:
    end = text.find("\n", offset)
    return text.rfind("\n", 0, offset) + 1, len(text) if end < 0 else end


def _sentence(text: str, line: Range, window: Range) -> Range:
    """The sentences that hold the window; the whole line when it is short."""
    if line[1] - line[0] <= SNIPPET_LENGTH:
        return line
    ends = [found.end() for found in _SENTENCE_END.finditer(text, *line)]
    start = max((end for end in ends if end <= window[0]), default=line[0])
    end = min((end for end in ends if end >= window[1] and end > start), default=line[1])
    return start, start + len(text[start:end].rstrip())


def _cut(text: str, stretch: Range, window: Range) -> Range:
    """As much of the stretch around the window as there is room for, cut between words."""
    lower, upper = stretch
    if upper - lower <= SNIPPET_LENGTH:
        return stretch
    start = max(window[0] - LEAD_LENGTH, lower)
    if start > lower:
        start = text.find(" ", start, window[0]) + 1 or window[0]
    end = start + SNIPPET_LENGTH - 2 * len(ELLIPSIS)
    if end >= upper:
        return start, upper
    last_space = text.rfind(" ", start, end + 1)
    return start, last_space if last_space > start else end
