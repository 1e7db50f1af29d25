"""The application behind a real server, within the test's own process and on a free port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from granian.constants import Interfaces
from granian.server.embed import Server

from portal.app import create_app
from portal.runtime import Runtime
from tests.e2e.processes import answers_ready, free_port, wait_until


@contextmanager
def served(runtime: Runtime, *, port: int | None = None) -> Iterator[int]:
    """The port of loopback that it listens on until the end."""
    port = port or free_port()
    server = Server(create_app(runtime), port=port, interface=Interfaces.ASGI, log_enabled=False)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=[server.serve()])
    thread.start()
    try:
        wait_until(lambda: answers_ready(port))
        yield port
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join()
        loop.close()
