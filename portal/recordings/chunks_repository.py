"""All SQL on chunks: tries with a fencing token, results by compare-and-set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, select, update

from portal.assets.models import Division, Step
from portal.db.tables import chunks, steps
from portal.ids import new_id


@dataclass(frozen=True)
class ChunkPlace:
    """Where a chunk belongs: it is one of `count` of an attempt at a step of an asset."""

    asset_id: str
    attempt: int
    number: int
    count: int


@dataclass(frozen=True)
class BegunChunk:
    tries: int
    free_tries: int
    plan: Mapping[str, object]


def add(
    connection: Connection, asset_id: str, attempt: int, plans: Sequence[Mapping[str, object]]
) -> list[str]:
    """The ids of an attempt's new chunks."""
    rows = [
        {"id": new_id(), "asset_id": asset_id, "attempt": attempt, "number": number, "plan": plan}
        for number, plan in enumerate(plans, start=1)
    ]
    connection.execute(insert(chunks), rows)
    return [str(row["id"]) for row in rows]


def forget(connection: Connection, asset_id: str) -> None:
    connection.execute(delete(chunks).where(chunks.c.asset_id == asset_id))


def place_of(connection: Connection, chunk_id: str) -> ChunkPlace | None:
    row = connection.execute(select(chunks).where(chunks.c.id == chunk_id)).one_or_none()
    if row is None:
        return None
    query = select(func.count()).where(*_of(row.asset_id, row.attempt))
    count = connection.execute(query).scalar_one()
    return ChunkPlace(row.asset_id, row.attempt, row.number, count)


def begin(connection: Connection, chunk_id: str) -> BegunChunk | None:
    """Start the next try; None when the chunk is made."""
    row = connection.execute(
        update(chunks)
        .where(chunks.c.id == chunk_id, chunks.c.result.is_(None))
        .values(tries=chunks.c.tries + 1, started_at=func.now(), progress=None)
        .returning(chunks.c.tries, chunks.c.free_tries, chunks.c.plan)
    ).one_or_none()
    return BegunChunk(row.tries, row.free_tries, row.plan) if row else None


def is_own(connection: Connection, chunk_id: str, tries: int) -> bool:
    """Whether that try is the newest of a chunk that is not made; locks the row until commit."""
    query = select(chunks.c.id).where(*_is(chunk_id, tries)).with_for_update()
    return connection.scalar(query) is not None


def is_made_by(connection: Connection, chunk_id: str, tries: int) -> bool:
    """Whether the chunk's result is that of this try."""
    query = select(chunks.c.id).where(
        chunks.c.id == chunk_id, chunks.c.tries == tries, chunks.c.result.is_not(None)
    )
    return connection.scalar(query) is not None


def set_result(
    connection: Connection, chunk_id: str, tries: int, result: Mapping[str, object]
) -> None:
    """The caller has checked `is_own` in this transaction."""
    _update(connection, chunk_id, tries, result=dict(result), progress=None)


def wait_again(connection: Connection, chunk_id: str, tries: int, *, is_free: bool) -> None:
    """The try has come to nothing and another will follow; a free one costs none."""
    _update(
        connection,
        chunk_id,
        tries,
        free_tries=chunks.c.free_tries + int(is_free),
        started_at=None,
        progress=None,
    )


def set_progress(connection: Connection, chunk_id: str, tries: int, *, progress: float) -> None:
    _update(connection, chunk_id, tries, progress=progress)


def mean_progress(
    connection: Connection, asset_id: str, attempt: int, *, chunk_id: str, progress: float
) -> float:
    """How much of the attempt is done, if that chunk is so far."""
    done = case(
        (chunks.c.result.is_not(None), 1.0),
        (chunks.c.id == chunk_id, progress),
        else_=func.coalesce(chunks.c.progress, 0.0),
    )
    query = select(func.avg(done)).where(*_of(asset_id, attempt))
    return float(connection.execute(query).scalar_one() or 0.0)


def results(
    connection: Connection, asset_id: str, attempt: int
) -> list[Mapping[str, object]] | None:
    """Those of all chunks in order; None while one of them is not made."""
    query = select(chunks.c.result).where(*_of(asset_id, attempt)).order_by(chunks.c.number)
    found = list(connection.scalars(query))
    return None if None in found else found


def unmade(connection: Connection, asset_id: str, step: Step) -> list[str]:
    """Ids of the chunks that the newest attempt at the step still waits for, in order."""
    query = (
        select(chunks.c.id)
        .join(
            steps, (steps.c.asset_id == chunks.c.asset_id) & (steps.c.attempt == chunks.c.attempt)
        )
        .where(
            chunks.c.asset_id == asset_id,
            chunks.c.result.is_(None),
            steps.c.name == step,
            steps.c.outcome.is_(None),
            steps.c.division == Division.CHUNKS,
        )
        .order_by(chunks.c.number)
    )
    return list(connection.scalars(query))


def _of(asset_id: str, attempt: int) -> tuple[ColumnElement[bool], ...]:
    return (chunks.c.asset_id == asset_id, chunks.c.attempt == attempt)


def _is(chunk_id: str, tries: int) -> tuple[ColumnElement[bool], ...]:
    return (chunks.c.id == chunk_id, chunks.c.tries == tries, chunks.c.result.is_(None))


def _update(connection: Connection, chunk_id: str, tries: int, **values: Any) -> None:
    connection.execute(update(chunks).where(*_is(chunk_id, tries)).values(**values))
