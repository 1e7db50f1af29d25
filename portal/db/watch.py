"""Keeps an embedded server alive: whoever serves starts it again when it dies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from portal.db.embedded import DURABLE, ensure_running, server_folder
from portal.errors import DatabaseUnavailable
from portal.settings import Settings

WATCH_SECONDS = 1.0

_log = structlog.get_logger(__name__)


@contextmanager
def kept_running(settings: Settings) -> Iterator[None]:
    """Look after the server that the caller uses, while the context lasts.

    An outside one is not ours to start.
    """
    if not settings.is_embedded_database:
        yield
        return
    stop = threading.Event()
    folder = server_folder(settings)
    watch = threading.Thread(target=_watch, args=(folder, stop), name="database-watch")
    watch.start()
    try:
        yield
    finally:
        stop.set()
        watch.join()


def _watch(folder: Path, stop: threading.Event) -> None:
    told = ""
    while not stop.wait(WATCH_SECONDS):
        try:
            if ensure_running(folder, durability=DURABLE):
                _log.warning("database.started_again")
            told = ""
        except DatabaseUnavailable as error:
            if str(error) != told:
                _log.error("database.cannot_start", reason=str(error))
            told = str(error)
