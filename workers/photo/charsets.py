"""Texts of which nobody says how they are encoded: UTF-8, else the likeliest for all of them.

Press archives of the region hold windows-1251 above all, then what Macs and DOS wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

REPLACEMENT = "\ufffd"

_CYRILLIC = ("cp1251", "koi8_r", "cp866", "mac_cyrillic")
_FREQUENT_LETTERS = re.compile("[оеаинтсрвлі]", re.IGNORECASE)
_CASE_FAULT = re.compile("[а-яё][А-ЯЁ]")
_NOT_IN_WORDS = re.compile(r"[\u2500-\u259f\x80-\x9f]|[^\W\d_][†°¢£§•¶®©™¬±≤≥µ¤¦][^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC_LETTER = re.compile(r"[\u0400-\u04ff]")
_LATIN_LETTER = re.compile(r"[A-Za-z]")
# Bytes that are accented letters in Mac Roman, and in windows-1252 never follow a small letter.
_MAC_ROMAN = re.compile(rb"[a-z][\x87-\x89\x8b\x8d-\x91\x98\x99\x9d\x9f]")
_SAMPLE_BYTES = 64 * 1024


def decode_utf8(value: bytes) -> str | None:
    """None when it is not UTF-8; a last letter that was cut to fit into a field is left out."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return value[: error.start].decode("utf-8")
        return None


def guess_encoding(values: Iterable[bytes]) -> str:
    """That of texts which are not UTF-8, taken together."""
    sample = b"\n".join(values).replace(b"\0", b"")[:_SAMPLE_BYTES]
    if _is_cyrillic(sample):
        return max(_CYRILLIC, key=lambda encoding: _fluency(sample, encoding))
    return "mac_roman" if _MAC_ROMAN.search(sample) else "cp1252"


def decode(value: bytes) -> str:
    """One text by itself."""
    text = decode_utf8(value)
    return value.decode(guess_encoding([value]), errors="replace") if text is None else text


def _is_cyrillic(sample: bytes) -> bool:
    """Whether whole words are outside ASCII, not single letters in words of Latin ones."""
    words = _WORD.findall(sample.decode("cp1251", errors="replace"))
    foreign = [word for word in words if _CYRILLIC_LETTER.search(word)]
    mixed = sum(_LATIN_LETTER.search(word) is not None for word in foreign)
    return bool(foreign) and mixed * 2 <= len(foreign)


def _fluency(sample: bytes, encoding: str) -> int:
    """How much it looks like a language; the wrong encodings turn cases over or draw lines."""
    text = sample.decode(encoding, errors="replace")
    faults = len(_CASE_FAULT.findall(text)) + 2 * len(_NOT_IN_WORDS.findall(text))
    return len(_FREQUENT_LETTERS.findall(text)) - faults
