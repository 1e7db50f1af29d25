"""The desk's page of an event's cameras: their clocks, and what a correction would change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from portal.assets import service as assets_service
from portal.assets.models import Kind
from portal.desk.clocks.views import CamerasSubject, Given, cameras_page
from portal.errors import InvalidInput
from portal.events import service as events_service
from portal.photos import service as photos_service
from portal.photos.shifts import read_shift
from portal.visibility import Viewer
from portal.web.forms import is_storable, read_form, text_field
from portal.web.i18n import gettext, language_of, msg
from portal.web.templating import render
from portal.web.transactions import in_transaction
from portal.web.viewers import account_of

PHOTOS_MAX = 5000
BAD_SHIFT = msg(
    "Write a correction as hours, minutes and seconds: +01:00:00, or -00:02 for a clock that is "
    "two minutes fast."
)
BAD_TIME = msg("Give the day and time that the clock in the photo shows.")
NO_PHOTO = msg("Choose the photo that shows a clock.")
TOO_FAR = msg("A clock can be corrected by sixty years at most.")


async def show_cameras(request: Request) -> Response:
    """With a camera in the address also what the correction that is asked for would change."""
    viewer, language = account_of(request).viewer, language_of(request)
    slug = request.path_params["slug"]
    subject = await in_transaction(
        request, _subject, slug, _given(request.query_params), viewer=viewer
    )
    fault = subject.given.fault if subject.given else ""
    if subject.given:
        told = replace(subject.given, fault=gettext(language, fault) if fault else "")
        subject = replace(subject, given=told)
    page = cameras_page(subject, language=language)
    return render(request, "desk/cameras.html", status_code=400 if fault else 200, page=page)


async def correct(request: Request) -> Response:
    viewer = account_of(request).viewer
    form = await read_form(request)
    slug = request.path_params["slug"]
    camera, seconds = _number(text_field(form, "camera")), _number(text_field(form, "seconds"))
    if camera is None or seconds is None:
        raise InvalidInput(BAD_SHIFT)
    await in_transaction(request, _correct, slug, camera, seconds, viewer=viewer)
    return RedirectResponse(f"/desk/events/{slug}/cameras#camera-{camera}", status_code=303)


def _subject(
    connection: Connection, slug: str, given: Given | None, *, viewer: Viewer
) -> CamerasSubject:
    event = events_service.get_event(connection, slug, viewer=viewer)
    photos = assets_service.list_assets(
        connection, viewer=viewer, event_id=event.id, kinds=[Kind.PHOTO], limit=PHOTOS_MAX
    )
    subject = CamerasSubject(
        event=event,
        cameras=photos_service.list_cameras(connection, event.id),
        clocks=photos_service.list_clocks(connection, event.id),
        photos={photo.id: photo for photo in photos},
    )
    if given is None or given.camera not in {camera.number for camera in subject.cameras}:
        return subject
    try:
        return replace(subject, given=given, seconds=_seconds_of(given, subject))
    except InvalidInput as error:
        return replace(subject, given=replace(given, fault=str(error)))


def _correct(
    connection: Connection, slug: str, camera: int, seconds: int, *, viewer: Viewer
) -> None:
    event = events_service.get_event(connection, slug, viewer=viewer)
    photos_service.shift_clock(connection, event.id, camera, seconds=seconds)


def _given(query: QueryParams) -> Given | None:
    camera = _number(query.get("camera", ""))
    texts = {name: query.get(name, "").strip() for name in ("shift", "photo", "shows")}
    if camera is None or not all(map(is_storable, texts.values())):
        return None
    return Given(camera=camera, **texts)


def _seconds_of(given: Given, subject: CamerasSubject) -> int:
    """How slow the camera's clock is said to be. Raises InvalidInput."""
    seconds = _by_photo(given, subject) if given.photo or given.shows else read_shift(given.shift)
    if seconds is None:
        raise InvalidInput(BAD_SHIFT)
    if abs(seconds) > photos_service.SHIFT_SECONDS_MAX:
        raise InvalidInput(TOO_FAR)
    return seconds


def _by_photo(given: Given, subject: CamerasSubject) -> int:
    """From what the clock in a photo shows, on the event's own clocks. Raises InvalidInput."""
    found = next(
        (each for each in subject.clocks_of(given.camera) if each.asset_id == given.photo), None
    )
    if found is None:
        raise InvalidInput(NO_PHOTO)
    try:
        shows = datetime.fromisoformat(given.shows)
        true_time = shows if shows.tzinfo else shows.replace(tzinfo=subject.event.zone)
        return found.clock.behind_seconds(true_time, zone=found.zone)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(BAD_TIME) from error


def _number(given: str) -> int | None:
    """None for what is no whole number, or one that nobody means."""
    digits = given.strip().removeprefix("-")
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 12
    return int(given) if is_number else None


routes = [
    Route("/desk/events/{slug}/cameras", show_cameras),
    Route("/desk/events/{slug}/cameras", correct, methods=["POST"]),
]
