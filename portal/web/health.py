"""Health: whether this process lives, and whether what it works with answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.errors import ObjectMissing, PortalError
from portal.runtime import Runtime
from portal.storage import keys
from portal.web.transactions import runtime_of

OK, AWAY = "ok", "away"


async def show_alive(request: Request) -> Response:  # noqa: ARG001  (a handler's signature)
    return JSONResponse({"status": OK})


async def show_ready(request: Request) -> Response:
    """503 as soon as one part is away. Anybody may ask, so that the reasons go to the log."""
    found = await run_in_threadpool(check_parts, runtime_of(request))
    is_ready = all(reason is None for reason in found.values())
    _log_changes(request.app.state, found)
    parts = {name: OK if reason is None else AWAY for name, reason in found.items()}
    return JSONResponse(
        {"status": OK if is_ready else "unavailable", "parts": parts},
        status_code=200 if is_ready else 503,
        headers={"Cache-Control": "no-store"},
    )


def check_parts(runtime: Runtime) -> Mapping[str, str | None]:
    """{part: why it is away, None if it is not}"""
    checks: Mapping[str, Callable[[Runtime], None]] = {
        "database": _check_database,
        "storage": _check_storage,
        "search": _check_search,
    }
    return {name: _finding(check, runtime) for name, check in checks.items()}


def _log_changes(state: State, found: Mapping[str, str | None]) -> None:
    """Once per change: whoever asks does so every few seconds."""
    if found != getattr(state, "parts_found", {}):
        for name, reason in found.items():
            if reason is not None:
                structlog.get_logger().warning("health.part_away", part=name, reason=reason)
        state.parts_found = found


def _finding(check: Callable[[Runtime], None], runtime: Runtime) -> str | None:
    try:
        check(runtime)
    except PortalError as error:
        return str(error)
    return None


def _check_database(runtime: Runtime) -> None:
    """The pool asks the server for a sign of life whenever it hands out a connection."""
    runtime.engine.connect().close()


def _check_storage(runtime: Runtime) -> None:
    """A store that can say that an object is missing answers and lets us in."""
    try:
        runtime.store.head(keys.READINESS_PROBE)
    except ObjectMissing:
        return


def _check_search(runtime: Runtime) -> None:
    runtime.search.status()


routes = [
    Route("/healthz", show_alive),
    Route("/readyz", show_ready),
]
