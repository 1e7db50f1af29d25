"""Where in a text a query's words stand, how closely they match and how near they are. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from portal.search.query import Query
from portal.search.text import Word, latin_key, stem, words

Range = tuple[int, int]
"""Code points: `text[start:end]`."""


class Closeness(IntEnum):
    """How a word of a text answers a word of a query."""

    SOUND = 1
    STEM = 2
    EXACT = 3


@dataclass(frozen=True)
class Unit:
    """One thing that a query asks for: a word in any form, or a phrase as it stands."""

    words: tuple[str, ...]
    is_phrase: bool


@dataclass(frozen=True)
class Match:
    """Units found in one text. `window` is the shortest stretch that holds one of each.

    `word_span` counts the words of the window; `is_in_order`: it is the query itself, word by
    word; `closeness` is that of the weakest unit.
    """

    closenesses: tuple[Closeness | None, ...]
    word_span: int
    is_in_order: bool
    window: Range
    highlights: tuple[Range, ...]

    @property
    def is_complete(self) -> bool:
        return None not in self.closenesses

    @property
    def closeness(self) -> Closeness:
        return min(found for found in self.closenesses if found)


@dataclass(frozen=True)
class _Place:
    """An occurrence of one unit: words first to last (inclusive) of the text."""

    unit: int
    first: int
    last: int
    closeness: Closeness


def units_of(query: Query) -> tuple[Unit, ...]:
    return (
        *(Unit((term,), is_phrase=False) for term in query.terms),
        *(Unit(phrase, is_phrase=True) for phrase in query.phrases),
    )


def find_match(units: Sequence[Unit], text: str) -> Match | None:
    """None when the text holds none of them."""
    run = list(words(text))
    places = [place for number, unit in enumerate(units) for place in _places(number, unit, run)]
    if not places:
        return None
    closest = _closest(places, len(units))
    wanted = [place for place in places if place.closeness == closest[place.unit]]
    in_order = _in_order(units, wanted)
    window = in_order or _shortest_window(wanted)
    first, last = window[0].first, max(place.last for place in window)
    return Match(
        closenesses=closest,
        word_span=last - first + 1,
        is_in_order=in_order is not None,
        window=(run[first].start, run[last].end),
        highlights=_highlights(places, run),
    )


def _places(number: int, unit: Unit, run: Sequence[Word]) -> Iterator[_Place]:
    length = len(unit.words)
    if unit.is_phrase:
        folded = [word.folded for word in run]
        for first in range(len(run) - length + 1):
            if tuple(folded[first : first + length]) == unit.words:
                yield _Place(number, first, first + length - 1, Closeness.EXACT)
        return
    (term,) = unit.words
    term_stem, term_key = stem(term), latin_key(term)
    for index, word in enumerate(run):
        closeness = _closeness(word, term, term_stem, term_key)
        if closeness:
            yield _Place(number, index, index, closeness)


def _closeness(word: Word, term: str, term_stem: str, term_key: str | None) -> Closeness | None:
    if word.folded == term:
        return Closeness.EXACT
    if word.stem == term_stem:
        return Closeness.STEM
    return Closeness.SOUND if term_key and word.key == term_key else None


def _closest(places: Sequence[_Place], unit_count: int) -> tuple[Closeness | None, ...]:
    best: list[Closeness | None] = [None] * unit_count
    for place in places:
        best[place.unit] = max(best[place.unit] or place.closeness, place.closeness)
    return tuple(best)


def _in_order(units: Sequence[Unit], places: Sequence[_Place]) -> list[_Place] | None:
    """The first stretch that is the whole query as it was typed, when there is one."""
    starts = {
        (place.unit, place.first): place for place in places if place.closeness is Closeness.EXACT
    }
    for place in sorted(places, key=lambda place: place.first):
        run: list[_Place] = []
        index = place.first
        for number in range(len(units)):
            following = starts.get((number, index))
            if following is None:
                break
            run.append(following)
            index = following.last + 1
        else:
            return run
    return None


def _shortest_window(places: Sequence[_Place]) -> list[_Place]:
    """The fewest words that hold each found unit once; the first of equals."""
    ordered = sorted(places, key=lambda place: (place.first, place.last))
    found_units = {place.unit for place in ordered}
    latest: dict[int, _Place] = {}
    best: list[_Place] = []
    best_span = 0
    for place in ordered:
        latest[place.unit] = place
        if len(latest) < len(found_units):
            continue
        window = sorted(latest.values(), key=lambda place: place.first)
        span = max(place.last for place in window) - window[0].first
        if not best or span < best_span:
            best, best_span = window, span
    return best


def _highlights(places: Sequence[_Place], run: Sequence[Word]) -> tuple[Range, ...]:
    """One range a word, in order, none twice."""
    indexes = {index for place in places for index in range(place.first, place.last + 1)}
    return tuple((run[index].start, run[index].end) for index in sorted(indexes))
