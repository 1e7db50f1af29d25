from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from portal.web.markdown import to_html
from portal.web.presentation import Text, format_size, instant, language_name, text_in
from tests.unit.press_archive import MORNING, NASTY

TEXTS = {"en": "Latvia", "ru": "Латвия"}


def test_a_text_says_its_language_only_when_it_is_foreign() -> None:
    assert escape(text_in(TEXTS, language="ru")) == "Латвия"
    assert escape(text_in(TEXTS, language="be")) == '<span lang="en">Latvia</span>'
    assert escape(text_in(TEXTS, language="be", fallbacks=["ru"])) == (
        '<span lang="ru">Латвия</span>'
    )


def test_a_text_in_a_language_without_pages_is_better_than_none() -> None:
    assert text_in({"lv": "Latvija"}, language="en") == Text("Latvija", "lv", is_foreign=True)
    assert not text_in({"en": ""}, language="en")


@given(st.text())
def test_texts_are_escaped_whatever_they_hold(words: str) -> None:
    for text in (Text(words, "en"), Text(words, "ru", is_foreign=True)):
        shown = re.sub(r"^<span lang=\"ru\">|</span>$", "", str(escape(text)))
        assert "<" not in shown
        assert html.unescape(shown) == html.unescape(html.escape(words))


def test_an_instant_is_shown_on_the_clocks_of_its_event() -> None:
    moment = instant(MORNING, language="en", time_zone="Europe/Minsk")
    assert escape(moment) == (
        '<time datetime="2019-06-04T07:00:00+00:00">4 June 2019, 10:00</time>'
    )


@pytest.mark.parametrize(
    ("code", "language", "name"),
    [
        ("ru", "en", "Russian"),
        ("ru", "be", "Руская"),
        ("be", None, "Беларуская"),
        ("en-US", "en", "English (United States)"),
        ("zz-top", "en", "zz-top"),
        ("", "en", ""),
    ],
)
def test_language_names(code: str, language: str | None, name: str) -> None:
    assert language_name(code, language=language) == name


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (12_345_678, "12 MB"),
        (4 * 10**15, "4,000 TB"),
    ],
)
def test_sizes(size_bytes: int, shown: str) -> None:
    assert format_size(size_bytes, language="en") == shown


def test_bytes_are_counted_in_the_words_of_the_reader() -> None:
    assert [format_size(n, language="ru") for n in (1, 2, 317)] == ["1 байт", "2 байта", "317 байт"]
    assert [format_size(n, language="be") for n in (1, 2, 317)] == ["1 байт", "2 байты", "317 байт"]


def test_language_names_inside_a_sentence_are_small_where_readers_write_them_so() -> None:
    shown = [language_name("be", language=page, in_sentence=True) for page in ("en", "ru", "be")]
    assert shown == ["Belarusian", "белорусский", "беларуская"]


def test_markdown_lets_no_html_through() -> None:
    page = to_html(f"{NASTY}\n\n[x](javascript:alert(1)) ![y](https://example.org/y.png)")
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page


def test_headings_of_a_text_stand_below_those_of_the_page() -> None:
    assert to_html("# One\n\n##### Five") == "<h3>One</h3>\n<h6>Five</h6>\n"
