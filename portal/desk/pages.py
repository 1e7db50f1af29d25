"""The desk: all events with their state, and for each its files, release and withdrawal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from portal.accounts.models import Account
from portal.assets import service as assets_service
from portal.assets.models import Step
from portal.desk.files.report import PARAMETER, FormReport, unpack
from portal.desk.uploading import upload_panel
from portal.desk.views import DeskEvent, DeskLine, desk_event, desk_line
from portal.errors import InvalidInput
from portal.events import service as events_service
from portal.events.models import Event
from portal.uploads import service as uploads_service
from portal.uploads.models import Upload
from portal.visibility import INSTALLATION, Viewer
from portal.web.forms import csrf_token, read_form, text_field
from portal.web.i18n import gettext, language_of, msg
from portal.web.templating import render
from portal.web.transactions import in_transaction, runtime_of
from portal.web.viewers import account_of

WELCOME = "welcome"
"""In the address when an administrator's account was just made."""
EVENTS_MAX = 200
ASSETS_MAX = 2000
PAST_AFTER = timedelta(minutes=1)
"""Someone who chose the minute under way means now."""
PAST_INSTANT = msg("This time is past. Press “Publish now” to publish at once.")
BAD_INSTANT = msg("The time of release is not a date and time.")


@dataclass(frozen=True)
class Refusal:
    """Why an event was not published, and the time that was asked for."""

    given: str
    error: InvalidInput


async def show_desk(request: Request) -> Response:
    lines = await in_transaction(
        request, _lines, viewer=account_of(request).viewer, language=language_of(request)
    )
    is_new = WELCOME in request.query_params
    return render(request, "desk/events.html", lines=lines, is_new=is_new)


async def show_event(request: Request) -> Response:
    return await _show_event(request)


async def _show_event(request: Request, refusal: Refusal | None = None) -> Response:
    account, language = account_of(request), language_of(request)
    slug = request.path_params["slug"]
    page, interrupted = await in_transaction(
        request, _event_page, slug, account=account, language=language
    )
    status_code = refusal.error.status if refusal else 200
    return render(
        request,
        "desk/event.html",
        status_code=status_code,
        page=page,
        upload=upload_panel(
            runtime_of(request).settings,
            interrupted,
            time_zone=page.time_zone,
            language=language,
        ),
        fault=gettext(language, str(refusal.error)) if refusal else "",
        at=refusal.given if refusal else "",
        sent=_sent_report(request),
    )


def _sent_report(request: Request) -> FormReport | None:
    packed = request.query_params.get(PARAMETER)
    return None if packed is None else unpack(packed, secret=csrf_token(request))


async def publish(request: Request) -> Response:
    account_of(request)
    form = await read_form(request)
    slug = request.path_params["slug"]
    at = text_field(form, "at")
    try:
        await in_transaction(request, _publish, slug, at)
    except InvalidInput as error:
        return await _show_event(request, Refusal(at, error))
    return _back(slug)


async def withdraw(request: Request) -> Response:
    account_of(request)
    await read_form(request)
    slug = request.path_params["slug"]
    await in_transaction(request, events_service.withdraw, slug)
    return _back(slug)


async def retry(request: Request) -> Response:
    account_of(request)
    form = await read_form(request)
    slug = request.path_params["slug"]
    await in_transaction(
        request, assets_service.retry_step, text_field(form, "asset"), _step_of(form)
    )
    return _back(slug)


def _lines(connection: Connection, *, viewer: Viewer, language: str) -> list[DeskLine]:
    events = events_service.list_events(connection, viewer=viewer, limit=EVENTS_MAX)
    return [desk_line(event, language=language) for event in events]


def _event_page(
    connection: Connection, slug: str, *, account: Account, language: str
) -> tuple[DeskEvent, Sequence[Upload]]:
    """The event, and what this account began to send to it and did not end."""
    viewer = account.viewer
    event = events_service.get_event(connection, slug, viewer=viewer)
    assets = assets_service.list_assets(
        connection, viewer=viewer, event_id=event.id, limit=ASSETS_MAX
    )
    states = {asset.id: assets_service.state_of(asset) for asset in assets}
    interrupted = uploads_service.list_own_uploads(
        connection, account_id=account.id, event_id=event.id
    )
    return desk_event(event, assets, states, language=language), interrupted.uploads


def _publish(connection: Connection, slug: str, given: str) -> Event:
    """`given` is an instant on the event's own clocks, or "" for now."""
    if not given:
        return events_service.publish(connection, slug)
    event = events_service.get_event(connection, slug, viewer=INSTALLATION)
    at = release_instant(given, time_zone=event.time_zone)
    check_is_ahead(at, now=datetime.now(UTC))
    return events_service.publish(connection, slug, at=at)


def release_instant(given: str, *, time_zone: str) -> datetime:
    """`2019-06-04T14:00`, as a browser sends it, on the clocks of that zone."""
    try:
        local = datetime.fromisoformat(given)
    except ValueError as error:
        raise InvalidInput(BAD_INSTANT, fields={"at": BAD_INSTANT}) from error
    return local if local.tzinfo else local.replace(tzinfo=ZoneInfo(time_zone))


def check_is_ahead(at: datetime, *, now: datetime) -> None:
    """A slip of the pen must not publish at once. Raises InvalidInput."""
    if at < now - PAST_AFTER:
        raise InvalidInput(PAST_INSTANT, fields={"at": PAST_INSTANT})


def _step_of(form: FormData) -> Step:
    name = text_field(form, "step")
    if name not in set(Step):
        raise InvalidInput(f"There is no step {name!r}.")
    return Step(name)


def _back(slug: str) -> Response:
    return RedirectResponse(f"/desk/events/{slug}", status_code=303)


routes = [
    Route("/desk/", show_desk),
    Route("/desk/events/{slug}", show_event),
    Route("/desk/events/{slug}/publish", publish, methods=["POST"]),
    Route("/desk/events/{slug}/withdraw", withdraw, methods=["POST"]),
    Route("/desk/events/{slug}/retry", retry, methods=["POST"]),
]
