"""Languages of texts and pages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from babel.core import get_global

PAGE_LANGUAGES = ("en", "ru", "be")
"""Languages of the portal's own words; the first is the last resort."""

UNDETERMINED = "und"
LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")

LocalizedText = Mapping[str, str]
"""{language: text}; empty when there is none."""


def in_language(texts: LocalizedText, preferences: Sequence[str]) -> str:
    """The text in the first preferred language that has one, else in any, else ""."""
    for language in (*preferences, *PAGE_LANGUAGES):
        if texts.get(language):
            return texts[language]
    return next((text for text in texts.values() if text), "")


def language_tag(value: str | None) -> str | None:
    """The tag of RFC 5646 for what a file says of its language; None when it is none.

    Containers write "rus" where a tag must be "ru" (RFC 5646, 2.2.1).
    """
    if not value or value == UNDETERMINED or not LANGUAGE_TAG.fullmatch(value):
        return None
    shorter: str = get_global("language_aliases").get(value.lower(), value)
    return shorter.replace("_", "-")
