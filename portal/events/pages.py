"""The home page and the pages of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from portal.assets import service as assets_service
from portal.assets.models import Asset, Kind
from portal.assets.renditions import is_playable
from portal.events import service
from portal.events.models import Event
from portal.events.views import (
    EventPage,
    Latest,
    Material,
    Year,
    by_year,
    event_page,
    latest_view,
    lead_of,
)
from portal.recordings.views import Player, player_of
from portal.transcripts import service as transcripts_service
from portal.transcripts.views import one_per_language
from portal.visibility import PUBLIC, Viewer
from portal.web.addresses import page_path
from portal.web.i18n import language_of
from portal.web.localized import localized
from portal.web.templating import render
from portal.web.transactions import in_transaction
from portal.web.viewers import viewer_of

EVENTS_PER_PAGE = 40
PAGES_MAX = 10_000
ASSETS_MAX = 2000


@dataclass(frozen=True)
class HomePage:
    """`latest` stands large, on the first page only; then come the others by year."""

    latest: Latest | None
    years: tuple[Year, ...]
    newer_path: str
    older_path: str


async def show_home(request: Request) -> Response:
    page = await in_transaction(
        request,
        _home,
        _page_number(request.query_params.get("page")),
        language=language_of(request),
    )
    return render(request, "home.html", page=page)


async def show_event(request: Request) -> Response:
    page = await in_transaction(
        request,
        _event,
        request.path_params["slug"],
        viewer=viewer_of(request),
        language=language_of(request),
    )
    return render(request, "event.html", page=page)


def _home(connection: Connection, number: int, *, language: str) -> HomePage:
    """The same for everybody: what is not public stands on the desk, never as the latest news."""
    found = service.list_events(
        connection,
        viewer=PUBLIC,
        limit=EVENTS_PER_PAGE + 1,
        offset=(number - 1) * EVENTS_PER_PAGE,
    )
    events, is_more = found[:EVENTS_PER_PAGE], len(found) > EVENTS_PER_PAGE
    latest = None
    if number == 1 and events:
        first = events.pop(0)
        material = _material(connection, first, viewer=PUBLIC)
        latest = latest_view(first, material, language=language)
    home = page_path(language)
    return HomePage(
        latest=latest,
        years=by_year(events, language=language),
        newer_path=f"{home}?page={number - 1}" if number > 1 else "",
        older_path=f"{home}?page={number + 1}" if is_more else "",
    )


def _event(connection: Connection, slug: str, *, viewer: Viewer, language: str) -> EventPage:
    event = service.get_event(connection, slug, viewer=viewer)
    material = _material(connection, event, viewer=viewer)
    recordings = material.of(Kind.VIDEO, Kind.AUDIO)
    lead = lead_of(recordings, playable=[asset.id for asset in recordings if is_playable(asset)])
    player = None
    if lead is not None:
        player = _player(connection, lead, event=event, viewer=viewer, language=language)
    return event_page(event, material, language=language, lead=lead, lead_player=player)


def _player(
    connection: Connection, asset: Asset, *, event: Event, viewer: Viewer, language: str
) -> Player | None:
    transcripts = transcripts_service.transcripts_of(
        connection, asset.id, viewer=viewer, with_cues=False
    )
    return player_of(asset, one_per_language(transcripts), language=language, event=event)


def _material(connection: Connection, event: Event, *, viewer: Viewer) -> Material:
    assets = assets_service.list_assets(
        connection, viewer=viewer, event_id=event.id, limit=ASSETS_MAX
    )
    return Material(
        assets=assets,
        states={asset.id: assets_service.state_of(asset) for asset in assets},
        spoken=_spoken(connection, assets, viewer=viewer),
    )


def _spoken(
    connection: Connection, assets: Sequence[Asset], *, viewer: Viewer
) -> dict[str, list[str]]:
    """The languages of the transcripts shown on each asset that has any."""
    languages: dict[str, list[str]] = {}
    for asset in assets:
        if asset.kind is Kind.PHOTO:
            continue
        found = transcripts_service.transcripts_of(
            connection, asset.id, viewer=viewer, with_cues=False
        )
        own = [transcript for transcript in found if transcript.asset_id == asset.id]
        if own:
            languages[asset.id] = [transcript.language for transcript in one_per_language(own)]
    return languages


def _page_number(given: str | None) -> int:
    """Nonsense is the first page."""
    is_number = given is not None and given.isascii() and given.isdigit()
    return min(max(int(given or 1), 1), PAGES_MAX) if is_number else 1


routes = [*localized("", show_home), *localized("events/{slug}", show_event)]
