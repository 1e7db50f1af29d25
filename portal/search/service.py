"""Searching: candidates of the engine, checked against Postgres, ranked and presented."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from portal.errors import InvalidInput, SearchUnavailable
from portal.jobs import Lane
from portal.jobs import service as jobs_service
from portal.languages import in_language
from portal.search import repository
from portal.search.cursor import read_cursor, write_cursor
from portal.search.documents import Document, DocumentKind
from portal.search.engines.interface import (
    Candidate,
    CandidateQuery,
    Candidates,
    SearchEngine,
)
from portal.search.grouping import count_listed, count_matches, without_repeats
from portal.search.hits import RankedHit, shown_in
from portal.search.indexing import (
    check_index,
    fill_empty_index,
    index_asset,
    index_event,
    rebuild_index,
)
from portal.search.models import (
    LIMIT_MAX,
    Counts,
    SearchHit,
    SearchRequest,
    SearchResults,
)
from portal.search.query import Query, parse_query
from portal.search.ranking import rank_all
from portal.search.repository import EventLabel
from portal.visibility import Viewer

__all__ = [
    "check_index",
    "fill_empty_index",
    "index_asset",
    "index_event",
    "rebuild_index",
    "search",
]

NOTHING = Candidates(items=(), total=0)
CATCHING_UP_SECONDS = 5.0
"""Changes that have been waiting for so long are missed by readers."""


def search(
    connection: Connection, engine: SearchEngine, request: SearchRequest, *, viewer: Viewer
) -> SearchResults:
    """The best hits that the viewer may see. Raises InvalidInput for a bad limit or cursor.

    Without an engine there are no hits; `partial` says that there may be some, or more.
    """
    started = time.perf_counter()
    _check_limit(request.limit)
    offset = read_cursor(request.cursor)
    query = parse_query(request.query)
    found, is_away = _candidates(connection, engine, request, query, viewer)
    labels = _visible_events(connection, found.items, viewer)
    visible = _visible_candidates(connection, found.items, labels, viewer)
    matches = rank_all(query, visible, language=request.shown_language)
    listed = list(without_repeats(matches))
    page = [
        shown_in(hit, request.shown_language, query=query)
        for hit in listed[offset : offset + request.limit]
    ]
    after = offset + len(page)
    counts = _counts(connection, found, visible, viewer)
    return SearchResults(
        query=request.query,
        total=counts.total,
        hits=_present(connection, page, labels, request.languages),
        facets=counts.facets,
        partial=is_away or _is_catching_up(connection),
        is_away=is_away,
        took_ms=round((time.perf_counter() - started) * 1000, 1),
        next_cursor=write_cursor(after) if page and after < len(listed) else None,
        listed=count_listed(matches) if _is_whole(found) else None,
    )


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= LIMIT_MAX:
        sentence = f"The limit is a number from 1 to {LIMIT_MAX}."
        raise InvalidInput(sentence, fields={"limit": sentence})


def _candidates(
    connection: Connection,
    engine: SearchEngine,
    request: SearchRequest,
    query: Query,
    viewer: Viewer,
) -> tuple[Candidates, bool]:
    """What the engine finds, and whether it is away."""
    if query.is_empty:
        return NOTHING, False
    now = repository.database_now(connection)
    try:
        wanted = CandidateQuery(query.terms, query.phrases, viewer, now, request.filters)
        return engine.candidates(wanted), False
    except SearchUnavailable:
        return NOTHING, True


def _is_catching_up(connection: Connection) -> bool:
    return jobs_service.is_behind(connection, Lane.INDEX, seconds=CATCHING_UP_SECONDS)


def _visible_events(
    connection: Connection, candidates: Sequence[Candidate], viewer: Viewer
) -> Mapping[str, EventLabel]:
    event_ids = {one.document.event_id for one in candidates if one.document.event_id}
    return repository.visible_events(connection, event_ids, viewer=viewer)


def _visible_candidates(
    connection: Connection,
    candidates: Sequence[Candidate],
    labels: Mapping[str, EventLabel],
    viewer: Viewer,
) -> list[Candidate]:
    """Postgres decides; the index may lag behind it for a moment."""
    asset_ids = {asset_id for one in candidates for asset_id in _asset_ids(one.document)}
    visible = repository.visible_asset_ids(connection, asset_ids, viewer=viewer)
    return [
        one
        for one in candidates
        if one.document.event_id in labels and _asset_ids(one.document) <= visible
    ]


def _counts(
    connection: Connection, found: Candidates, visible: Sequence[Candidate], viewer: Viewer
) -> Counts:
    """Total and facets, which must not speak of what the index should have forgotten.

    What the engine counts beyond its candidates was not looked at one by one: its figures are
    taken only when nothing among its candidates, and no event that it names, is hidden.
    """
    is_current = len(visible) == len(found.items)
    if not _is_whole(found) and is_current and _are_settled(connection, found, viewer):
        return Counts(found.total, found.facets)
    return count_matches([candidate.document for candidate in visible])


def _is_whole(found: Candidates) -> bool:
    """Whether every match is among the candidates."""
    return found.total <= len(found.items)


def _are_settled(connection: Connection, found: Candidates, viewer: Viewer) -> bool:
    events = found.facets.get("event", {})
    is_complete = sum(events.values()) == found.total
    return is_complete and repository.are_settled(connection, events.keys(), viewer=viewer)


def _asset_ids(document: Document) -> set[str]:
    """Assets that must be visible for the document to be: captions and what they are shown on."""
    return {document.asset_id, document.owner_id} if document.asset_id else set()


def _present(
    connection: Connection,
    page: Sequence[RankedHit],
    labels: Mapping[str, EventLabel],
    languages: Sequence[str],
) -> tuple[SearchHit, ...]:
    asset_ids = {hit.document.asset_id for hit in page if hit.document.asset_id}
    posters = repository.poster_names(connection, asset_ids)
    slugs = repository.person_slugs(connection, {name for hit in page if (name := _name(hit))})
    return tuple(
        _search_hit(hit, labels[hit.document.event_id or ""], posters, slugs, languages)
        for hit in page
    )


def _search_hit(
    hit: RankedHit,
    event: EventLabel,
    posters: Mapping[str, str],
    slugs: Mapping[str, str],
    languages: Sequence[str],
) -> SearchHit:
    document, name = hit.document, _name(hit)
    return SearchHit(
        kind=document.kind,
        event_slug=event.slug,
        event_title=event.title,
        asset_id=document.asset_id,
        title=document.title or in_language(event.title, (*languages, event.default_language)),
        start_seconds=hit.start_seconds,
        end_seconds=hit.end_seconds,
        person_slug=document.person_slug or slugs.get(name or ""),
        person_name=name,
        language=document.language,
        text=hit.text,
        highlights=hit.highlights,
        poster=posters.get(document.asset_id or ""),
        happened_at=document.happened_at,
        time_zone=event.time_zone,
    )


def _name(hit: RankedHit) -> str | None:
    """Who speaks, or whom the document is about."""
    return hit.document.title if hit.document.kind is DocumentKind.PERSON else hit.speaker
