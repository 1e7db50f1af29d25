"""A hit: a document, what is shown of it, and the second at which its words are spoken. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from portal.search.documents import Document, TimedText
from portal.search.matching import Match, Range, find_match, units_of
from portal.search.query import Query
from portal.search.snippets import snippet, within


@dataclass(frozen=True)
class RankedHit:
    """`highlights` are ranges of `text`; seconds and speaker are those of the matching cues."""

    document: Document
    text: str
    highlights: tuple[Range, ...] = ()
    start_seconds: float | None = None
    end_seconds: float | None = None
    speaker: str | None = None


def hit_of(document: Document, match: Match | None) -> RankedHit:
    """`match` is what the document's text holds of the query."""
    if match is None:
        return RankedHit(document, *snippet(document.text, (0, 0)))
    if document.cues:
        return _moment(document, match)
    return RankedHit(document, *snippet(document.text, match.window, match.highlights))


def shown_in(hit: RankedHit, language: str | None, *, query: Query) -> RankedHit:
    """The hit in this language when its document has a version in it; spoken words have none."""
    for version in hit.document.versions:
        if version.language == language:
            document = replace(
                hit.document, language=language, title=version.title, text=version.text
            )
            return hit_of(document, find_match(units_of(query), version.text))
    return hit


def _moment(document: Document, match: Match) -> RankedHit:
    """The cues that hold the match, shown with their neighbours."""
    cues = document.cues
    first, last = _cue_index(cues, match.window[0]), _cue_index(cues, match.window[1] - 1)
    lead, trail = cues[max(first - 1, 0)], cues[min(last + 1, len(cues) - 1)]
    start, end = lead.offset, trail.offset + trail.length
    return RankedHit(
        document,
        text=document.text[start:end],
        highlights=within(match.highlights, start, end),
        start_seconds=cues[first].start_seconds,
        end_seconds=max(cue.end_seconds for cue in cues[first : last + 1]),
        speaker=cues[first].speaker,
    )


def _cue_index(cues: Sequence[TimedText], offset: int) -> int:
    """The cue that the code point at `offset` belongs to."""
    return bisect_right(cues, offset, key=lambda cue: cue.offset) - 1
