"""The text of a cue in SubRip or WebVTT -> who says what, with the marks that are allowed.

Only tags that captions really use are taken for markup; any other `<…>` is what the viewer is
meant to read. Of those, the ones on the allow-list become marks and the rest is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from html import unescape

from portal.transcripts.formats.runs import Run, class_mark, language_mark, lines_of
from portal.transcripts.formats.speakers import (
    NOBODY,
    Speech,
    speaker_name,
    speech,
    speeches,
)

_KNOWN = "b|i|u|s|em|strong|c|v|lang|ruby|rt|rp|font|a|span"
_TOKEN = re.compile(
    rf"<(?P<slash>/?)(?P<name>{_KNOWN})(?P<rest>[.\s/][^<>]*)?>"
    r"|(?P<br><br\s?/?>)"
    r"|(?P<time><(?:[0-9]{1,4}:){1,2}[0-9]{2}[.,][0-9]{1,3}>)"
    r"|(?P<override>\{\\[^{}]*\})",
    re.IGNORECASE,
)
_MARKUP_SIGNS = frozenset("<&{")
_SIMPLE_MARKS = {"b": "b", "i": "i", "u": "u", "em": "i", "strong": "b", "ruby": "ruby"}
_SWITCH = re.compile(r"\\([biu])([01])(?![0-9])")
_COLOUR = re.compile(r"""color\s*=\s*["']?([A-Za-z]+)""", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_DEPTH_MAX = 12


def read_markup(raw: str, *, with_overrides: bool, names: Set[str] = NOBODY) -> tuple[Speech, ...]:
    """Split the raw text of a cue by voices; empty when nothing is left to read.

    A voice is `<v Name>`, or a name before a colon where there is none. `with_overrides` takes
    `{\\an8}` and the like for markup, which SubRip files have from SubStation.
    """
    found: list[Speech] = []
    for voice, runs in _voices(raw, with_overrides=with_overrides):
        lines = lines_of(runs)
        found += speeches(lines, names=names) if voice is None else [speech(voice, lines)]
    return tuple(one for one in found if one.text)


def unescaped(text: str) -> str:
    """`text` with its entities resolved; what only looks like one stays."""
    return _ENTITY.sub(lambda entity: unescape(entity[0]), text)


def _voices(raw: str, *, with_overrides: bool) -> Iterator[tuple[str | None, list[Run]]]:
    if _MARKUP_SIGNS.isdisjoint(raw):
        yield None, [Run(raw)]
        return
    voice: str | None = None
    runs: list[Run] = []
    tags = _Tags()
    end = 0
    for token in _TOKEN.finditer(raw):
        if token["override"] and not with_overrides:
            continue
        runs.append(Run(unescaped(raw[end : token.start()]), tags.marks))
        end = token.end()
        if (token["name"] or "").lower() == "v":
            yield voice, runs
            voice, runs = _voice(token), []
        elif token["br"]:
            runs.append(Run("\n", tags.marks))
        else:
            tags.take(token)
    yield voice, [*runs, Run(unescaped(raw[end:]), tags.marks)]


def _voice(token: re.Match[str]) -> str | None:
    """The annotation of `<v.loud Name>`; None at the voice's end."""
    _, _, name = re.sub(r"\s", " ", token["rest"] or "").partition(" ")
    lines = lines_of([Run(unescaped(name))])
    return (
        None if token["slash"] else speaker_name(" ".join(run.text for row in lines for run in row))
    )


class _Tags:
    """The tags that are open at a place of the text."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str | None]] = []
        self.marks: tuple[str, ...] = ()

    def take(self, token: re.Match[str]) -> None:
        if token["override"]:
            for letter, is_on in _SWITCH.findall(token["override"]):
                self._switch(letter, letter if is_on == "1" else None)
        elif token["name"]:
            name, rest = token["name"].lower(), token["rest"] or ""
            self._close(name) if token["slash"] else self._add(name, self._mark(name, rest))
        self.marks = tuple(mark for _, mark in self._open if mark is not None)

    def _switch(self, name: str, mark: str | None) -> None:
        self._close(name)
        if mark is not None:
            self._add(name, mark)

    def _add(self, name: str, mark: str | None) -> None:
        if len(self._open) < _DEPTH_MAX:
            is_new = mark not in {mark for _, mark in self._open}
            self._open.append((name, mark if is_new else None))

    def _close(self, name: str) -> None:
        names = [opened for opened, _ in self._open]
        if name in names:
            del self._open[len(names) - 1 - names[::-1].index(name) :]

    def _mark(self, name: str, rest: str) -> str | None:
        if name == "rt":
            return "rt" if "ruby" in self.marks else None
        if name == "c":
            return class_mark(
                rest.split(maxsplit=1)[0].strip(".").split(".") if rest.strip() else ()
            )
        if name == "font":
            return class_mark(_COLOUR.findall(rest)[:1])
        if name == "lang":
            return language_mark(rest.rpartition(" ")[2].strip())
        return _SIMPLE_MARKS.get(name)
