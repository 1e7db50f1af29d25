"""Which parts are missing, in words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.uploads.completeness import RUNS_NAMED_MAX, in_words


@pytest.mark.parametrize(
    ("numbers", "words"),
    [([], ""), ([4], "4"), ([1, 2, 3, 5], "1–3, 5"), ([1, 1, 2], "1, 1–2"), ([7, 8], "7–8")],
)
def test_rows_of_numbers_are_put_together(numbers: list[int], words: str) -> None:
    assert in_words(numbers) == words


@given(st.sets(st.integers(1, 60), max_size=RUNS_NAMED_MAX))
def test_all_numbers_are_named(numbers: set[int]) -> None:
    named: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:–(\d+))?", in_words(sorted(numbers))):
        named |= set(range(int(first), int(last or first) + 1))
    assert named == numbers


def test_a_sentence_stays_readable() -> None:
    assert in_words(range(1, 1000, 2)).endswith("37, 39 and 480 more places")
