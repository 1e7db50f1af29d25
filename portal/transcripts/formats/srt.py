"""SubRip: as it is found, with times in every shape and any numbers; and as we write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set

from portal.transcripts.formats.blocks import scan
from portal.transcripts.formats.cues import Parsed, collect
from portal.transcripts.formats.markup import unescaped
from portal.transcripts.formats.speakers import NOBODY
from portal.transcripts.formats.times import is_timing, vtt_time
from portal.transcripts.models import Cue

_TAG = re.compile(r"<(/?)([a-z]+)[^<>]*>")
_KEPT_TAGS = frozenset({"b", "i", "u"})
_SIGN = re.compile(r"<(?=[A-Za-z/!])|[-–—](?=\s?>)")
_WORD_JOINER = "\u2060"


def parse_srt(text: str, *, names: Set[str] = NOBODY) -> Parsed:
    """Cues of a SubRip text with line ends "\\n"; none when it has no timing line.

    Raises InvalidInput when there are too many.
    """
    lines = text.split("\n")
    return collect(scan(lines, is_identifier=_is_number, with_overrides=True, names=names))


def looks_like_srt(text: str) -> bool:
    """Whether some line of `text` (or of its beginning) is a timing, readable or not."""
    return any(map(is_timing, text.split("\n")))


def write_srt(cues: Iterable[Cue]) -> str:
    """The SubRip file of `cues`; speakers stand before their words, for want of voices."""
    return "\n".join(_block(number, cue) for number, cue in enumerate(cues, start=1))


def _is_number(lines: Sequence[str], index: int) -> bool:
    number = lines[index].strip()
    return number.isascii() and number.isdigit()


def _block(number: int, cue: Cue) -> str:
    start, end = (
        vtt_time(round(seconds * 1000)).replace(".", ",")
        for seconds in (cue.start_seconds, cue.end_seconds)
    )
    words = _disarmed(cue.text) if cue.styled is None else _with_kept_tags(cue.styled)
    text = "\n".join(line for line in words.split("\n") if line.strip())
    voice = f"{_disarmed(' '.join(cue.speaker.split()))}: " if cue.speaker else ""
    return f"{number}\n{start} --> {end}\n{voice}{text}\n"


def _with_kept_tags(styled: str) -> str:
    written: list[str] = []
    end = 0
    for tag in _TAG.finditer(styled):
        written.append(_disarmed(unescaped(styled[end : tag.start()])))
        written.append(tag[0] if tag[2] in _KEPT_TAGS else "")
        end = tag.end()
    return "".join([*written, _disarmed(unescaped(styled[end:]))])


def _disarmed(text: str) -> str:
    # SubRip cannot escape; an invisible character keeps words from being taken for tag or time.
    return _SIGN.sub(lambda sign: sign[0] + _WORD_JOINER, text)
