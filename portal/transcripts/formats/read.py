"""A caption file of any supported format -> cues; the format is told by the content."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from portal.errors import InvalidInput, TooLarge
from portal.transcripts.formats.decode import decode_text
from portal.transcripts.formats.srt import parse_srt
from portal.transcripts.formats.vtt import looks_like_vtt, parse_vtt
from portal.transcripts.models import Cue

CAPTION_BYTES_MAX = 10 * 1024**2
_LINE_END = re.compile(r"\r\n?")
_OTHER_FORMATS = (
    (re.compile(r"\[Script Info\]", re.IGNORECASE), "SubStation Alpha"),
    (re.compile(r"(?:<\?xml[^>]*>\s*)?<(?:\w+:)?tt[\s>]"), "TTML"),
    (re.compile(r"<SAMI>", re.IGNORECASE), "SAMI"),
    (re.compile(r"Scenarist_SCC"), "Scenarist SCC"),
    (re.compile(r"\{[0-9]+\}\{[0-9]*\}"), "MicroDVD"),
)


class CaptionFormat(StrEnum):
    SRT = "srt"
    VTT = "vtt"


@dataclass(frozen=True)
class CaptionFile:
    """What a caption file holds; `notes` are sentences about what was guessed or mended."""

    cues: tuple[Cue, ...]
    notes: tuple[str, ...]
    format: CaptionFormat


def read_captions(data: bytes, *, filename: str) -> CaptionFile:
    """Read SubRip or WebVTT. Raises InvalidInput with a sentence that names the file and why."""
    if len(data) > CAPTION_BYTES_MAX:
        megabytes = CAPTION_BYTES_MAX // 1024**2
        raise TooLarge(f"{filename} is larger than {megabytes} MB, too large for captions.")
    decoded = decode_text(data)
    text = _LINE_END.sub("\n", decoded.text).lstrip("\ufeff")
    is_vtt = looks_like_vtt(text)
    try:
        parsed = parse_vtt(text) if is_vtt else parse_srt(text)
    except InvalidInput as error:
        raise InvalidInput(f"{filename} was refused: {error}") from error
    if not parsed.cues:
        raise InvalidInput(f"{filename} {_why_nothing(text)}")
    return CaptionFile(
        cues=parsed.cues,
        notes=(*([decoded.note] if decoded.note else []), *parsed.notes),
        format=CaptionFormat.VTT if is_vtt else CaptionFormat.SRT,
    )


def _why_nothing(text: str) -> str:
    start = text.lstrip()[:1000]
    if not start.strip("\0"):
        return "is empty."
    for sign, name in _OTHER_FORMATS:
        if sign.match(start):
            return f"is in the format {name}; save it as SubRip (.srt) or WebVTT (.vtt)."
    return "holds no captions: not one line has a start and an end time with a text after it."
