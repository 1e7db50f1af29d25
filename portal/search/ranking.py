"""Candidates in, hits in order out; the same for every engine. Pure.

    the query word by word  >  all its words near one another  >  all as written
                            >  some only by stem  >  some only by sound
and within each: in the title, then in a name, then in the text; then the shorter stretch.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from portal.search.documents import Document, DocumentKind, TimedText
from portal.search.engines.interface import Candidate
from portal.search.matching import Closeness, Match, Range, Unit, find_match, units_of
from portal.search.query import Query

NEAR_WORDS = 8
"""So many other words may stand between words that count as near."""
SNIPPET_LENGTH = 280
LEAD_LENGTH = 80
"""Code points shown before the match, when a text is too long to be shown whole."""


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


@dataclass(frozen=True)
class RankedHit:
    """`highlights` are ranges of `text`; seconds and speaker are those of the matching cues."""

    document: Document
    text: str
    highlights: tuple[Range, ...] = ()
    start_seconds: float | None = None
    end_seconds: float | None = None
    speaker: str | None = None


@dataclass(frozen=True, order=True)
class _Rank:
    """Greater is better."""

    tier: Tier
    place: Place
    nearness: int
    score: float


@dataclass(frozen=True)
class _Judged:
    """A candidate with its rank; `match` is what its text holds of the query."""

    document: Document
    match: Match | None
    rank: _Rank

    @property
    def key(self) -> tuple[_Rank, float, str]:
        happened_at = self.document.happened_at
        return self.rank, happened_at.timestamp() if happened_at else 0.0, self.document.id


def rank(query: Query, candidates: Sequence[Candidate]) -> list[RankedHit]:
    """The best first; what is the same thing to a reader stands once, at its best place."""
    units = units_of(query)
    judged = [_judge(units, candidate) for candidate in candidates]
    judged.sort(key=lambda one: one.key, reverse=True)
    return list(_without_repeats(_hit(one.document, one.match) for one in judged))


def _judge(units: Sequence[Unit], candidate: Candidate) -> _Judged:
    document, score = candidate.document, candidate.score
    in_text = find_match(units, document.text)
    matches = [(Place.TEXT, in_text)]
    matches += [(place, find_match(units, name)) for place, name in _names(document)]
    ranks = (
        _Rank(_tier(units, match), place, -match.word_span, score)
        for place, match in matches
        if match and match.is_complete
    )
    return _Judged(
        document, in_text, rank=max(ranks, default=_Rank(Tier.SPREAD, Place.TEXT, 0, score))
    )


def _names(document: Document) -> Iterator[tuple[Place, str]]:
    """A passage stands for what is said in it, whatever its recording is called."""
    if document.kind is DocumentKind.PASSAGE:
        return
    yield Place.TITLE, document.title
    is_person = document.kind is DocumentKind.PERSON
    for name in document.names:
        yield Place.TITLE if is_person else Place.NAME, name


def _tier(units: Sequence[Unit], match: Match) -> Tier:
    if match.is_in_order:
        return Tier.WORD_BY_WORD
    if match.closeness is Closeness.SOUND:
        return Tier.BY_SOUND
    if match.closeness is Closeness.STEM:
        return Tier.BY_STEM
    word_count = sum(len(unit.words) for unit in units)
    return Tier.NEAR if match.word_span <= word_count + NEAR_WORDS else Tier.AS_WRITTEN


def _hit(document: Document, match: Match | None) -> RankedHit:
    if match and document.cues:
        return _moment(document, match)
    start, end = _snippet(document.text, match.window if match else (0, 0))
    if match is None:
        return RankedHit(document, document.text[start:end])
    return RankedHit(document, document.text[start:end], _within(match.highlights, start, end))


def _moment(document: Document, match: Match) -> RankedHit:
    """The cues that hold the match, shown with their neighbours."""
    cues = document.cues
    first, last = _cue_index(cues, match.window[0]), _cue_index(cues, match.window[1] - 1)
    lead, trail = cues[max(first - 1, 0)], cues[min(last + 1, len(cues) - 1)]
    start, end = lead.offset, trail.offset + trail.length
    return RankedHit(
        document,
        text=document.text[start:end],
        highlights=_within(match.highlights, start, end),
        start_seconds=cues[first].start_seconds,
        end_seconds=max(cue.end_seconds for cue in cues[first : last + 1]),
        speaker=cues[first].speaker,
    )


def _cue_index(cues: Sequence[TimedText], offset: int) -> int:
    """The cue that the code point at `offset` belongs to."""
    return bisect_right(cues, offset, key=lambda cue: cue.offset) - 1


def _snippet(text: str, window: Range) -> Range:
    """A stretch of `text` around the window, cut between words."""
    if len(text) <= SNIPPET_LENGTH:
        return 0, len(text)
    start = max(window[0] - LEAD_LENGTH, 0)
    if start > 0:
        start = text.find(" ", start, window[0]) + 1 or window[0]
    end = start + SNIPPET_LENGTH
    if end >= len(text):
        return start, len(text)
    last_space = text.rfind(" ", start, end)
    return start, last_space if last_space > start else end


def _within(ranges: Iterable[Range], start: int, end: int) -> tuple[Range, ...]:
    """Those inside `start` to `end`, counted from `start`."""
    return tuple((a - start, b - start) for a, b in ranges if start <= a and b <= end)


def _without_repeats(hits: Iterable[RankedHit]) -> Iterator[RankedHit]:
    seen: set[Hashable] = set()
    for hit in hits:
        identity = _identity(hit)
        if identity not in seen:
            seen.add(identity)
            yield hit


def _identity(hit: RankedHit) -> Hashable:
    """An event in three languages is one thing; so is a moment that two windows share."""
    document = hit.document
    match document.kind:
        case DocumentKind.PASSAGE:
            return document.kind, document.asset_id, document.language, hit.start_seconds
        case DocumentKind.PERSON:
            return document.kind, document.person_slug
        case DocumentKind.EVENT:
            return document.kind, document.event_id
        case _:
            return document.kind, document.asset_id
