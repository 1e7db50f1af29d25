"""What people type is understood, whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.search.query import WORDS_MAX, Query, parse_query


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Query()),
        ('"" «»', Query()),
        ("Browser VENDORS", Query(terms=("browser", "vendors"))),
        ('"Browser vendors"', Query(phrases=(("browser", "vendors"),))),
        ("«Ещё раз» сказал", Query(("сказал",), (("еще", "раз"),))),
        ("„eins zwei“ “three four”", Query(phrases=(("eins", "zwei"), ("three", "four")))),
        ('press "browser vendors', Query(terms=("press", "browser", "vendors"))),
        ("more the more", Query(terms=("more", "the"))),
        ('"one" "one"', Query(phrases=(("one",),))),
    ],
)
def test_words_and_phrases(text: str, expected: Query) -> None:
    assert parse_query(text) == expected


@given(st.text(st.characters() | st.sampled_from('"«»“” a'), max_size=200))
def test_nothing_that_is_typed_raises(text: str) -> None:
    query = parse_query(text)
    assert len(query.all_words) <= WORDS_MAX
    assert all(query.all_words)
    assert query.is_empty is (not query.all_words)


def test_further_words_are_ignored() -> None:
    many = " ".join(f"w{number}" for number in range(100))
    assert parse_query(many).terms == tuple(f"w{number}" for number in range(WORDS_MAX))
    assert parse_query(f'"{many}" more').all_words == tuple(f"w{n}" for n in range(WORDS_MAX))
