"""What handlers call often, and what is done about it now and then only."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine

from portal.errors import DatabaseUnavailable

PROGRESS_EVERY_SECONDS = 0.5
ROOM_EVERY_SECONDS = 5.0
"""Looking takes a tenth of a second when a long recording has left 50,000 segments."""


class Sparingly:
    """Passes a call on when the one before is long enough ago."""

    def __init__(self, call: Callable[[], None], *, every_seconds: float) -> None:
        self._call = call
        self._every_seconds = every_seconds
        self._called_at = time.monotonic()

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._called_at >= self._every_seconds:
            self._called_at = now
            self._call()


class Progress:
    """Writes progress by `record`, at most twice a second."""

    def __init__(self, engine: Engine, record: Callable[[Connection, float], None]) -> None:
        self._engine = engine
        self._record = record
        self._written_at = float("-inf")

    def __call__(self, progress: float) -> None:
        now = time.monotonic()
        if now - self._written_at < PROGRESS_EVERY_SECONDS:
            return
        self._written_at = now
        try:
            with self._engine.begin() as connection:
                self._record(connection, min(1.0, progress))
        except DatabaseUnavailable:
            return  # a moment's absence must not cost an hour's work
