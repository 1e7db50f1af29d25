"""Languages of texts and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

PAGE_LANGUAGES = ("en", "ru", "be")
"""Languages of the portal's own words; the first is the last resort."""

LocalizedText = Mapping[str, str]
"""{language: text}; empty when there is none."""


def in_language(texts: LocalizedText, preferences: Sequence[str]) -> str:
    """The text in the first preferred language that has one, else in any, else ""."""
    for language in (*preferences, *PAGE_LANGUAGES):
        if texts.get(language):
            return texts[language]
    return next((text for text in texts.values() if text), "")
