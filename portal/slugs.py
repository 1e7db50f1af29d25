"""Readable parts of addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from itertools import count, filterfalse

SLUG_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_LENGTH_MAX = 80
_NUMBER_LENGTH_MAX = 8
"""Left free behind a long text for the number that `free_slug` may add."""

_CYRILLIC = "абвгґдеёжзиіїйклмнопрстуўфхцчшщыэюяє"
_ROMAN = "a b v g g d e e zh z i i i i k l m n o p r s t u u f kh ts ch sh shch y e yu ya e"
_LATIN = dict(zip(_CYRILLIC, _ROMAN.split(), strict=True))


def slugify(text: str) -> str:
    """`text` in Latin letters, digits and hyphens; "" when nothing of it can be kept.

    >>> slugify("Герхард Ярош")
    'gerkhard-yarosh'
    """
    latin = "".join(_LATIN.get(letter, letter) for letter in text.casefold())
    letters = filterfalse(unicodedata.combining, unicodedata.normalize("NFKD", latin))
    plain = "".join(letter if letter.isalnum() else "-" for letter in letters)
    ascii_only = plain.encode("ascii", "ignore").decode().lower()  # "𝓐" became "A"
    length_max = SLUG_LENGTH_MAX - _NUMBER_LENGTH_MAX
    return re.sub(r"-+", "-", ascii_only).strip("-")[:length_max].strip("-")


def free_slug(wanted: str, taken: Container[str]) -> str:
    """`wanted`, or with the first free number behind it."""
    if wanted not in taken:
        return wanted
    return next(slug for n in count(2) if (slug := f"{wanted}-{n}") not in taken)


def is_slug(text: str) -> bool:
    return len(text) <= SLUG_LENGTH_MAX and SLUG_PATTERN.fullmatch(text) is not None
