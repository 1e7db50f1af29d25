"""A caption file of any supported format -> cues; the format is told by the content."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

from portal.errors import InvalidInput, TooLarge
from portal.transcripts.formats.cues import Parsed
from portal.transcripts.formats.decode import decode_text
from portal.transcripts.formats.plain import looks_like_plain, parse_plain
from portal.transcripts.formats.sbv import looks_like_sbv, parse_sbv
from portal.transcripts.formats.speakers import NOBODY, names_folded
from portal.transcripts.formats.srt import looks_like_srt, parse_srt
from portal.transcripts.formats.ttml import looks_like_ttml, parse_ttml, root_of_xml
from portal.transcripts.formats.vtt import looks_like_vtt, parse_vtt
from portal.transcripts.models import Cue

CAPTION_BYTES_MAX = 10 * 1024**2
LINES_MAX = 1_000_000
_LINE_END = re.compile(r"\r\n?")
_OTHER_FORMATS = (
    (re.compile(r"\[Script Info\]", re.IGNORECASE), "SubStation Alpha"),
    (re.compile(r"<SAMI>", re.IGNORECASE), "SAMI"),
    (re.compile(r"Scenarist_SCC"), "Scenarist SCC"),
    (re.compile(r"\{[0-9]+\}\{[0-9]*\}"), "MicroDVD"),
)


class CaptionFormat(StrEnum):
    VTT = "vtt"
    TTML = "ttml"
    SRT = "srt"
    SBV = "sbv"
    PLAIN = "plain"


@dataclass(frozen=True)
class CaptionFile:
    """What a caption file holds; `notes` are sentences about what was guessed or mended.

    `language` is what the file says of itself, if it does.
    """

    cues: tuple[Cue, ...]
    notes: tuple[str, ...]
    format: CaptionFormat
    language: str | None = None


@dataclass(frozen=True)
class _Reader:
    recognises: Callable[[str], bool]
    parse: Callable[..., Parsed]


_READERS: Mapping[CaptionFormat, _Reader] = {
    CaptionFormat.VTT: _Reader(looks_like_vtt, parse_vtt),
    CaptionFormat.TTML: _Reader(looks_like_ttml, parse_ttml),
    CaptionFormat.SRT: _Reader(looks_like_srt, parse_srt),
    CaptionFormat.SBV: _Reader(looks_like_sbv, parse_sbv),
    CaptionFormat.PLAIN: _Reader(looks_like_plain, parse_plain),
}
"""In the order in which they are tried: who names itself at its beginning comes first."""


def find_format(text: str) -> CaptionFormat | None:
    """The format of a caption text (or of its beginning) with line ends "\\n"."""
    return next((name for name, one in _READERS.items() if one.recognises(text)), None)


def caption_text(data: bytes) -> tuple[str, str | None]:
    """The text in (the beginning of) a file, line ends "\\n", and a note on its encoding."""
    decoded = decode_text(data)
    return _LINE_END.sub("\n", decoded.text).lstrip("\ufeff"), decoded.note


def read_captions(data: bytes, *, filename: str, names: Set[str] = NOBODY) -> CaptionFile:
    """Read captions of any format; `names` are those of people who may speak in them.

    Raises InvalidInput with a sentence that names the file and why.
    """
    if len(data) > CAPTION_BYTES_MAX:
        megabytes = CAPTION_BYTES_MAX // 1024**2
        raise TooLarge(f"{filename} is larger than {megabytes} MB, too large for captions.")
    text, note = caption_text(data)
    if text.count("\n") > LINES_MAX:
        raise TooLarge(f"{filename} has more than {LINES_MAX:,} lines, too many for captions.")
    caption_format = find_format(text)
    if caption_format is None:
        raise InvalidInput(f"{filename} {_why_nothing(text)}")
    try:
        parsed = _READERS[caption_format].parse(text, names=names_folded(names))
    except InvalidInput as error:
        raise InvalidInput(f"{filename} was refused: {error}") from error
    if not parsed.cues:
        raise InvalidInput(f"{filename} {_why_empty(parsed)}")
    notes = (*([note] if note else []), *parsed.notes)
    return CaptionFile(parsed.cues, notes, caption_format, parsed.language)


def _why_empty(parsed: Parsed) -> str:
    causes = "".join(f" {note}" for note in parsed.notes)
    return f"holds no captions: nothing has a start and an end time with a text after it.{causes}"


def _why_nothing(text: str) -> str:
    start = text.lstrip()[:1000]
    if not start.strip("\0"):
        return "is empty."
    for sign, name in _OTHER_FORMATS:
        if sign.match(start):
            return f"is in the format {name}; save it as SubRip (.srt) or WebVTT (.vtt)."
    if (root := root_of_xml(start)) is not None:
        return f"is XML, but no TTML: its root element is <{root}>, not <tt>."
    return "holds no captions: not one line has a start and an end time with a text after it."
