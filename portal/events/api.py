"""Events, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.events import service
from portal.events.models import Event, ProgrammeItem
from portal.languages import LocalizedText, in_language
from portal.people.models import EventPerson
from portal.web.addresses import absolute, page_path
from portal.web.i18n import language_of
from portal.web.openapi import Operation, Parameter
from portal.web.paging import OFFSET_MAX, number_parameter
from portal.web.transactions import in_transaction
from portal.web.viewers import viewer_of

EVENTS_PATH = "/api/v1/events"
EVENT_PATH = "/api/v1/events/{slug}"
LIMIT_DEFAULT = 50
LIMIT_MAX = 100


async def list_events(request: Request) -> Response:
    found = await in_transaction(
        request,
        service.list_events,
        viewer=viewer_of(request),
        limit=number_parameter(
            request.query_params, "limit", default=LIMIT_DEFAULT, most=LIMIT_MAX
        ),
        offset=number_parameter(request.query_params, "offset", default=0, most=OFFSET_MAX),
    )
    return JSONResponse({"events": [event_json(request, event) for event in found]})


async def show_event(request: Request) -> Response:
    event = await in_transaction(
        request, service.get_event, request.path_params["slug"], viewer=viewer_of(request)
    )
    return JSONResponse({**event_json(request, event), **_details(request, event)})


def event_json(request: Request, event: Event) -> Mapping[str, object]:
    """Texts are in the language of the request, or else in the event's own."""
    language = language_of(request)
    return {
        "slug": event.slug,
        "title": _text(request, event, event.title),
        "summary": _text(request, event, event.summary),
        "place": _text(request, event, event.place),
        "state": event.state,
        "starts_at": _instant(event.starts_at),
        "ends_at": _instant(event.ends_at),
        "time_zone": event.time_zone,
        "default_language": event.default_language,
        "released_at": _instant(event.released_at),
        "page_url": absolute(request, page_path(language, "events", event.slug)),
        "assets_url": absolute(request, f"{EVENTS_PATH}/{event.slug}/assets"),
    }


def _details(request: Request, event: Event) -> Mapping[str, object]:
    return {
        "body": _text(request, event, event.body),
        "credit": event.credit,
        "contact": asdict(event.contact) if event.contact else None,
        "topics": [_text(request, event, name) for name in event.topics],
        "delegations": [_text(request, event, name) for name in event.delegations],
        "people": [_person_json(request, event, person) for person in event.people],
        "programme": [_item_json(request, event, item) for item in event.programme],
    }


def _person_json(request: Request, event: Event, part: EventPerson) -> Mapping[str, object]:
    return {
        "slug": part.person.slug,
        "name": part.person.name,
        "role": _text(request, event, part.role),
        "page_url": absolute(request, page_path(language_of(request), "people", part.person.slug)),
    }


def _item_json(request: Request, event: Event, item: ProgrammeItem) -> Mapping[str, object]:
    return {
        "title": _text(request, event, item.title),
        "starts_at": _instant(item.starts_at),
        "ends_at": _instant(item.ends_at),
    }


def _text(request: Request, event: Event, texts: LocalizedText) -> str:
    return in_language(texts, [language_of(request), event.default_language])


def _instant(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


routes: Sequence[Route] = [
    Route(EVENTS_PATH, list_events, methods=["GET"]),
    Route(EVENT_PATH, show_event, methods=["GET"]),
]

_STRING = {"type": "string"}
_TEXT = {"type": ["string", "null"]}
_INSTANT = {**_TEXT, "format": "date-time"}
_EVENT_PROPERTIES: Mapping[str, object] = {
    "slug": _STRING,
    "title": _STRING,
    "summary": _STRING,
    "place": _STRING,
    "state": {"enum": ["draft", "scheduled", "public", "withdrawn"]},
    "starts_at": _INSTANT,
    "ends_at": _INSTANT,
    "time_zone": _STRING,
    "default_language": _STRING,
    "released_at": _INSTANT,
    "page_url": _STRING,
    "assets_url": _STRING,
}
_DETAIL_PROPERTIES: Mapping[str, object] = {
    "body": {**_STRING, "description": "Markdown."},
    "credit": _TEXT,
    "contact": {
        "type": ["object", "null"],
        "properties": {"name": _TEXT, "email": _TEXT, "phone": _TEXT},
    },
    "topics": {"type": "array", "items": _STRING},
    "delegations": {"type": "array", "items": _STRING},
    "people": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"slug": _STRING, "name": _STRING, "role": _STRING, "page_url": _STRING},
        },
    },
    "programme": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"title": _STRING, "starts_at": _INSTANT, "ends_at": _INSTANT},
        },
    },
}
_LANGUAGE = Parameter("lang", "Of texts and pages: en, ru or be.")
_LISTED = {"type": "object", "properties": _EVENT_PROPERTIES}

operations: Sequence[Operation] = [
    Operation(
        method="GET",
        path=EVENTS_PATH,
        summary="Events, the newest first",
        answer={
            "type": "object",
            "properties": {"events": {"type": "array", "items": _LISTED}},
        },
        parameters=[
            Parameter("limit", "How many.", {"type": "integer", "maximum": LIMIT_MAX}),
            Parameter("offset", "How many to leave out first.", {"type": "integer"}),
            _LANGUAGE,
        ],
        errors=[400],
    ),
    Operation(
        method="GET",
        path=EVENT_PATH,
        summary="One event with its programme, people, topics and delegations",
        answer={"type": "object", "properties": {**_EVENT_PROPERTIES, **_DETAIL_PROPERTIES}},
        parameters=[_LANGUAGE],
        errors=[404],
    ),
]
