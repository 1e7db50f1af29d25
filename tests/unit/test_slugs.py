"""Readable addresses: any text gives one that is valid, and clashes get numbers."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.slugs import SLUG_LENGTH_MAX, free_slug, is_slug, slugify

TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("аёЎўІЯщ -_'’ß½ﬁ.")), max_size=200)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Press scrum, 2019", "press-scrum-2019"),
        ("Герхард Ярош", "gerkhard-yarosh"),
        ("Алесь Ўладзіміравіч", "ales-uladzimiravich"),
        ("Щёкино—объезд", "shchekino-obezd"),
        ("Jean-Luc  O’Brien", "jean-luc-o-brien"),
        ("Ångström & Müller", "angstrom-muller"),
        ("--a--b--", "a-b"),
        ("习近平", ""),
        ("", ""),
    ],
)
def test_texts_become_addresses(text: str, slug: str) -> None:
    assert slugify(text) == slug


@given(TEXTS)
def test_every_text_gives_a_valid_address_or_none(text: str) -> None:
    slug = slugify(text)
    assert slug == "" or is_slug(slug)


@given(TEXTS)
def test_an_address_of_an_address_is_itself(text: str) -> None:
    assert slugify(slugify(text)) == slugify(text)


@given(st.sets(st.integers(1, 40)), st.text(string.ascii_lowercase, min_size=1, max_size=200))
def test_a_clash_gets_the_first_free_number(numbers: set[int], text: str) -> None:
    wanted = slugify(text)
    taken = {wanted if number == 1 else f"{wanted}-{number}" for number in numbers}

    free = free_slug(wanted, taken)

    assert free not in taken
    assert is_slug(free)
    first_free = next(number for number in range(1, 42) if number not in numbers)
    assert free == (wanted if first_free == 1 else f"{wanted}-{first_free}")


@pytest.mark.parametrize(
    "text",
    ["", "A", "a--b", "-a", "a-", "a b", "a_b", "пресса", "a/b", "..", "a\n", "é", "a" * 81],
)
def test_what_is_no_address(text: str) -> None:
    assert not is_slug(text)


@given(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True))
def test_what_is_an_address(text: str) -> None:
    assert is_slug(text) is (len(text) <= SLUG_LENGTH_MAX)
