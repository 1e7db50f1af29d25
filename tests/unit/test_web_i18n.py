from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from portal.languages import PAGE_LANGUAGES
from portal.web.i18n import gettext, ngettext, po_path, preferred_language

PORTAL = Path(__file__).parents[2] / "portal"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "msg": None}
METHODS = [("**/*.py", "python"), ("**/templates/**.html", "jinja2")]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")


def catalogue(language: str) -> Catalog:
    with po_path(language).open("rb") as source:
        return read_po(source, locale=language)


def texts_in_use() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    options = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
    for file, line, text, _, _ in extract_from_dir(
        PORTAL, method_map=METHODS, options_map=options, keywords=KEYWORDS
    ):
        yield f"{file}:{line}", text


def forms(message: Message) -> list[str]:
    strings = message.string if isinstance(message.string, list | tuple) else [message.string]
    return [string or "" for string in strings]


@pytest.mark.parametrize("language", ["ru", "be"])
def test_every_text_in_use_is_translated(language: str) -> None:
    translated = catalogue(language)
    missing = []
    for place, text in texts_in_use():
        message = translated.get(text if isinstance(text, str) else text[0])
        if message is None or message.fuzzy or not all(forms(message)):
            missing.append(f"{place}: {text!r}")
    assert missing == []


@pytest.mark.parametrize("language", ["ru", "be"])
def test_placeholders_agree(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        wanted = set(
            PLACEHOLDER.findall(message.id if isinstance(message.id, str) else message.id[1])
        )
        for form in forms(message):
            assert set(PLACEHOLDER.findall(form)) == wanted, (message.id, form)


@pytest.mark.parametrize("language", ["ru", "be"])
def test_plurals_have_one_few_and_many(language: str) -> None:
    counted = catalogue(language)
    assert counted.num_plurals == 3

    assert all(len(forms(m)) == 3 for m in counted if isinstance(m.id, tuple | list))


def test_texts_in_use_are_found_at_all() -> None:
    found = {text for _, text in texts_in_use()}
    assert {"Sign in", "There is nothing here"} <= found


def test_languages_differ_and_unknown_texts_stay() -> None:
    assert gettext("ru", "Sign in") == "Войти"
    assert gettext("be", "Sign in") == "Увайсці"
    assert gettext("en", "Sign in") == "Sign in"
    assert gettext("be", "a text that nobody translated") == "a text that nobody translated"
    assert ngettext("en", "one thing", "%(n)s things", 2) == "%(n)s things"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("be", "be"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("en;q=0.2, BE-by;q=0.7", "be"),
        ("de,fr;q=0.9", "en"),
        ("de,ru;q=0.1", "ru"),
        ("ru;q=0,en;q=0.1", "en"),
        ("ru;q=nonsense,be;q=0.1", "be"),
        (",;;=,", "en"),
    ],
)
def test_preferred_language(header: str, language: str) -> None:
    assert preferred_language(header) == language
    assert language in PAGE_LANGUAGES
