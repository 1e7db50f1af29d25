"""Health: whether this process lives, and whether what it works with answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.errors import ObjectMissing, PortalError
from portal.ids import new_id
from portal.runtime import Runtime
from portal.storage import keys
from portal.web.transactions import runtime_of

OK = "ok"


async def show_alive(request: Request) -> Response:  # noqa: ARG001  (a handler's signature)
    return JSONResponse({"status": OK})


async def show_ready(request: Request) -> Response:
    """503 as soon as one part is away; each part is named with "ok" or a sentence."""
    parts = await run_in_threadpool(check_parts, runtime_of(request))
    is_ready = all(finding == OK for finding in parts.values())
    return JSONResponse(
        {"status": OK if is_ready else "unavailable", "parts": dict(parts)},
        status_code=200 if is_ready else 503,
        headers={"Cache-Control": "no-store"},
    )


def check_parts(runtime: Runtime) -> Mapping[str, str]:
    checks: Mapping[str, Callable[[Runtime], None]] = {
        "database": _check_database,
        "storage": _check_storage,
        "search": _check_search,
    }
    return {name: _finding(check, runtime) for name, check in checks.items()}


def _finding(check: Callable[[Runtime], None], runtime: Runtime) -> str:
    try:
        check(runtime)
    except PortalError as error:
        return str(error)
    return OK


def _check_database(runtime: Runtime) -> None:
    """The pool asks the server for a sign of life whenever it hands out a connection."""
    runtime.engine.connect().close()


def _check_storage(runtime: Runtime) -> None:
    """A store that can say that an object is missing answers and lets us in."""
    try:
        runtime.store.head(keys.doctor_probe(new_id()))
    except ObjectMissing:
        return


def _check_search(runtime: Runtime) -> None:
    runtime.search.status()


routes = [
    Route("/healthz", show_alive),
    Route("/readyz", show_ready),
]
