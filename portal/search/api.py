"""`GET /api/v1/search`: hits to the second, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.delivery.urls import rendition_path
from portal.errors import InvalidInput
from portal.languages import PAGE_LANGUAGES
from portal.search import service
from portal.search.documents import DocumentKind
from portal.search.engines.interface import Filters
from portal.search.models import LIMIT_MAX, SearchHit, SearchRequest, SearchResults
from portal.search.urls import hit_path
from portal.web.addresses import absolute
from portal.web.i18n import language_of
from portal.web.openapi import Operation, Parameter
from portal.web.transactions import in_transaction, runtime_of
from portal.web.viewers import viewer_of

PATH = "/api/v1/search"
LIMIT_DEFAULT = 20


async def show_hits(request: Request) -> Response:
    results = await in_transaction(
        request,
        service.search,
        runtime_of(request).search,
        read_request(
            request.query_params,
            language=language_of(request),
            page_language=_wished_language(request),
        ),
        viewer=viewer_of(request),
    )
    return JSONResponse(results_json(request, results))


def _wished_language(request: Request) -> str | None:
    """None for a program that wishes none: it gets hits in the language that was found."""
    is_wished = "lang" in request.query_params or "accept-language" in request.headers
    return language_of(request) if is_wished else None


def read_request(
    parameters: QueryParams, *, language: str, page_language: str | None = None
) -> SearchRequest:
    """Raises InvalidInput naming every parameter that is wrong."""
    faults: dict[str, str] = {}
    filters = Filters(
        kinds=_kinds(parameters, faults),
        language=parameters.get("language") or None,
        event_slug=parameters.get("event") or None,
        person=parameters.get("person") or None,
        since=_instant(parameters, "from", faults),
        until=_instant(parameters, "to", faults),
    )
    limit = _limit(parameters, faults)
    if faults:
        raise InvalidInput("Some search parameters are wrong.", fields=faults)
    return SearchRequest(
        query=parameters.get("q", ""),
        filters=filters,
        limit=limit,
        cursor=parameters.get("cursor") or None,
        languages=(language, *PAGE_LANGUAGES),
        page_language=page_language,
    )


def results_json(request: Request, results: SearchResults) -> Mapping[str, object]:
    return {
        "query": results.query,
        "total": results.total,
        "hits": [hit_json(request, hit) for hit in results.hits],
        "facets": results.facets,
        "partial": results.partial,
        "took_ms": results.took_ms,
        "cursor": results.next_cursor,
    }


def hit_json(request: Request, hit: SearchHit) -> Mapping[str, object]:
    language = hit.language if hit.language in PAGE_LANGUAGES else language_of(request)
    return {
        "kind": hit.kind,
        "event": hit.event_slug,
        "asset_id": hit.asset_id,
        "title": hit.title,
        "start_seconds": hit.start_seconds,
        "end_seconds": hit.end_seconds,
        "person": hit.person_slug or hit.person_name,
        "language": hit.language,
        "text": hit.text,
        "highlights": hit.highlights,
        "page_url": absolute(request, hit_path(hit, language=language)),
        "poster_url": _poster_url(request, hit),
    }


def _poster_url(request: Request, hit: SearchHit) -> str | None:
    if hit.asset_id is None or hit.poster is None:
        return None
    return absolute(request, rendition_path(hit.asset_id, hit.poster))


def _kinds(parameters: QueryParams, faults: dict[str, str]) -> frozenset[DocumentKind]:
    """Repeated or comma-separated."""
    given = [part for value in parameters.getlist("kind") for part in value.split(",") if part]
    known = {kind.value for kind in DocumentKind}
    if unknown := [value for value in given if value not in known]:
        faults["kind"] = f"“{unknown[0]}” is none of {', '.join(sorted(known))}."
        return frozenset()
    return frozenset(DocumentKind(value) for value in given)


def _limit(parameters: QueryParams, faults: dict[str, str]) -> int:
    given = parameters.get("limit") or str(LIMIT_DEFAULT)
    if given.isascii() and given.isdigit() and len(given) <= 3 and 1 <= int(given) <= LIMIT_MAX:
        return int(given)
    faults["limit"] = f"The limit is a number from 1 to {LIMIT_MAX}."
    return LIMIT_DEFAULT


def _instant(parameters: QueryParams, name: str, faults: dict[str, str]) -> datetime | None:
    """A day (`to` includes it) or an instant; in UTC unless it says otherwise."""
    given = parameters.get(name)
    if not given:
        return None
    try:
        if len(given) > len("2026-06-04"):
            instant = datetime.fromisoformat(given)
            return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        day = date.fromisoformat(given)
    except ValueError:
        faults[name] = "Write a day as 2026-06-04 or an instant as 2026-06-04T14:00:00+03:00."
        return None
    return datetime.combine(day, time.min if name == "from" else time.max, tzinfo=UTC)


routes: Sequence[Route] = [Route(PATH, show_hits, methods=["GET"])]

_TEXT = {"type": ["string", "null"]}
_SECONDS = {"type": ["number", "null"]}
_HIT = {
    "type": "object",
    "properties": {
        "kind": {"enum": [kind.value for kind in DocumentKind]},
        "event": {"type": "string", "description": "The event's slug."},
        "asset_id": _TEXT,
        "title": {"type": "string"},
        "start_seconds": {**_SECONDS, "description": "Start of the first cue that matches."},
        "end_seconds": _SECONDS,
        "person": {**_TEXT, "description": "A person's slug, or a speaker's name."},
        "language": _TEXT,
        "text": {"type": "string"},
        "highlights": {
            "type": "array",
            "description": "Ranges of text, in Unicode code points.",
            "items": {"type": "array", "items": {"type": "integer"}},
        },
        "page_url": {"type": "string"},
        "poster_url": _TEXT,
    },
}
_RESULTS = {
    "type": "object",
    "properties": {
        "query": {"type": "string"},
        "total": {
            "type": "integer",
            "description": "Matches before grouping; at most those examined while some are hidden.",
        },
        "hits": {"type": "array", "items": _HIT},
        "facets": {"type": "object", "description": "Facet to value to count."},
        "partial": {"type": "boolean", "description": "The index is away or is catching up."},
        "took_ms": {"type": "number"},
        "cursor": {**_TEXT, "description": "Of the next page; null on the last."},
    },
}

operations: Sequence[Operation] = [
    Operation(
        method="GET",
        path=PATH,
        summary="Search what was said, shown and written",
        answer=_RESULTS,
        parameters=[
            Parameter("q", 'Words, all required; "quoted" ones stand as they are.'),
            Parameter("kind", "passage, recording, photo, event or person; several by commas."),
            Parameter("language", "Of the hit, such as ru."),
            Parameter("lang", "In which to show what has several texts: en, ru or be."),
            Parameter("event", "An event's slug."),
            Parameter("person", "A person's slug."),
            Parameter("from", "A day or an instant."),
            Parameter("to", "A day, inclusive, or an instant."),
            Parameter("limit", "How many hits.", {"type": "integer", "maximum": LIMIT_MAX}),
            Parameter("cursor", "From an earlier answer."),
        ],
        errors=[400],
    )
]
