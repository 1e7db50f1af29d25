"""Which captions belong to which recording, by their file names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import PurePath
from typing import NamedTuple

from babel import Locale
from babel.core import get_global

_CODE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?")
_MORE_LIKELY_WORDS = frozenset({"new", "sdh"})
"""Codes of languages (Newari, Southern Kurdish) that mean something else in file names."""
_NO_LANGUAGE = frozenset({"und", "mul", "mis", "zxx", "root"})
"""Codes that say that there is none, several, or one without a code."""
_AUDIENCES = frozenset({"sdh", "cc", "forced"})
"""Players know `scrum.en.sdh.srt`: captions for people who do not hear."""


class CaptionName(NamedTuple):
    """`scrum.en.vtt` -> stem `scrum`, language `en`; `movie.final.srt` -> `movie.final`, None."""

    stem: str
    language: str | None


def caption_name(filename: str) -> CaptionName:
    """Take the name of a caption file apart; the language is a BCP 47 tag such as `pt-BR`."""
    whole = file_stem(filename)
    stem, _, suffix = whole.rpartition(".")
    if stem and suffix.lower() in _AUDIENCES:
        whole = stem
        stem, _, suffix = whole.rpartition(".")
    language = language_tag(suffix) if stem else None
    return CaptionName(whole if language is None else stem, language)


def file_stem(filename: str) -> str:
    """The name without folders and without its last suffix."""
    return PurePath(filename.replace("\\", "/")).stem


def belongs_to(caption_filename: str, recording_filename: str) -> bool:
    """Whether a caption file is named after a recording, whatever the case of the letters."""
    recording = _folded(file_stem(recording_filename))
    stems = {caption_name(caption_filename).stem, file_stem(caption_filename)}
    return recording in {_folded(stem) for stem in stems}


def language_tag(code: str) -> str | None:
    """The BCP 47 tag of a code such as `rus`, `pt_br` or `en`; None when it names no language."""
    match = _CODE.fullmatch(code)
    if match is None or match[1].lower() in _MORE_LIKELY_WORDS:
        return None
    language = get_global("language_aliases").get(match[1].lower(), match[1].lower())
    if language in _NO_LANGUAGE or language not in _known_languages():
        return None
    script, region = (match[2] or "").title(), (match[3] or "").upper()
    return "-".join(part for part in (language, script, region) if part)


def has_same_stem(filename: str, other_filename: str) -> bool:
    """Whether the names of two recordings differ in nothing but their endings."""
    return _folded(file_stem(filename)) == _folded(file_stem(other_filename))


def stray_suffix(caption_filename: str, recording_filenames: Iterable[str]) -> str | None:
    """`xx` of `cut.xx.vtt` beside `cut.mp4`: what is no language, and keeps the two apart."""
    stem, _, suffix = caption_name(caption_filename).stem.rpartition(".")
    if not stem or not suffix.replace("-", "").replace("_", "").isalpha():
        return None
    names = {_folded(file_stem(recording)) for recording in recording_filenames}
    is_alone = not any(belongs_to(caption_filename, f"{name}.mp4") for name in names)
    return suffix if is_alone and _folded(stem) in names else None


def _folded(stem: str) -> str:
    # macOS gives "й" as two code points, other systems as one.
    return unicodedata.normalize("NFC", stem).casefold()


@cache
def _known_languages() -> frozenset[str]:
    return frozenset(Locale("en").languages)
