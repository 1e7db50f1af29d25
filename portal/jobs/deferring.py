"""Queueing jobs in the transaction of the row that they concern."""

from __future__ import annotations

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import Connection

from portal.jobs import repository
from portal.jobs.vocabulary import LANES, Job

# No import_paths: deferring by name must not import the workers. The connector is never opened;
# each defer brings the caller's connection.
_app = App(connector=SyncPsycopgConnector())


def defer(connection: Connection, job: Job, *, delay_seconds: float = 0) -> None:
    """Queue `job` in the transaction of `connection`, unless a twin waits that will see its work.

    A twin that a worker takes before this transaction commits would not see what it has written.
    So the twin is held until then, and when it is gone already the job is queued after all.
    """
    while not _is_queued(connection, job, delay_seconds=delay_seconds):
        if repository.hold_waiting(connection, job.name):
            return


def _is_queued(connection: Connection, job: Job, *, delay_seconds: float) -> bool:
    """False when a twin waits."""
    deferrer = _app.configure_task(
        job.task,
        allow_unknown=True,
        connection=connection.connection.driver_connection,
        queue=LANES[job.task],
        lock=job.lock,
        queueing_lock=job.name,
        priority=job.priority,
        schedule_in={"milliseconds": round(delay_seconds * 1000)} if delay_seconds else None,
    )
    try:
        with connection.begin_nested():
            deferrer.defer(subject_id=job.subject_id, tries=job.tries)
    except AlreadyEnqueued:
        return False
    return True
