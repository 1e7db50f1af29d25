"""The page of a person."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from portal.assets import service as assets_service
from portal.errors import NotFound
from portal.events import service as events_service
from portal.people import service
from portal.people.views import Appearances, PersonPage, person_page
from portal.visibility import Viewer
from portal.web.i18n import language_of
from portal.web.localized import localized
from portal.web.templating import render
from portal.web.transactions import in_transaction
from portal.web.viewers import viewer_of


async def show_person(request: Request) -> Response:
    page = await in_transaction(
        request,
        _page,
        request.path_params["slug"],
        viewer=viewer_of(request),
        language=language_of(request),
    )
    return render(request, "person.html", page=page)


def _page(connection: Connection, slug: str, *, viewer: Viewer, language: str) -> PersonPage:
    person = service.get_person(connection, slug)
    lines = events_service.list_appearances(connection, person.id, viewer=viewer)
    assets = assets_service.list_assets(connection, viewer=viewer, person_id=person.id)
    if not (lines or assets or viewer.sees_everything):
        # Someone named in drafts only: the name itself would tell of them.
        raise NotFound(f"There is no person at the address {slug!r}.")
    event_ids = list(dict.fromkeys(asset.event_id for asset in assets))
    events = events_service.events_by_ids(connection, event_ids, viewer=viewer)
    found = Appearances(
        lines=lines,
        assets=assets,
        states={asset.id: assets_service.state_of(asset) for asset in assets},
        events={event.id: event for event in events},
    )
    return person_page(person, found, language=language)


routes = localized("people/{slug}", show_person)
