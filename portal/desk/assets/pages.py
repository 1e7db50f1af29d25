"""The desk's page of one asset: its steps, its original, its poster."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from portal.assets import service as assets_service
from portal.assets.durations import playing_seconds
from portal.assets.models import Asset, Step
from portal.assets.renditions import STORYBOARD
from portal.desk.assets.storyboard import Still, read_storyboard
from portal.desk.assets.times import check_is_within, read_time
from portal.desk.assets.views import DeskSubject, Wish, asset_page
from portal.desk.views import asset_desk_path
from portal.errors import InvalidInput, ObjectMissing, StorageUnavailable
from portal.events import service as events_service
from portal.recordings import service as recordings_service
from portal.storage.interface import ObjectStore
from portal.transcripts import service as transcripts_service
from portal.transcripts.views import one_per_language
from portal.visibility import Viewer
from portal.web.forms import read_form, text_field
from portal.web.i18n import language_of
from portal.web.store_threads import run_in_store_thread
from portal.web.templating import render
from portal.web.transactions import in_transaction, runtime_of
from portal.web.viewers import account_of

AT = "at"
STORYBOARD_BYTES_MAX = 2_000_000


async def show_asset(request: Request) -> Response:
    return await _show(request)


async def _show(request: Request, wish: Wish | None = None, *, status_code: int = 200) -> Response:
    viewer = account_of(request).viewer
    asset_id = request.path_params["asset_id"]
    subject = await in_transaction(request, _subject, asset_id, viewer=viewer)
    stills = await run_in_store_thread(_stills, runtime_of(request).store, subject.asset)
    page = asset_page(subject, stills, language=language_of(request), wish=wish)
    return render(request, "desk/asset.html", status_code=status_code, page=page)


async def retry(request: Request) -> Response:
    account_of(request)
    form = await read_form(request)
    asset_id = request.path_params["asset_id"]
    step = _step_named(text_field(form, "step"))
    await in_transaction(request, assets_service.retry_step, asset_id, step)
    return _back(asset_id, "steps")


async def choose_poster(request: Request) -> Response:
    """By the second of a picture, or, with an empty field, as the portal chooses."""
    viewer = account_of(request).viewer
    given = text_field(await read_form(request), AT)
    asset_id = request.path_params["asset_id"]
    try:
        await in_transaction(request, _choose_poster, asset_id, given, viewer=viewer)
    except InvalidInput as error:
        return await _show(request, Wish(given, str(error)), status_code=error.status)
    return _back(asset_id, "poster")


def _subject(connection: Connection, asset_id: str, *, viewer: Viewer) -> DeskSubject:
    asset = assets_service.get_asset(connection, asset_id, viewer=viewer)
    return DeskSubject(
        asset=asset,
        state=assets_service.state_of(asset),
        detail=assets_service.detail_of(asset),
        event=events_service.get_event_by_id(connection, asset.event_id, viewer=viewer),
        recording=recordings_service.recording_of(connection, asset_id)
        if asset.kind.is_recording
        else None,
        transcripts=one_per_language(
            transcripts_service.transcripts_of(connection, asset_id, viewer=viewer, with_cues=False)
        ),
    )


def _stills(store: ObjectStore, asset: Asset) -> Sequence[Still]:
    """None of them while the store is away: the page has other uses."""
    storyboard = asset.rendition(STORYBOARD)
    if storyboard is None:
        return ()
    try:
        content = store.read(storyboard.key, length=STORYBOARD_BYTES_MAX)
    except (ObjectMissing, StorageUnavailable):
        return ()
    return read_storyboard(content.decode(errors="replace"))


def _choose_poster(connection: Connection, asset_id: str, given: str, *, viewer: Viewer) -> None:
    """Raises NotFound, InvalidInput or Conflict."""
    asset = assets_service.get_asset(connection, asset_id, viewer=viewer)
    at_seconds = read_time(given, field=AT) if given else None
    if at_seconds is not None:
        check_is_within(at_seconds, playing_seconds(asset), field=AT)
    recordings_service.choose_poster(connection, asset_id, at_seconds)


def _step_named(name: str) -> Step:
    if name not in set(Step):
        raise InvalidInput(f"There is no step {name!r}.")
    return Step(name)


def _back(asset_id: str, part: str) -> Response:
    return RedirectResponse(f"{asset_desk_path(asset_id)}#{part}", status_code=303)


_PATH = "/desk/assets/{asset_id}"

routes = [
    Route(_PATH, show_asset),
    Route(f"{_PATH}/retry", retry, methods=["POST"]),
    Route(f"{_PATH}/poster", choose_poster, methods=["POST"]),
]
