"""Server-sent events for the desk: every file of an event, and what becomes of it, as it happens.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from portal.assets import service as assets_service
from portal.assets.models import Asset, StepState
from portal.assets.pipeline import PIPELINE
from portal.assets.views import asset_path, asset_title
from portal.desk.views import asset_desk_path
from portal.errors import DatabaseUnavailable
from portal.events import service as events
from portal.events.models import Event
from portal.progress import service
from portal.progress.models import Snapshot, changes
from portal.visibility import Viewer
from portal.web.addresses import absolute
from portal.web.i18n import language_of
from portal.web.openapi import Operation, Parameter
from portal.web.stopping import is_stopping
from portal.web.transactions import in_transaction, runtime_of
from portal.web.viewers import account_of, is_still_signed_in

PROGRESS_PATH = "/api/v1/events/{slug}/progress"
LOOK_SECONDS = 1.0
SIGNED_IN_SECONDS = 5.0
"""A stream outlives its session by at most so long."""
HEARTBEAT_SECONDS = 15.0
"""Below the patience of common proxies."""
RETRY_MILLISECONDS = 2000
"""When a browser whose connection broke comes again."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def stream_progress(request: Request) -> Response:
    viewer = account_of(request).viewer
    slug = request.path_params["slug"]
    event = await in_transaction(request, events.get_event, slug, viewer=viewer)
    if request.method == "HEAD":
        return Response(media_type="text/event-stream", headers=HEADERS)
    return StreamingResponse(
        _stream(request, event, viewer), media_type="text/event-stream", headers=HEADERS
    )


class Watch:
    """One look per second at an event, however many streams of this process want to know."""

    def __init__(self, engine: Engine, event: Event, viewer: Viewer) -> None:
        self.streams = 0
        self.event = event
        self._engine = engine
        self._viewer = viewer
        self._lock = anyio.Lock()
        self._snapshot: Snapshot | None = None
        self._looked_at = 0.0

    async def look(self) -> Snapshot:
        """Raises DatabaseUnavailable."""
        async with self._lock:
            is_old = anyio.current_time() - self._looked_at >= LOOK_SECONDS
            if self._snapshot is None or is_old:
                self._snapshot = await run_in_threadpool(self._load, self._snapshot)
                self._looked_at = anyio.current_time()
            return self._snapshot

    def _load(self, before: Snapshot | None) -> Snapshot:
        with self._engine.connect() as connection:
            found = service.look(connection, self.event.id, viewer=self._viewer, before=before)
            if found is not before:  # its language may be another one by now
                now = events.events_by_ids(connection, [self.event.id], viewer=self._viewer)
                self.event = now[0] if now else self.event
            return found


watches: dict[tuple[Engine, str, str], Watch] = {}


@contextmanager
def _watch(engine: Engine, event: Event, viewer: Viewer) -> Iterator[Watch]:
    """Shared by all who see the same of the event."""
    key = (engine, event.id, viewer.role)
    watch = watches.setdefault(key, Watch(engine, event, viewer))
    watch.streams += 1
    try:
        yield watch
    finally:
        watch.streams -= 1
        if not watch.streams:
            del watches[key]


@dataclass
class _Clock:
    """When something is due again."""

    seconds: float
    last: float

    def is_due(self) -> bool:
        return anyio.current_time() - self.last >= self.seconds

    def restart(self) -> None:
        self.last = anyio.current_time()


async def _stream(request: Request, event: Event, viewer: Viewer) -> AsyncIterator[str]:
    """Until the session ends, the reader goes away or the server is asked to stop."""
    now = anyio.current_time()
    heartbeat, sign_in = _Clock(HEARTBEAT_SECONDS, now), _Clock(SIGNED_IN_SECONDS, now)
    mark = request.headers.get("last-event-id")
    shown: Snapshot | None = None
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    with _watch(runtime_of(request).engine, event, viewer) as watch:
        while not is_stopping():
            try:
                if sign_in.is_due():
                    if not await is_still_signed_in(request):
                        return
                    sign_in.restart()
                found: Snapshot | None = await watch.look()
            except DatabaseUnavailable:
                found = shown  # a refusal would end a browser's patience for good; this passes
            news = "" if found is None else _news(request, watch.event, shown, found, mark=mark)
            if found is not None:
                shown, mark = found, found.mark
            if heartbeat.is_due() and not news:
                news = ": still here\n\n"
            if news:
                heartbeat.restart()
                yield news
            await anyio.sleep(LOOK_SECONDS)


def _news(
    request: Request, event: Event, shown: Snapshot | None, found: Snapshot, *, mark: str | None
) -> str:
    """What is to be told; nothing to a reader who comes again and has seen all of it."""
    if found.mark == mark:
        return ""
    changed = changes(shown, found)
    messages = [
        *([_message("listing", {"ids": list(found.versions)})] if shown is None else []),
        *(_message("asset", _asset_json(request, event, asset)) for asset in changed.assets),
        *(_message("removed", {"id": asset_id}) for asset_id in changed.removed_ids),
    ]
    # Its id comes after the last of them: who has read less must be told all of it again.
    return "".join([*messages, f"id: {found.mark}\n\n"])


def _message(name: str, data: Mapping[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _asset_json(request: Request, event: Event, asset: Asset) -> Mapping[str, object]:
    language = language_of(request)
    return {
        "id": asset.id,
        "kind": asset.kind,
        "title": str(asset_title(asset, language=language, event=event)),
        "filename": asset.filename,
        "size_bytes": asset.original.size_bytes if asset.original else None,
        "state": assets_service.state_of(asset),
        "steps": _steps_json(asset),
        "notes": list(assets_service.notes_of(asset)),
        "page_url": absolute(request, asset_path(asset, language=language)),
        "desk_url": absolute(request, asset_desk_path(asset.id)),
    }


def _steps_json(asset: Asset) -> Sequence[Mapping[str, object]]:
    """Every step of its kind, also those that nobody has begun yet."""
    records = {record.name: record for record in asset.steps}
    names = [*PIPELINE[asset.kind], *(name for name in records if name not in PIPELINE[asset.kind])]
    told: list[Mapping[str, object]] = []
    for name in names:
        record = records.get(name)
        told.append(
            {
                "name": name,
                "state": record.state if record else StepState.WAITING,
                "detail": record.detail if record else None,
                "progress": record.progress if record else None,
            }
        )
    return told


routes: Sequence[Route] = [Route(PROGRESS_PATH, stream_progress, methods=["GET"])]

operations: Sequence[Operation] = [
    Operation(
        method="GET",
        path=PROGRESS_PATH,
        summary="What becomes of an event's files, as it happens",
        description="Server-sent events (text/event-stream). Each event “asset” holds one file in "
        "JSON: id, kind, title, filename, size_bytes, state, steps with name, state, detail and "
        "progress (0 to 1), notes, page_url, desk_url. First all are told, then what changes, "
        "within a second or so; “removed” holds the id of one that is gone. The stream ends with "
        "the session.",
        answer={"type": "string"},
        parameters=[
            Parameter("Last-Event-ID", "What a reader saw last.", location="header"),
            Parameter("lang", "Of titles and pages: en, ru or be."),
        ],
        errors=(401, 404),
        needs_account=True,
    )
]
