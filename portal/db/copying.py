"""Copies all rows from one database to another of the same schema, and compares the two."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, Table, Text

from portal.db.tables import metadata
from portal.errors import DatabaseUnavailable

NOT_COPIED = frozenset({"shared_folders"})
"""Marks of folders, which belong to one set of parts."""
TABLES: tuple[Table, ...] = tuple(t for t in metadata.sorted_tables if t.name not in NOT_COPIED)
"""Those that others refer to come first."""

Where = Mapping[str, str]
"""{table: condition}; rows that do not meet it are left out."""


@dataclass(frozen=True)
class Rows:
    """How many rows a table has, and the SHA-256 of them all in the order of their keys."""

    count: int
    sha256: str


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the database as it is now, and changes nothing."""
    with engine.connect() as connection:
        driver = _driver(connection)
        driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection


def copy_rows(source: Connection, target: Connection, *, where: Where) -> None:
    """Append every row of `source` to `target`, in the target's transaction.

    Raises DatabaseUnavailable when the target does not take them.
    """
    for table in TABLES:
        reading, writing = _driver(source), _driver(target)
        with _translated(table.name), reading.cursor() as read, writing.cursor() as write:
            insert = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(table.name), _columns(table)
            )
            with read.copy(_select(table, where)) as rows, write.copy(insert) as sink:
                for block in rows:
                    sink.write(block)


def rows_of(connection: Connection, *, where: Where) -> dict[str, Rows]:
    """What each table holds."""
    return {table.name: _rows(connection, table, where) for table in TABLES}


def _rows(connection: Connection, table: Table, where: Where) -> Rows:
    count, digest = 0, hashlib.sha256()
    with _driver(connection).cursor() as cursor, cursor.copy(_select(table, where)) as rows:
        for block in rows:
            digest.update(block)
            count += bytes(block).count(b"\n")  # one ends each row, those in texts are escaped
    return Rows(count, digest.hexdigest())


def _select(table: Table, where: Where) -> sql.Composed:
    """Rows as text, which differs between no two versions of PostgreSQL for our types."""
    keys = [
        sql.SQL('{} COLLATE "C"' if isinstance(column.type, Text) else "{}").format(
            sql.Identifier(column.name)
        )
        for column in table.primary_key.columns
    ]
    condition = sql.SQL("WHERE " + where[table.name] if table.name in where else "")
    return sql.SQL("COPY (SELECT {} FROM {} {} ORDER BY {}) TO STDOUT").format(
        _columns(table), sql.Identifier(table.name), condition, sql.SQL(", ").join(keys)
    )


def _columns(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)


@contextmanager
def _translated(table: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise DatabaseUnavailable(f"The rows of {table} could not be copied: {reason}.") from error


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    """The driver's connection; both sides write and read rows in the same form."""
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    driver.execute("SET LOCAL client_encoding = 'UTF8'; SET LOCAL datestyle = 'ISO, YMD'")
    return driver
