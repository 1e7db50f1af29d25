"""Recordings, photos and caption files, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.assets import service
from portal.assets.models import (
    Asset,
    AssetState,
    CapturedAtSource,
    Kind,
    Rendition,
    RenditionKind,
    Step,
    StepState,
)
from portal.assets.views import POSTER, asset_path, asset_title, is_playable, photo_sizes
from portal.delivery.urls import captions_path, hls_path, rendition_path
from portal.errors import InvalidInput
from portal.events import service as events
from portal.events.models import Event
from portal.transcripts import service as transcripts
from portal.transcripts.models import Transcript, TranscriptStatus
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
STEPS = tuple(Step)
SHOWN = frozenset({RenditionKind.VIDEO, RenditionKind.AUDIO, RenditionKind.IMAGE})


@dataclass(frozen=True)
class Described:
    """An asset with what stands in other tables."""

    asset: Asset
    event: Event
    transcripts: Sequence[Transcript]


async def show_asset(request: Request) -> Response:
    described = await in_transaction(
        request, _find, request.path_params["id"], viewer=viewer_of(request)
    )
    return JSONResponse(asset_json(request, described))


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
    listed = [asset_json(request, described) for described in found[:limit]]
    return JSONResponse({"assets": listed, "next": following})


def asset_json(request: Request, described: Described) -> Mapping[str, object]:
    asset, event = described.asset, described.event
    language = language_of(request)
    return {
        "id": asset.id,
        "kind": asset.kind,
        "event": event.slug,
        "title": str(asset_title(asset, language=language, event=event)),
        "state": service.state_of(asset),
        "steps": [
            {"name": record.name, "state": record.state, "detail": record.detail}
            for record in sorted(asset.steps, key=lambda record: STEPS.index(record.name))
        ],
        "duration_seconds": asset.duration_seconds,
        "width": asset.width,
        "height": asset.height,
        "captured_at": asset.captured_at.isoformat() if asset.captured_at else None,
        "size_bytes": asset.original.size_bytes if asset.original else None,
        "sha256": asset.original.sha256 if asset.original else None,
        "hls_url": absolute(request, hls_path(asset.id)) if is_playable(asset) else None,
        "poster_url": _poster_url(request, asset),
        "renditions": [_rendition_json(r) for r in asset.renditions if r.kind in SHOWN],
        "transcripts": [
            {
                "language": transcript.language,
                "status": transcript.status,
                "url": absolute(request, captions_path(asset.id, transcript.language)),
            }
            for transcript in described.transcripts
        ],
        "photo": asdict(asset.photo) if asset.photo else None,
        "page_url": absolute(request, asset_path(asset, language=language)),
    }


def _rendition_json(rendition: Rendition) -> Mapping[str, object]:
    return {
        "name": rendition.name,
        "width": rendition.width,
        "height": rendition.height,
        "bandwidth_bps": rendition.bandwidth_bps,
        "codecs": rendition.codecs,
    }


def _poster_url(request: Request, asset: Asset) -> str | None:
    """A recording's poster, a photo's smallest size."""
    if asset.kind is Kind.PHOTO:
        image = next(iter(photo_sizes(asset)), None)
    else:
        image = asset.rendition(POSTER)
    return absolute(request, rendition_path(asset.id, image.name)) if image else None


def _find(connection: Connection, asset_id: str, *, viewer: Viewer) -> Described:
    """Raises NotFound."""
    asset = service.get_asset(connection, asset_id, viewer=viewer)
    event = events.get_event_by_id(connection, asset.event_id, viewer=viewer)
    return _described(connection, asset, event, viewer=viewer)


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
    return [_described(connection, asset, event, viewer=viewer) for asset in found]


def _described(connection: Connection, asset: Asset, event: Event, *, viewer: Viewer) -> Described:
    spoken: Sequence[Transcript] = ()
    if asset.kind is not Kind.PHOTO:
        spoken = transcripts.transcripts_of(connection, asset.id, viewer=viewer, with_cues=False)
    return Described(asset, event, spoken)


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

_TEXT = {"type": ["string", "null"]}
_INTEGER = {"type": ["integer", "null"]}
_URL = {**_TEXT, "format": "uri"}
_STEP = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "state": {"enum": [state.value for state in StepState]},
        "detail": {**_TEXT, "description": "A sentence, when something is missing or wrong."},
    },
}
_RENDITION = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "width": _INTEGER,
        "height": _INTEGER,
        "bandwidth_bps": _INTEGER,
        "codecs": _TEXT,
    },
}
_TRANSCRIPT = {
    "type": "object",
    "properties": {
        "language": {"type": "string"},
        "status": {"enum": [status.value for status in TranscriptStatus]},
        "url": {**_URL, "description": "A WebVTT file."},
    },
}
_PHOTO_TEXTS = (
    "caption",
    "headline",
    "creator",
    "credit",
    "source",
    "copyright",
    "city",
    "country",
    "camera",
    "lens",
    "exposure",
    "original_filename",
    "placeholder",
)
_TEXTS = {"type": "array", "items": {"type": "string"}}
_PHOTO = {
    "type": ["object", "null"],
    "properties": {
        **dict.fromkeys(_PHOTO_TEXTS, _TEXT),
        "captions": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "By language, where the photo names it.",
        },
        "keywords": _TEXTS,
        "people_shown": {**_TEXTS, "description": "Names, as the photo writes them."},
        "orientation": {**_INTEGER, "description": "Of the original, as EXIF counts, 1 to 8."},
        "captured_at_source": {
            "enum": [*(source.value for source in CapturedAtSource), None],
            "description": "What told in which zone its clock was.",
        },
    },
}
_ASSET = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "kind": {"enum": [kind.value for kind in Kind]},
        "event": {"type": "string", "description": "The event's slug."},
        "title": {"type": "string"},
        "state": {"enum": [state.value for state in AssetState]},
        "steps": {"type": "array", "items": _STEP},
        "duration_seconds": {"type": ["number", "null"]},
        "width": _INTEGER,
        "height": _INTEGER,
        "captured_at": {**_TEXT, "format": "date-time"},
        "size_bytes": {**_INTEGER, "description": "Of the original."},
        "sha256": {**_TEXT, "description": "Of the original; null until it is verified."},
        "hls_url": {**_URL, "description": "Null while nothing plays."},
        "poster_url": _URL,
        "renditions": {"type": "array", "items": _RENDITION},
        "transcripts": {"type": "array", "items": _TRANSCRIPT},
        "photo": _PHOTO,
        "page_url": _URL,
    },
}
_LANGUAGE = Parameter("lang", "Of titles and pages: en, ru or be.")

operations: Sequence[Operation] = [
    Operation(
        method="GET",
        path=ASSET_PATH,
        summary="One recording, photo or caption file",
        answer=_ASSET,
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
                "assets": {"type": "array", "maxItems": LIMIT_MAX, "items": _ASSET},
                "next": {**_URL, "description": "The address of what follows; null at the end."},
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
