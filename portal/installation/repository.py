"""SQL on the marks of shared folders."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from portal.db.tables import shared_folders

_CLAIM_LOCK = 7_202_612


def hold_claims(connection: Connection) -> None:
    """One process at a time claims folders, until its transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(_CLAIM_LOCK)))


def mark_of(connection: Connection, name: str) -> str | None:
    """What the folder of that name carries; None while no process has used one."""
    mark: str | None = connection.scalar(
        select(shared_folders.c.mark).where(shared_folders.c.name == name)
    )
    return mark


def note_mark(connection: Connection, name: str, mark: str) -> None:
    connection.execute(insert(shared_folders).values(name=name, mark=mark))


def forget_marks(connection: Connection) -> None:
    connection.execute(delete(shared_folders))
