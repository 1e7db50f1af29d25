"""Recordings, photos and caption files, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Connection
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.assets import service
from portal.assets.as_json import Described, asset_json
from portal.assets.described import ASSET_SCHEMA, URL_SCHEMA
from portal.assets.models import Asset, Kind
from portal.errors import InvalidInput
from portal.events import service as events
from portal.events.models import Event
from portal.people import service as people_service
from portal.recordings import service as recordings
from portal.transcripts import service as transcripts
from portal.transcripts.models import Transcript
from portal.visibility import Viewer
from portal.web.addresses import absolute
from portal.web.i18n import language_of
from portal.web.openapi import Operation, Parameter
from portal.web.paging import OFFSET_MAX, address_from, number_parameter
from portal.web.transactions import in_transaction
from portal.web.viewers import viewer_of

ASSET_PATH = "/api/v1/assets/{id}"
EVENT_ASSETS_PATH = "/api/v1/events/{slug}/assets"
LIMIT_MAX = 500


async def show_asset(request: Request) -> Response:
    described = await in_transaction(
        request, _find, request.path_params["id"], viewer=viewer_of(request)
    )
    return JSONResponse(_json(request, described))


async def list_event_assets(request: Request) -> Response:
    parameters = request.query_params
    limit = number_parameter(parameters, "limit", default=LIMIT_MAX, least=1, most=LIMIT_MAX)
    offset = number_parameter(parameters, "offset", default=0, most=OFFSET_MAX)
    found = await in_transaction(
        request,
        _find_page,
        request.path_params["slug"],
        kinds=_kinds(parameters),
        limit=limit + 1,
        offset=offset,
        viewer=viewer_of(request),
    )
    following = address_from(request, offset + limit) if len(found) > limit else None
    listed = [_json(request, described) for described in found[:limit]]
    return JSONResponse({"assets": listed, "next": following})


def _json(request: Request, described: Described) -> Mapping[str, object]:
    return asset_json(
        described,
        language=language_of(request),
        is_editor=viewer_of(request).sees_everything,
        address=partial(absolute, request),
    )


def _find(connection: Connection, asset_id: str, *, viewer: Viewer) -> Described:
    """Raises NotFound."""
    asset = service.get_asset(connection, asset_id, viewer=viewer)
    event = events.get_event_by_id(connection, asset.event_id, viewer=viewer)
    return _described(connection, [asset], event, viewer=viewer)[0]


def _find_page(
    connection: Connection,
    slug: str,
    *,
    kinds: Sequence[Kind],
    limit: int,
    offset: int,
    viewer: Viewer,
) -> list[Described]:
    """Raises NotFound."""
    event = events.get_event(connection, slug, viewer=viewer)
    found = service.list_assets(
        connection, viewer=viewer, event_id=event.id, kinds=kinds, limit=limit, offset=offset
    )
    return _described(connection, found, event, viewer=viewer)


def _described(
    connection: Connection, found: Sequence[Asset], event: Event, *, viewer: Viewer
) -> list[Described]:
    known = recordings.recordings_of(connection, [asset.id for asset in found])
    people_ids = {person_id for asset in found for person_id in asset.people_ids}
    people = people_service.people_by_ids(connection, people_ids)
    return [
        Described(
            asset,
            event,
            transcripts=_spoken(connection, asset, viewer=viewer),
            recording=known.get(asset.id),
            people=[person for person in people if person.id in asset.people_ids],
        )
        for asset in found
    ]


def _spoken(connection: Connection, asset: Asset, *, viewer: Viewer) -> Sequence[Transcript]:
    if asset.kind is Kind.PHOTO:
        return ()
    return transcripts.transcripts_of(connection, asset.id, viewer=viewer, with_cues=False)


def _kinds(parameters: QueryParams) -> list[Kind]:
    """Repeated or comma-separated. Raises InvalidInput."""
    given = [part for value in parameters.getlist("kind") for part in value.split(",") if part]
    known = {kind.value for kind in Kind}
    if unknown := [value for value in given if value not in known]:
        sentence = f"“{unknown[0]}” is none of {', '.join(sorted(known))}."
        raise InvalidInput("The kind is wrong.", fields={"kind": sentence})
    return [Kind(value) for value in given]


routes: Sequence[Route] = [
    Route(ASSET_PATH, show_asset, methods=["GET"]),
    Route(EVENT_ASSETS_PATH, list_event_assets, methods=["GET"]),
]

_LANGUAGE = Parameter("lang", "Of titles, captions and pages: en, ru or be.")

operations: Sequence[Operation] = [
    Operation(
        method="GET",
        path=ASSET_PATH,
        summary="One recording, photo or caption file",
        answer=ASSET_SCHEMA,
        parameters=[_LANGUAGE],
        errors=[404],
    ),
    Operation(
        method="GET",
        path=EVENT_ASSETS_PATH,
        summary="What an event has, in the order of capture",
        answer={
            "type": "object",
            "properties": {
                "assets": {"type": "array", "maxItems": LIMIT_MAX, "items": ASSET_SCHEMA},
                "next": {
                    **URL_SCHEMA,
                    "description": "The address of what follows; null at the end.",
                },
            },
        },
        parameters=[
            Parameter("kind", "video, audio, photo or captions; several by commas."),
            Parameter("limit", "How many at once.", {"type": "integer", "maximum": LIMIT_MAX}),
            Parameter("offset", "How many to leave out first.", {"type": "integer"}),
            _LANGUAGE,
        ],
        errors=[400, 404],
    ),
]
