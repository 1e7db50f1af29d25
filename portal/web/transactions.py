"""The way from an async edge to the sync core: one call, one transaction, one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.runtime import Runtime

P = ParamSpec("P")
T = TypeVar("T")


class RuntimeState:
    """Middleware that hands the runtime to every request as `request.state.runtime`."""

    def __init__(self, app: ASGIApp, *, runtime: Runtime) -> None:
        self.app = app
        self.runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["runtime"] = self.runtime
        await self.app(scope, receive, send)


def runtime_of(request: HTTPConnection) -> Runtime:
    """The parts that this process works with; `request.state.runtime`, typed."""
    return cast("Runtime", request.state.runtime)


async def in_transaction(
    request: HTTPConnection,
    work: Callable[Concatenate[Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run `work(connection, …)` on a thread; commits when it returns, rolls back when it raises."""
    engine = runtime_of(request).engine

    def run() -> T:
        with engine.begin() as connection:
            return work(connection, *args, **kwargs)

    return await run_in_threadpool(run)


async def in_one_statement(
    request: HTTPConnection,
    work: Callable[Concatenate[Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Like `in_transaction`, for work that is a single SELECT: that is its own transaction, and
    two of three ways to the database and back are saved.
    """
    engine = runtime_of(request).engine.execution_options(isolation_level="AUTOCOMMIT")

    def run() -> T:
        with engine.connect() as connection:
            return work(connection, *args, **kwargs)

    return await run_in_threadpool(run)
