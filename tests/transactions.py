"""Transactions that wait for one another: a test goes on once they really do."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from sqlalchemy import Engine, text

_WAITING = text(
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and wait_event_type = 'Lock'"
)


def wait_until_blocked(engine: Engine, *running: Future[Any]) -> None:
    """Return once the transactions behind all of `running` wait for another one.

    Fails when one ends instead: it did not wait.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.execute(_WAITING).scalar_one() < len(running):
            ended = [future for future in running if future.done()]
            assert not ended, f"it did not wait: {ended}"
