"""Codes: equal exactly when what they stand for is, and harmless wherever they are put."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from portal.search.engines.meili.codes import heard, identity, pair, read_value, value, written
from portal.search.text import words

HARMLESS = re.compile(r"[a-z]:[a-z0-9~-]*")
LENGTH_MAX = 468
"""The server cuts what is longer."""

texts = st.text(max_size=300)


def as_the_server_reads(code: str) -> str:
    return unicodedata.normalize("NFKD", code.strip()).lower()


@given(texts, texts)
def test_codes_are_harmless_short_and_read_alike_by_the_server(text: str, other: str) -> None:
    for code in (value(text), written(text), heard(text), pair(text, other)):
        assert HARMLESS.fullmatch(code)
        assert len(code) <= LENGTH_MAX
        assert as_the_server_reads(code) == code
    assert re.fullmatch(r"[0-9a-f]{32}", identity(text))


@given(texts, texts)
def test_different_values_have_different_codes(text: str, other: str) -> None:
    assert (value(text) == value(other)) is (text == other)
    assert (written(text) == written(other)) is (text == other)
    assert (identity(text) == identity(other)) is (text == other)


@given(st.text(max_size=25))
def test_values_can_be_read_back(text: str) -> None:
    assert read_value(value(text)) == text


@given(st.text(alphabet="йиЙИаbBéEеё", max_size=4), st.text(alphabet="йиЙИаbBéEеё", max_size=4))
def test_letters_that_the_server_takes_for_one_stay_apart(text: str, other: str) -> None:
    assert (value(text) == value(other)) is (text == other)


FORMS = (
    "прокурор прокуроры прокурора ярош яроша yarosh jarosch jaroschs vendor vendors он она они on"
)
forms = st.sampled_from([*FORMS.split(), "б", "ъъъъ", "上海", "上", "x1", "5g"]) | st.text(
    max_size=6
)


@given(forms, forms)
def test_heard_is_equal_when_words_match_as_written_by_stem_or_by_sound(one: str, two: str) -> None:
    for first in words(one):
        for second in words(two):
            is_match = (
                first.folded == second.folded
                or first.stem == second.stem
                or (first.key is not None and first.key == second.key)
            )
            assert (heard(first.folded) == heard(second.folded)) is is_match
