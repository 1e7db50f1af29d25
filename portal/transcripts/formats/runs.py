"""Text with marks, run by run, as all caption formats are read; and WebVTT's way to write it.

A mark is what stands in a WebVTT tag of the allow-list: `b`, `i`, `u`, `c.yellow`, `lang ru`,
`ruby`, `rt`. Nothing else of a file's own markup survives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

COLOURS = frozenset({"white", "lime", "cyan", "red", "yellow", "magenta", "blue", "black"})
"""Those for which players have a class of their own: https://www.w3.org/TR/webvtt1/#default-classes"""

# Control characters and the separators that some programs take for a line's end.
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SPACES = re.compile(r" {2,}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")

_WRITTEN_TAG = re.compile(
    rf"</?(?:b|i|u|ruby|rt)>|</(?:c|lang)>|<c(?:\.[a-z_]+){{1,2}}>|<lang {_LANGUAGE.pattern}>"
)


@dataclass(frozen=True)
class Run:
    """A piece of text under the same marks, outermost mark first."""

    text: str
    marks: tuple[str, ...] = ()


Line = tuple[Run, ...]


def lines_of(runs: Iterable[Run]) -> list[Line]:
    """The lines of `runs` without blank ones, superfluous spaces and control characters."""
    lines: list[list[Run]] = [[]]
    for run in runs:
        first, *others = printable(run.text).split("\n")
        lines[-1].append(Run(first, run.marks))
        lines += ([Run(text, run.marks)] for text in others)
    trimmed = (_trimmed(line) for line in lines)
    return [line for line in trimmed if line]


def without_start(line: Line, length: int) -> Line:
    """`line` without its first `length` characters."""
    rest: list[Run] = []
    for run in line:
        rest.append(Run(run.text[length:], run.marks))
        length = max(0, length - len(run.text))
    return _trimmed(rest)


def plain_text(lines: Sequence[Line]) -> str:
    return "\n".join("".join(run.text for run in line) for line in lines)


def styled_text(lines: Sequence[Line]) -> str | None:
    """The text as a WebVTT cue holds it; None when nothing in it is marked."""
    if not any(run.marks for line in lines for run in line):
        return None
    written: list[str] = []
    is_open: tuple[str, ...] = ()
    for run in _joined(lines):
        shared = _shared(is_open, run.marks)
        written += (f"</{_tag(mark)}>" for mark in reversed(is_open[len(shared) :]))
        written += (f"<{mark}>" for mark in run.marks[len(shared) :])
        written.append(escaped(run.text))
        is_open = run.marks
    written += (f"</{_tag(mark)}>" for mark in reversed(is_open))
    return "".join(written)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def is_styled_text(styled: str, text: str) -> bool:
    """Whether `styled` is `text` with nothing but tags that `styled_text` writes."""
    return _WRITTEN_TAG.sub("", styled) == escaped(text)


def is_printable(text: str) -> bool:
    return _UNPRINTABLE.search(text) is None


def printable(text: str) -> str:
    """`text` with spaces for characters that mean nothing to a reader."""
    return _SPACES.sub(" ", _UNPRINTABLE.sub(" ", text.replace("\r", "\n")))


def class_mark(names: Iterable[str]) -> str | None:
    """`c.yellow` of the classes that players know; None when there is none."""
    known = [name for name in names if name.lower().removeprefix("bg_") in COLOURS]
    return ".".join(["c", *(name.lower() for name in known[:2])]) if known else None


def language_mark(tag: str) -> str | None:
    return f"lang {tag}" if _LANGUAGE.fullmatch(tag) else None


def _trimmed(line: Sequence[Run]) -> Line:
    kept: list[Run] = []
    for run in line:
        text = run.text if kept else run.text.lstrip()
        if kept and kept[-1].text.endswith(" "):
            text = text.removeprefix(" ")
        if text:
            kept.append(Run(text, run.marks))
    while kept:
        last = kept.pop()
        if text := last.text.rstrip():
            return (*kept, Run(text, last.marks))
    return ()


def _joined(lines: Sequence[Line]) -> Iterator[Run]:
    """All runs; a line's end bears the marks that stay open over it."""
    yield from lines[0]
    for above, below in pairwise(lines):
        yield Run("\n", _shared(above[-1].marks, below[0].marks))
        yield from below


def _shared(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return tuple(mark for mark, _ in pairs)


def _tag(mark: str) -> str:
    return re.split(r"[. ]", mark, maxsplit=1)[0]
