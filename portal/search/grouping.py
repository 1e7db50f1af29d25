"""What is one thing to a reader, and how many there are of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence

from portal.search.documents import Document, DocumentKind
from portal.search.engines.interface import FACETS
from portal.search.hits import RankedHit
from portal.search.models import Counts, Facets


def without_repeats(hits: Iterable[RankedHit]) -> Iterator[RankedHit]:
    """Each thing once, at its first place."""
    seen: set[Hashable] = set()
    for hit in hits:
        identity = _identity(hit)
        if identity not in seen:
            seen.add(identity)
            yield hit


def count_listed(hits: Sequence[RankedHit]) -> Counts:
    """Of each thing once: so many are listed, and so many when a facet's value is chosen."""
    things = {_identity(hit) for hit in hits}
    found = {(*value, _identity(hit)) for hit in hits for value in _facet_values(hit.document)}
    return Counts(len(things), _tally((facet, value) for facet, value, _ in found))


def count_matches(documents: Sequence[Document]) -> Counts:
    """Of each document, whatever it is shown with."""
    values = (value for document in documents for value in _facet_values(document))
    return Counts(len(documents), _tally(values))


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


def _facet_values(document: Document) -> Iterator[tuple[str, str]]:
    yield "kind", document.kind.value
    if document.language:
        yield "language", document.language
    if document.event_slug:
        yield "event", document.event_slug
    for slug in {*document.people, *filter(None, [document.person_slug])}:
        yield "person", slug


def _tally(values: Iterable[tuple[str, str]]) -> Facets:
    counts: dict[str, Counter[str]] = {facet: Counter() for facet in FACETS}
    for facet, value in values:
        counts[facet][value] += 1
    return counts
