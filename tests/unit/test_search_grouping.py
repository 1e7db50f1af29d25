"""How many things there are among hits, and how many of each facet's value."""

from __future__ import annotations

from dataclasses import replace

from portal.search.documents import Document, DocumentKind
from portal.search.grouping import count_listed, count_matches, without_repeats
from portal.search.hits import RankedHit

PHOTO = Document(
    id="photo:1:en",
    owner_id="1",
    kind=DocumentKind.PHOTO,
    event_id="e",
    event_slug="scrum",
    asset_id="1",
    person_slug=None,
    language="en",
    title="",
    text="",
    people=("anna",),
)
DOCUMENTS = [
    PHOTO,
    replace(PHOTO, id="photo:1:ru", language="ru"),
    replace(PHOTO, id="photo:2:ru", language="ru", asset_id="2", people=()),
]
HITS = [RankedHit(document, "") for document in DOCUMENTS]


def test_a_photo_in_two_languages_is_listed_once() -> None:
    assert list(without_repeats(HITS)) == [HITS[0], HITS[2]]


def test_each_thing_counts_once_and_under_each_of_its_values() -> None:
    listed = count_listed(HITS)
    assert listed.total == 2
    assert listed.facets == {
        "kind": {"photo": 2},
        "language": {"en": 1, "ru": 2},
        "event": {"scrum": 2},
        "person": {"anna": 1},
    }


def test_matches_are_counted_one_by_one() -> None:
    matches = count_matches(DOCUMENTS)
    assert matches.total == 3
    assert matches.facets == {
        "kind": {"photo": 3},
        "language": {"en": 1, "ru": 2},
        "event": {"scrum": 3},
        "person": {"anna": 2},
    }


def test_nothing_has_no_values() -> None:
    nothing = count_listed([])
    assert (nothing.total, any(nothing.facets.values())) == (0, False)
