"""Bytes of a text file -> text, whatever it was saved in; says when the encoding was guessed."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CYRILLIC_NAMES = {"cp1251": "windows-1251", "koi8_r": "KOI8-R", "cp866": "IBM866"}
_FREQUENT_LETTERS = re.compile("[оеаинтсрвлі]", re.IGNORECASE)
_CASE_FAULT = re.compile("[а-яё][А-ЯЁ]")
_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = re.compile(r"[A-Za-z]")
_SAMPLE_BYTES = 64 * 1024
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True)
class Decoded:
    """`note` is a sentence for the editor when the encoding had to be guessed."""

    text: str
    encoding: str
    note: str | None = None


def decode_text(data: bytes) -> Decoded:
    """The text in `data`; never fails, unreadable bytes become U+FFFD."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(data[len(mark) :].decode(encoding, errors="replace"), encoding)
    if (encoding_16 := _unmarked_utf16(data)) is not None:
        return Decoded(data.decode(encoding_16, errors="replace"), encoding_16)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return _guess(data)


def _unmarked_utf16(data: bytes) -> str | None:
    # Digits and spaces of a UTF-16 text have a zero as every other byte; other texts have none.
    sample = data[:_SAMPLE_BYTES]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if even + odd <= len(sample) // 20:
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _guess(data: bytes) -> Decoded:
    tolerant = data.decode("utf-8", errors="replace")
    damaged = tolerant.count(_REPLACEMENT)
    if sum(ord(letter) > 0x7F for letter in tolerant) >= 10 * damaged:
        return Decoded(tolerant, "utf-8", f"The text is UTF-8 with {damaged} damaged places.")
    cyrillic = _cyrillic_encoding(data[:_SAMPLE_BYTES])
    encoding = cyrillic or _western_encoding(data[:_SAMPLE_BYTES])
    name = _CYRILLIC_NAMES.get(encoding, encoding.replace("cp125", "windows-125"))
    note = f"The text is not in UTF-8; it was read as {name}."
    return Decoded(data.decode(encoding, errors="replace"), encoding, note)


def _cyrillic_encoding(sample: bytes) -> str | None:
    """The likeliest Cyrillic encoding; None when the words are Latin ones with accents.

    Detectors that know every encoding are unsure on a few short lines. Here two questions settle
    it: are whole words outside ASCII, and in which encoding are their letters frequent ones.
    """
    words = _WORD.findall(sample.decode("cp1251", errors="replace"))
    foreign = [word for word in words if _CYRILLIC.search(word)]
    mixed = sum(_LATIN.search(word) is not None for word in foreign)
    if not foreign or mixed * 2 > len(foreign):
        return None
    return max(_CYRILLIC_NAMES, key=lambda encoding: _fluency(sample, encoding))


def _fluency(sample: bytes, encoding: str) -> int:
    # KOI8-R and windows-1251 give each other's letters in the wrong case: "оПХБЕР" for "Привет".
    text = sample.decode(encoding, errors="replace")
    return len(_FREQUENT_LETTERS.findall(text)) - len(_CASE_FAULT.findall(text))


def _western_encoding(sample: bytes) -> str:
    matches = from_bytes(sample)
    best = matches.best()
    if best is None or any(m.encoding == "cp1252" and m.chaos <= best.chaos for m in matches):
        return "cp1252"
    return best.encoding
