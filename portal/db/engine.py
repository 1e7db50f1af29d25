"""The pool of connections to Postgres, and the one place that recognises a lost database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Engine, PoolProxiedConnection, QueuePool, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from portal.errors import DatabaseUnavailable
from portal.settings import Settings

CONNECT_SECONDS_MAX = 10
POOL_WAIT_SECONDS_MAX = 30

UNAVAILABLE_CLASSES = ("08", "53", "58")
"""SQLSTATE classes: connection lost, resources exhausted (disk full too), system error.

https://www.postgresql.org/docs/16/errcodes-appendix.html
"""
UNAVAILABLE_STATES = ("57P01", "57P02", "57P03", "57P05")
"""The server is shutting down, has crashed, or does not take connections yet."""

_PLACE = re.compile(r"""( on socket)? (?P<quote>["'])/.*?(?P=quote)""")
"""How the driver names paths of the machine, such as that of a socket."""


@contextmanager
def open_engine(settings: Settings, database_url: str) -> Iterator[Engine]:
    """A pool to `database_url`, closed at the end. No connection is opened yet.

    A connection that some thread still uses then is closed as soon as it is given back.

    Whatever it runs raises DatabaseUnavailable when the database is gone.
    """
    engine = build_engine(database_url, pool_size=settings.database_pool_size)
    try:
        yield engine
    finally:
        event.listen(engine, "checkin", _close)
        engine.dispose()


def build_engine(database_url: str, *, pool_size: int) -> Engine:
    engine = create_engine(
        database_url,
        poolclass=_Pool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS_MAX,
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged; hashes and what people typed are not
        connect_args={
            "connect_timeout": CONNECT_SECONDS_MAX,
            "application_name": "press-portal",
            "options": "-c timezone=UTC",
        },
    )
    event.listen(engine, "handle_error", _translate)
    return engine


class _Pool(QueuePool):
    """Says in our words that every connection is taken, and stays so for too long."""

    def connect(self) -> PoolProxiedConnection:
        try:
            return super().connect()
        except PoolTimeoutError as error:
            raise DatabaseUnavailable(
                f"All {self.size()} database connections of this process are in use. Try again."
            ) from error


def conninfo_of(url: URL) -> str:
    """The same database for libpq, in its own form.

    As an address it would be misread: SQLAlchemy writes a space in a socket's path as "+", which
    libpq takes for a plus sign.
    """
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    named = url.translate_connect_args(username="user", database="dbname")
    return make_conninfo(**{**named, **query})


def _close(connection: psycopg.Connection[object] | None, _record: object) -> None:
    if connection is not None:  # else it was lost already
        connection.close()


def _translate(context: ExceptionContext) -> None:
    """Raise in place of a driver's error; the pool's own pings stay as they are."""
    error = context.original_exception
    if context.is_pre_ping or not isinstance(error, psycopg.Error):
        return
    if context.is_disconnect or context.connection is None or _says_unavailable(error.sqlstate):
        raise DatabaseUnavailable(_sentence(error)) from error


def _says_unavailable(state: str | None) -> bool:
    return state is not None and (state[:2] in UNAVAILABLE_CLASSES or state in UNAVAILABLE_STATES)


def _sentence(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.DiskFull):
        return "The database cannot write because its disk is full."
    reason = str(error).strip().splitlines()
    said = _PLACE.sub("", reason[0]).rstrip(".") if reason else type(error).__name__
    return f"The database cannot be reached: {said}."
