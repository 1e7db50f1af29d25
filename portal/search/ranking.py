"""Candidates in, hits in order out; the same for every engine. Pure.

    a person of that name  >  words in which that person is spoken of  >  everything else:
    the query word by word  >  all its words near one another  >  all as written
                            >  some only by stem  >  some only by sound
and within each: spoken, in a title, in a name, in a text, anywhere in a photo's words; then the
shorter stretch; then the reader's language; then the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from portal.search.documents import Document, DocumentKind
from portal.search.engines.interface import Candidate
from portal.search.grouping import without_repeats
from portal.search.hits import RankedHit, hit_of
from portal.search.matching import Closeness, Match, Unit, find_match, units_of
from portal.search.query import Query

NEAR_WORDS = 8
"""So many other words may stand between words that count as near."""


class About(IntEnum):
    """What a document has to do with the person whose name the query is."""

    NOTHING = 0
    MENTION = 1
    PERSON = 2


class Tier(IntEnum):
    SPREAD = 0  # completed only by title, names and text together
    BY_SOUND = 1
    BY_STEM = 2
    AS_WRITTEN = 3
    NEAR = 4
    WORD_BY_WORD = 5


class Place(IntEnum):
    TEXT = 0
    NAME = 1
    TITLE = 2
    SPEECH = 3


@dataclass(frozen=True, order=True)
class _Rank:
    """Greater is better."""

    about: About
    tier: Tier
    is_no_photo: bool
    place: Place
    nearness: int
    is_in_language: bool


@dataclass(frozen=True)
class _Judged:
    """A candidate with its rank; `match` is what its text holds of the query."""

    document: Document
    match: Match | None
    rank: _Rank

    @property
    def key(self) -> tuple[_Rank, float, float, str]:
        """Of equals the newest, then what was said first. No engine's score: each has its own."""
        happened_at, cues = self.document.happened_at, self.document.cues
        return (
            self.rank,
            happened_at.timestamp() if happened_at else 0.0,
            -cues[0].start_seconds if cues else 0.0,
            self.document.id,
        )


def rank(
    query: Query, candidates: Sequence[Candidate], *, language: str | None = None
) -> list[RankedHit]:
    """The best first; what is the same thing to a reader stands once, at its best place."""
    return list(without_repeats(rank_all(query, candidates, language=language)))


def rank_all(
    query: Query, candidates: Sequence[Candidate], *, language: str | None = None
) -> list[RankedHit]:
    """A hit for each candidate, the best first; `language` is the reader's."""
    units = units_of(query)
    named = _named(units, candidates)
    judged = [_judge(units, candidate, named, language) for candidate in candidates]
    judged.sort(key=lambda one: one.key, reverse=True)
    return [hit_of(one.document, one.match) for one in judged]


def _named(units: Sequence[Unit], candidates: Sequence[Candidate]) -> frozenset[str]:
    """Slugs of the people whose name the query is."""
    return frozenset(
        one.document.person_slug
        for one in candidates
        if one.document.person_slug
        and any(_is_complete(units, name) for name in _names_of_person(one.document))
    )


def _names_of_person(person: Document) -> Iterator[str]:
    """Not their roles, which they are found by too."""
    roles = {person.text, *(version.text for version in person.versions)}
    yield person.title
    yield from (name for name in person.names if name not in roles)


def _is_complete(units: Sequence[Unit], text: str) -> bool:
    match = find_match(units, text)
    return match is not None and match.is_complete


def _judge(
    units: Sequence[Unit], candidate: Candidate, named: frozenset[str], language: str | None
) -> _Judged:
    document = candidate.document
    in_text = find_match(units, document.text)
    place_of_text = Place.SPEECH if document.kind is DocumentKind.PASSAGE else Place.TEXT
    matches = [(place_of_text, in_text)]
    matches += [(place, find_match(units, name)) for place, name in _names(document, in_text)]
    tier, place, nearness = max(
        (
            (_tier(units, match), place, -match.word_span)
            for place, match in matches
            if match and match.is_complete
        ),
        default=(Tier.SPREAD, place_of_text, 0),
    )
    judgement = _Rank(
        about=_about(document, in_text, named),
        tier=tier,
        is_no_photo=document.kind is not DocumentKind.PHOTO,
        place=place,
        nearness=nearness,
        is_in_language=document.language == language,
    )
    return _Judged(document, in_text, judgement)


def _about(document: Document, in_text: Match | None, named: frozenset[str]) -> About:
    """A passage speaks of a person when it holds a part of the name and they are present."""
    if document.kind is DocumentKind.PERSON and document.person_slug in named:
        return About.PERSON
    if document.kind is not DocumentKind.PASSAGE or not named or in_text is None:
        return About.NOTHING
    is_mention = in_text.is_complete or not named.isdisjoint(document.people)
    return About.MENTION if is_mention else About.NOTHING


def _names(document: Document, in_text: Match | None) -> Iterator[tuple[Place, str]]:
    """A passage stands for what is said in it, whatever its recording is called.

    But what sounds like a name that it is known to be about is that name, however it is spelt.
    """
    if document.kind is DocumentKind.PASSAGE:
        if in_text and in_text.is_complete and in_text.closeness is Closeness.SOUND:
            yield from ((Place.SPEECH, name) for name in document.names)
        return
    yield Place.TITLE, document.title
    for name in document.names:
        yield Place.NAME, name


def _tier(units: Sequence[Unit], match: Match) -> Tier:
    if match.is_in_order:
        return Tier.WORD_BY_WORD
    if match.closeness is Closeness.SOUND:
        return Tier.BY_SOUND
    if match.closeness is Closeness.STEM:
        return Tier.BY_STEM
    word_count = sum(len(unit.words) for unit in units)
    return Tier.NEAR if match.word_span <= word_count + NEAR_WORDS else Tier.AS_WRITTEN
