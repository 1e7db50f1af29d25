"""What a web process runs: the application over a runtime of its own.

granian --interface asgi --factory portal.web.server:app_from_environment
"""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from starlette.applications import Starlette
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.app import create_app
from portal.errors import DatabaseUnavailable
from portal.installation.service import require_sound
from portal.logs import configure_logging
from portal.metrics.gathering import answering
from portal.runtime import open_runtime
from portal.settings import Settings, load_settings
from portal.supervisor import LIFELINE_FD, PRIVATE_UMASK, watch_lifeline
from portal.web.stopping import note_stop_signals


class WebProcess:
    """Opens the runtime when the server starts us and closes it when the server stops us."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app: Starlette | None = None
        self.router = Router(default=self._serve, lifespan=self._lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.router(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _router: object) -> AsyncIterator[None]:
        # Opening blocks, which is right here: no request is served before it is done.
        with open_runtime(self.settings) as runtime, answering(self.settings, role="web"):
            with suppress(DatabaseUnavailable):  # pages say that it is away
                require_sound(runtime)
            self.app = create_app(runtime)
            note_stop_signals()
            async with self.app.router.lifespan_context(self.app):
                yield

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.app is None:
            raise RuntimeError("the server sent a request before it opened the lifespan")
        await self.app(scope, receive, send)


def app_from_environment() -> ASGIApp:
    """The factory that the server calls in each of its processes."""
    os.umask(PRIVATE_UMASK)
    if _has_lifeline():
        watch_lifeline(_stop_this_server)
    settings = load_settings()
    configure_logging(settings)
    return WebProcess(settings)


def _has_lifeline() -> bool:
    """Whether a supervisor started us; a terminal or /dev/null is nobody's lifeline."""
    return stat.S_ISFIFO(os.fstat(LIFELINE_FD).st_mode)


def _stop_this_server() -> None:
    """Granian ends all of its processes in good order when one of them stops."""
    structlog.get_logger().warning("web.supervisor_gone")
    os.kill(os.getpid(), signal.SIGTERM)
