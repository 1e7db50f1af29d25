"""SQL that reads and mends the job queue's own tables (Procrastinate 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

_SWEEP_LOCK = 7_202_611


@dataclass(frozen=True)
class StalledJob:
    job_id: int
    task: str
    subject_id: str


def live_workers(connection: Connection, *, stalled_seconds: int) -> set[int]:
    """Ids of the workers that were heard of not so long ago."""
    return set(
        connection.scalars(
            text(
                "select id from procrastinate_workers"
                " where last_heartbeat > now() - make_interval(secs => :stalled)"
            ),
            {"stalled": stalled_seconds},
        )
    )


def hold_sweep(connection: Connection) -> bool:
    """Whether this transaction may sweep; one process does at a time."""
    held: bool = connection.execute(
        text("select pg_try_advisory_xact_lock(:key)"), {"key": _SWEEP_LOCK}
    ).scalar_one()
    return held


def stalled_jobs(connection: Connection, *, stalled_seconds: int) -> list[StalledJob]:
    """Jobs under way whose worker is dead or forgotten, and those that could not be ended well."""
    rows = connection.execute(
        text(
            "select job.id, job.task_name, job.args->>'subject_id' as subject_id"
            " from procrastinate_jobs job"
            " left join procrastinate_workers worker on worker.id = job.worker_id"
            " where job.status in ('failed', 'aborted') or job.status = 'doing' and"
            " (worker.id is null"
            " or worker.last_heartbeat < now() - make_interval(secs => :stalled))"
            " order by job.id"
        ),
        {"stalled": stalled_seconds},
    )
    return [StalledJob(row.id, row.task_name, row.subject_id) for row in rows]


def drop_job(connection: Connection, job_id: int) -> None:
    """Forget a stalled job, so that its locks are free for a fresh one."""
    connection.execute(text("delete from procrastinate_jobs where id = :job"), {"job": job_id})


def hold_waiting(connection: Connection, queueing_lock: str) -> bool:
    """Keep the waiting job of this name from being taken until the transaction ends.

    Workers skip locked rows. False when there is none any more.
    """
    held = connection.execute(
        text(
            "select id from procrastinate_jobs"
            " where queueing_lock = :name and status = 'todo' for update"
        ),
        {"name": queueing_lock},
    ).one_or_none()
    return held is not None


def is_behind(connection: Connection, *, lane: str, seconds: float) -> bool:
    """Whether a job of the lane was queued so long ago, or has been tried without success.

    Only tries after the first have a pause before them, or a number above one.
    """
    found: bool = connection.execute(
        text(
            "select exists (select 1 from procrastinate_jobs job where queue_name = :lane"
            " and status in ('todo', 'doing') and (scheduled_at is not null"
            " or (args->>'tries')::int > 1 or exists (select 1 from procrastinate_events"
            "  where job_id = job.id and type = 'deferred'"
            "  and at < now() - make_interval(secs => :seconds))))"
        ),
        {"lane": lane, "seconds": seconds},
    ).scalar_one()
    return found


def names_of_jobs(connection: Connection, subject_ids: Sequence[str]) -> set[str]:
    """The names (`Job.name`) of those that wait or run and concern one of the subjects."""
    return set(
        connection.scalars(
            text(
                "select task_name || ':' || (args->>'subject_id') from procrastinate_jobs"
                " where args->>'subject_id' = any(:subjects) and status in ('todo', 'doing')"
            ),
            {"subjects": list(subject_ids)},
        )
    )
