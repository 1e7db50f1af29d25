"""Who says a text: an explicit voice, or a name before a colon."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from portal.transcripts.formats.runs import Line, plain_text, printable, styled_text, without_start

SPEAKER_LENGTH_MAX = 100
NAME_PREFIX_LENGTH_MAX = 40

NOBODY: Set[str] = frozenset()
_DASH = re.compile(r"[-–—]\s*|>>\s*")
_NAME_PREFIX = re.compile(rf"(?:[-–—]|>>)?\s*([^:\n]{{2,{NAME_PREFIX_LENGTH_MAX}}}):(?:\s+|$)")
_NAME = re.compile(r"[^\W_][\w .,'’()-]*")
_NO_NAMES = frozenset(
    {"note", "nb", "n.b.", "ps", "p.s.", "warning", "attention", "question", "answer"}
    | {"примечание", "внимание", "важно", "вопрос", "ответ"}
    | {"заўвага", "увага", "важна", "пытанне", "адказ"}
)
_TITLE_CASE_WORDS_MAX = 4


@dataclass(frozen=True)
class Speech:
    """What one voice says in a cue; `styled` is the text as WebVTT, if it has marks."""

    speaker: str | None
    text: str
    styled: str | None = None


def names_folded(names: Set[str]) -> frozenset[str]:
    """Names of people in the form in which `speeches` looks for them."""
    return frozenset(" ".join(name.split()).casefold() for name in names)


def speech(speaker: str | None, lines: Sequence[Line]) -> Speech:
    full = [line for line in lines if line]
    return Speech(speaker, plain_text(full), styled_text(full))


def speeches(lines: Sequence[Line], *, names: Set[str] = NOBODY) -> Iterator[Speech]:
    """`lines` divided where one begins with a NAME in capitals, or one of `names`, and a colon.

    A line of a dialogue, which begins with a dash, is nobody's unless it is named: the words of two
    people never end up under the name of one.
    """
    speaker: str | None = None
    spoken: list[Line] = []
    for line in lines:
        text = plain_text([line])
        prefix = _NAME_PREFIX.match(text)
        if prefix is not None and _is_name(prefix[1], names):
            yield speech(speaker, spoken)
            speaker, spoken = speaker_name(prefix[1]), [without_start(line, prefix.end())]
        elif speaker is not None and _DASH.match(text):
            yield speech(speaker, spoken)
            speaker, spoken = None, [line]
        else:
            spoken.append(line)
    yield speech(speaker, spoken)


def speaker_name(name: str) -> str | None:
    return " ".join(printable(name).split())[:SPEAKER_LENGTH_MAX].strip() or None


def titled_prefix(text: str) -> tuple[str, int] | None:
    """(name, where the words begin) of a text such as `Anna Jarosch: Yes`, in any case."""
    prefix = _NAME_PREFIX.match(text)
    if prefix is None or _NAME.fullmatch(prefix[1]) is None or prefix[1].casefold() in _NO_NAMES:
        return None
    words = prefix[1].split()
    if len(words) > _TITLE_CASE_WORDS_MAX or not all(_is_titled(word) for word in words):
        return None
    return prefix[1], prefix.end()


def _is_titled(word: str) -> bool:
    return not word[0].isalpha() or word[0].isupper()


def _is_name(words: str, names: Set[str]) -> bool:
    folded = " ".join(words.split()).casefold()
    if folded in names:
        return True
    return _NAME.fullmatch(words) is not None and words.isupper() and folded not in _NO_NAMES
