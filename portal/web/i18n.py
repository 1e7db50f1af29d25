"""The portal's own words in each page language, read straight from the .po files at start."""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import HTTPConnection
from starlette.responses import Response

from portal.languages import PAGE_LANGUAGES
from portal.web import cookies

LANGUAGE_DAYS = 365
LOCALES = Path(__file__).parent / "locales"


def msg(text: str) -> str:
    """Marks a text for translation where it stands; `gettext` translates it where it is shown."""
    return text


def gettext(language: str, text: str) -> str:
    return translations(language).gettext(text)


def ngettext(language: str, singular: str, plural: str, count: int) -> str:
    return translations(language).ngettext(singular, plural, count)


@cache
def translations(language: str) -> GNUTranslations:
    compiled = io.BytesIO()
    with po_path(language).open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def po_path(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def language_of(request: HTTPConnection) -> str:
    """The language of the page under way: what its address says, else what its reader prefers."""
    first_part = request.scope["path"].lstrip("/").partition("/")[0]
    return next(
        (
            language
            for language in (
                first_part,
                request.query_params.get("lang"),
                cookies.read_cookie(request, cookies.LANGUAGE),
            )
            if language in PAGE_LANGUAGES
        ),
        None,
    ) or preferred_language(request.headers.get("accept-language", ""))


def remember_language(response: Response, request: HTTPConnection) -> None:
    """A language chosen by ?lang stays for the pages whose address names none."""
    language = request.query_params.get("lang")
    if language in PAGE_LANGUAGES:
        cookies.set_cookie(
            response, request, name=cookies.LANGUAGE, value=str(language), days=LANGUAGE_DAYS
        )


def preferred_language(accept_language: str) -> str:
    """The page language that an Accept-Language header likes best; the first when none fits."""
    wishes = [_wish(part) for part in accept_language.split(",")[:20]]
    for language, quality in sorted(wishes, key=lambda wish: -wish[1]):
        if language in PAGE_LANGUAGES and quality > 0:
            return language
    return PAGE_LANGUAGES[0]


def _wish(part: str) -> tuple[str, float]:
    """`be-BY;q=0.8` -> ("be", 0.8)"""
    tag, _, parameter = part.partition(";")
    _, _, quality = parameter.partition("=")
    language = tag.strip().lower().partition("-")[0]
    try:
        return language, float(quality) if quality else 1.0
    except ValueError:
        return language, 0.0
