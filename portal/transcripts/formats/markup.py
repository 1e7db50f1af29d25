"""The text of a cue -> plain text and who says it.

Only tags that captions really use are taken for markup and removed; any other `<…>` is what the
viewer is meant to read. Nothing here survives as markup: the result is plain text, to be escaped
by whoever shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

SPEAKER_LENGTH_MAX = 100
NAME_PREFIX_LENGTH_MAX = 40

_KNOWN = "b|i|u|s|em|strong|c|v|lang|ruby|rt|rp|font|a|span"
_TAG = re.compile(rf"</?(?:{_KNOWN})(?:[.\s/][^<>]*)?>", re.IGNORECASE)
_INNER_TIME = re.compile(r"<(?:[0-9]{1,4}:){1,2}[0-9]{2}[.,][0-9]{1,3}>")
_LINE_BREAK = re.compile(r"<br\s?/?>", re.IGNORECASE)
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]*)>", re.IGNORECASE)
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
# Control characters and the separators that some programs take for a line's end.
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SPACES = re.compile(r" {2,}")
_NAME_PREFIX = re.compile(rf"(?:[-–—]|>>)?\s*([^:\n]{{2,{NAME_PREFIX_LENGTH_MAX}}}):(?:\s+|$)")
_NAME = re.compile(r"[^\W_][\w .,'’()-]*")


@dataclass(frozen=True)
class Speech:
    """What one voice says in a cue."""

    speaker: str | None
    text: str


def read_markup(raw: str, *, with_overrides: bool) -> tuple[Speech, ...]:
    """Split the raw text of a cue by voices; empty when nothing is left to read.

    A voice is `<v Name>` or a line that begins with a NAME in capitals and a colon. The words of
    two people never end up under the name of one. `with_overrides` removes `{\\an8}` and the like,
    which SubRip files have from SubStation.
    """
    if with_overrides:
        raw = _OVERRIDE.sub("", raw)
    raw = _LINE_BREAK.sub("\n", raw)
    return tuple(speech for speech in _voices(raw) if speech.text)


def _voices(raw: str) -> Iterator[Speech]:
    before, *named = _VOICE.split(raw)
    yield from _named_by_prefix(_plain(before))
    for name, raw_text in zip(named[::2], named[1::2], strict=True):
        speaker, text = _speaker(_plain(name)), _plain(raw_text)
        yield from _named_by_prefix(text) if speaker is None else [Speech(speaker, text)]


def _named_by_prefix(text: str) -> Iterator[Speech]:
    speaker: str | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        prefix = _NAME_PREFIX.match(line)
        if prefix is None or not _is_name(prefix[1]):
            lines.append(line)
            continue
        yield Speech(speaker, "\n".join(filter(None, lines)))
        speaker, lines = _speaker(prefix[1]), [line[prefix.end() :]]
    yield Speech(speaker, "\n".join(filter(None, lines)))


def _is_name(words: str) -> bool:
    return _NAME.fullmatch(words) is not None and words.isupper()


def _speaker(name: str) -> str | None:
    return " ".join(name.split())[:SPEAKER_LENGTH_MAX].strip() or None


def _plain(raw: str) -> str:
    text = _INNER_TIME.sub("", _TAG.sub("", raw))
    text = _ENTITY.sub(lambda entity: unescape(entity[0]), text).replace("\r", "\n")
    text = _SPACES.sub(" ", _UNPRINTABLE.sub(" ", text))
    lines = (line.strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
