"""Texts out of a photo's metadata: plain, printable, of a sensible length."""

from __future__ import annotations

import re

CAPTION_LENGTH_MAX = 10_000
TEXT_LENGTH_MAX = 500
KEYWORDS_MAX = 200
PEOPLE_MAX = 100
LANGUAGES_MAX = 20

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?|\u2028|\u2029")


def clean(text: str, *, length_max: int = TEXT_LENGTH_MAX) -> str | None:
    """`text` without control characters and outer spaces; None when nothing is left.

    Markup is left as it is: it is text like any other, and escaped where it is shown.
    """
    text = _UNPRINTABLE.sub("", _LINE_END.sub("\n", text)).strip()
    return text[:length_max].rstrip() or None
