"""Folding, stems and keys: the same for documents and queries, and nothing gets lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.search.text import fold, latin_key, stem, words

TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("ЁёЎўЙйІі'’ʼ`\u00ad\u0301\u0306 -_.Łßﬁ½Ⅷ"),
    ),
    max_size=60,
)


def folded(text: str) -> list[str]:
    return [word.folded for word in words(text)]


@given(TEXTS)
def test_each_letter_and_digit_is_in_exactly_one_word(text: str) -> None:
    covered = [index for word in words(text) for index in range(word.start, word.end)]
    assert len(covered) == len(set(covered))
    assert {index for index, letter in enumerate(text) if letter.isalnum()} <= set(covered)


@given(TEXTS)
def test_offsets_slice_back_to_the_source(text: str) -> None:
    for word in words(text):
        assert fold(text[word.start : word.end]) == word.folded
        assert text[word.start].isalnum()


@given(TEXTS)
def test_folding_is_idempotent_and_never_empty(text: str) -> None:
    once = folded(text)
    assert all(once)
    assert folded(" ".join(once)) == once


@given(TEXTS)
def test_case_and_composition_do_not_matter(text: str) -> None:
    for word in words(text):
        assert fold(word.folded.upper()) == fold(fold(word.folded.upper()))
        assert stem(word.folded)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ещё", "ЕЩЕ"),
        ("Ўладзімір", "уладзімір"),
        ("аб'ява", "аб’ява"),
        ("аб`ява", "абʼява"),
        ("couldn't", "couldn’t"),
        ("пресс\u00adконференция", "прессконференция"),
        ("naïve", "NAIVE"),
        ("за\u0301мок", "замок"),
        ("и\u0306од", "йод"),
        ("Łódź", "lodz"),
        ("Straße", "STRASSE"),
        ("ﬁnal", "final"),
        ("１２", "12"),
    ],
)
def test_spellings_of_one_word_are_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)
    assert len(folded(one)) == 1


@pytest.mark.parametrize(("one", "other"), [("мой", "мои"), ("война", "воина"), ("rat", "rate")])
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("¶ — …", []),
        ("пресс-подход в 14:00", ["пресс", "подход", "в", "14", "00"]),
        ("snake_case", ["snake", "case"]),
        ("'quoted' words'", ["quoted", "words"]),
        ("press\u00a0scrum", ["press", "scrum"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert folded(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("прокуроры", "прокуроров"),
        ("конференция", "конференции"),
        ("vendors", "vendor"),
        ("agreed", "agree"),
    ],
)
def test_inflected_forms_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_belarusian_words_stay_whole() -> None:
    assert stem("прокурорамі") == "прокурорамі"


@pytest.mark.parametrize(
    "spellings",
    [
        ["ярош", "яроша", "yarosh", "jarosch", "yarosch", "jarosh"],
        ["конюк", "konyuk", "konjuk"],
        ["шмидт", "schmidt", "shmidt"],
        ["вагнер", "wagner", "vagner"],
    ],
)
def test_spellings_of_one_name_share_a_key(spellings: list[str]) -> None:
    assert len({latin_key(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize("short", ["он", "on", "мне", "12"])
def test_short_words_have_no_key(short: str) -> None:
    assert latin_key(short) is None
