"""One way to read text, for documents and for queries: words, their folded forms, stems and keys.

Pure. Documents and queries pass through the same functions, so whatever they do, both sides do it
alike; changing a table here changes what the index holds (see SCHEMA_VERSION of the engines).
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import snowballstemmer

MARKS = (
    "\u0300-\u036f\u0483-\u0487\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe2f"
)
"""Combining marks and variation selectors: parts of the letter before them."""
INVISIBLE = "\u00ad\u200b-\u200f\u2060\ufeff"
"""Soft hyphen, zero-width characters, direction marks: inside a word they are nothing."""
APOSTROPHES = "'`´ʹʻʼʽˈ‘’‛′＇"
"""Belarusian аб'ява is typed with any of these; so is "don't". Some count as letters."""

_WORD = re.compile(
    rf"[^\W_](?:[^\W_]|[{MARKS}{INVISIBLE}]|[{APOSTROPHES}](?=[{INVISIBLE}]*[^\W_]))*"
)
_UNDECOMPOSED = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)
"""Latin letters whose stroke or ligature Unicode does not take apart."""
_KEPT = frozenset("й")
"""й is a letter of its own; ё and ў are written е and у often enough to be one with them."""

KEY_LENGTH_MIN = 4
"""Shorter words say too little: он and "on" would be one."""

_CYRILLIC_TO_LATIN = str.maketrans(
    {
        **dict(zip("абвгдезиклмнопрстуфыэ", "abvgdeziklmnoprstufye", strict=True)),
        "ж": "zh", "й": "y", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "",
        "ь": "", "ю": "yu", "я": "ya", "і": "i", "ї": "i", "є": "e", "ґ": "g",
    }
)  # fmt: skip
_LATIN_SPELLINGS = (("tsch", "ch"), ("sch", "sh"), ("j", "y"), ("iy", "y"), ("yy", "y"), ("w", "v"))
"""What German, Polish and English writers put for the same sounds; applied in this order."""

_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[a-z]")


class _Stemmer(Protocol):
    def stemWord(self, word: str, /) -> str: ...  # noqa: N802 - the library's name


_stemmers = threading.local()


@dataclass(frozen=True, slots=True)
class Word:
    """`source[start:end]` is the word as written (code points), `folded` its normal form."""

    start: int
    end: int
    folded: str

    @property
    def stem(self) -> str:
        return stem(self.folded)

    @property
    def key(self) -> str | None:
        return latin_key(self.folded)


def words(text: str) -> Iterator[Word]:
    """Every word of `text` in order; each letter and digit of it is in exactly one."""
    for found in _WORD.finditer(text):
        yield Word(found.start(), found.end(), fold(found[0]))


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """The normal form of one word: no case, accents, apostrophes, invisible characters; ё is е."""
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
    bare = "".join(_without_marks(letter) for letter in composed).translate(_UNDECOMPOSED)
    letters = "".join(letter for letter in bare if letter.isalnum() and letter not in APOSTROPHES)
    return unicodedata.normalize("NFC", letters) or word.casefold()


@lru_cache(maxsize=65_536)
def stem(folded: str) -> str:
    """Common to the inflected forms of a word; Russian rules for Cyrillic, English for Latin.

    A word with і is Belarusian (or Ukrainian) and stays whole: Snowball has no rules for it.
    """
    if _CYRILLIC.search(folded):
        return folded if "і" in folded else _stemmer("russian").stemWord(folded)
    return _stemmer("english").stemWord(folded) if _LATIN.search(folded) else folded


@lru_cache(maxsize=65_536)
def latin_key(folded: str) -> str | None:
    """One spelling for Ярош, Yarosh and Jarosch, inflected or not; None for short words."""
    key = stem(folded).translate(_CYRILLIC_TO_LATIN)
    for written, sound in _LATIN_SPELLINGS:
        key = key.replace(written, sound)
    return key if len(key) >= KEY_LENGTH_MIN else None


def _without_marks(letter: str) -> str:
    if letter in _KEPT:
        return letter
    parts = unicodedata.normalize("NFD", letter)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _stemmer(language: str) -> _Stemmer:
    """Stemmers hold the word under work in themselves, so each thread has its own."""
    stemmer: _Stemmer | None = getattr(_stemmers, language, None)
    if stemmer is None:
        stemmer = snowballstemmer.stemmer(language)
        setattr(_stemmers, language, stemmer)
    return stemmer
