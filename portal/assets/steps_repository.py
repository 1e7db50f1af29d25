"""All SQL on steps: attempts with a fencing token, outcomes by compare-and-set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.assets.models import Division, Outcome, Step, StepRecord
from portal.db.tables import assets, steps

_ORDER = {step.value: position for position, step in enumerate(Step)}


def records_of(connection: Connection, asset_ids: Sequence[str]) -> dict[str, list[StepRecord]]:
    """{asset id: its steps so far, in the order of the pipeline}."""
    found: dict[str, list[StepRecord]] = {}
    rows = connection.execute(select(steps).where(steps.c.asset_id.in_(asset_ids)))
    for row in sorted(rows, key=lambda row: _ORDER[row.name]):
        found.setdefault(row.asset_id, []).append(_record(row))
    return found


def lock_asset(connection: Connection, asset_id: str) -> str | None:
    """Serialise writers of one asset until the transaction ends; its kind, None when removed."""
    return connection.scalar(
        select(assets.c.kind)
        .where(assets.c.id == asset_id, assets.c.removed_at.is_(None))
        .with_for_update()
    )


def has_open_step(connection: Connection, asset_id: str) -> bool:
    """Whether a step of a present asset has begun, or is to be repeated, and has not ended."""
    query = (
        select(steps.c.name)
        .join(assets, assets.c.id == steps.c.asset_id)
        .where(assets.c.id == asset_id, assets.c.removed_at.is_(None), steps.c.outcome.is_(None))
    )
    return connection.scalar(select(query.exists())) or False


def has_begun(connection: Connection, asset_id: str, step: Step) -> bool:
    """Whether there was an attempt at the step, also one that is under way or has ended."""
    query = select(steps.c.name).where(steps.c.asset_id == asset_id, steps.c.name == step)
    return connection.scalar(select(query.exists())) or False


@dataclass(frozen=True)
class BegunAttempt:
    number: int
    tries: int
    division: Division | None


def begin_attempt(connection: Connection, asset_id: str, step: Step) -> BegunAttempt | None:
    """Start the next attempt; None when the step has ended, or goes on as chunks."""
    statement = insert(steps).values(
        asset_id=asset_id, name=step, attempt=1, tries=1, started_at=func.now()
    )
    row = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[steps.c.asset_id, steps.c.name],
            set_={
                "attempt": steps.c.attempt + 1,
                "tries": steps.c.tries + 1,
                "started_at": func.now(),
                "progress": None,
            },
            where=steps.c.outcome.is_(None) & steps.c.division.is_distinct_from(Division.CHUNKS),
        ).returning(steps.c.attempt, steps.c.tries, steps.c.division)
    ).one_or_none()
    return _begun(row) if row else None


def divided_attempt(
    connection: Connection, asset_id: str, step: Step, attempt: int
) -> BegunAttempt | None:
    """That attempt, if it goes on as chunks and is neither ended nor superseded; locks its row."""
    query = select(steps).where(*_is(asset_id, step, attempt), steps.c.division == Division.CHUNKS)
    row = connection.execute(query.with_for_update()).one_or_none()
    return _begun(row) if row else None


def divided_steps(connection: Connection, asset_id: str) -> set[Step]:
    """Those that go on as chunks."""
    query = select(steps.c.name).where(
        steps.c.asset_id == asset_id,
        steps.c.outcome.is_(None),
        steps.c.division == Division.CHUNKS,
    )
    return {Step(name) for name in connection.scalars(query)}


def divide(connection: Connection, asset_id: str, step: Step, attempt: int) -> None:
    """The attempt goes on as chunks."""
    _update(connection, asset_id, step, attempt, division=Division.CHUNKS, detail=None)


def forbid_division(
    connection: Connection, asset_id: str, step: Step, attempt: int, *, detail: str
) -> None:
    """The attempt is superseded by one that is yet to come, and whole."""
    connection.execute(
        update(steps)
        .where(*_is(asset_id, step, attempt))
        .values(
            attempt=steps.c.attempt + 1,
            tries=steps.c.tries - 1,
            division=Division.WHOLE,
            started_at=None,
            progress=None,
            detail=detail,
        )
    )


def owns_attempt(connection: Connection, asset_id: str, step: Step, attempt: int) -> bool:
    """Whether `attempt` is still the newest and not ended; locks the row until commit."""
    row = connection.execute(_own(asset_id, step, attempt).with_for_update()).one_or_none()
    return row is not None


def finish(
    connection: Connection,
    asset_id: str,
    step: Step,
    attempt: int,
    *,
    outcome: Outcome,
    detail: str | None,
    notes: Sequence[str],
) -> None:
    """Write the outcome; the caller has checked `owns_attempt` in this transaction."""
    _update(
        connection,
        asset_id,
        step,
        attempt,
        outcome=outcome,
        detail=detail,
        notes=list(notes),
        progress=None,
        finished_at=func.now(),
    )


def give_back_try(connection: Connection, asset_id: str, step: Step, attempt: int) -> None:
    """An interruption that was asked for costs no try; the step waits again."""
    _update(
        connection, asset_id, step, attempt, tries=steps.c.tries - 1, started_at=None, progress=None
    )


def wait_again(
    connection: Connection, asset_id: str, step: Step, attempt: int, *, detail: str
) -> None:
    """A failed try that will be followed by another."""
    _update(connection, asset_id, step, attempt, started_at=None, progress=None, detail=detail)


def set_progress(
    connection: Connection, asset_id: str, step: Step, attempt: int, *, progress: float
) -> None:
    _update(connection, asset_id, step, attempt, progress=progress)


def reset(connection: Connection, asset_id: str, names: Sequence[Step]) -> None:
    """Forget how these steps ended, so that they can run again.

    Attempts count up, so that one under way is superseded.
    """
    connection.execute(
        update(steps)
        .where(steps.c.asset_id == asset_id, steps.c.name.in_(names))
        .values(
            attempt=steps.c.attempt + 1,
            tries=0,
            outcome=None,
            detail=None,
            notes=[],
            division=None,
            progress=None,
            started_at=None,
            finished_at=None,
        )
    )


def _own(asset_id: str, step: Step, attempt: int) -> Any:
    return select(steps.c.attempt).where(*_is(asset_id, step, attempt))


def _is(asset_id: str, step: Step, attempt: int) -> tuple[Any, ...]:
    return (
        steps.c.asset_id == asset_id,
        steps.c.name == step,
        steps.c.attempt == attempt,
        steps.c.outcome.is_(None),
    )


def _update(
    connection: Connection, asset_id: str, step: Step, attempt: int, **values: object
) -> None:
    connection.execute(update(steps).where(*_is(asset_id, step, attempt)).values(**values))


def _begun(row: Row[Any]) -> BegunAttempt:
    return BegunAttempt(row.attempt, row.tries, Division(row.division) if row.division else None)


def _record(row: Row[Any]) -> StepRecord:
    return StepRecord(
        name=Step(row.name),
        attempt=row.attempt,
        tries=row.tries,
        progress=row.progress,
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=Outcome(row.outcome) if row.outcome else None,
        detail=row.detail,
        notes=tuple(row.notes),
    )
