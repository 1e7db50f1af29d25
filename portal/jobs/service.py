"""Rules about the queue itself: which workers live, and whose jobs must be taken over."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from portal.jobs import repository
from portal.jobs.deferring import defer
from portal.jobs.vocabulary import Job, Lane, Task

HEARTBEAT_SECONDS = 5
STALLED_SECONDS = 15
"""A worker that has been silent for so long is taken for dead."""

_log = structlog.get_logger(__name__)


def live_worker_count(connection: Connection) -> int:
    """Lanes that some process works on; 0 means that nothing is processed."""
    return len(live_workers(connection))


def live_workers(connection: Connection) -> set[int]:
    """The queue's own ids of those lanes."""
    return repository.live_workers(connection, stalled_seconds=STALLED_SECONDS)


def is_behind(connection: Connection, lane: Lane, *, seconds: float) -> bool:
    """Whether work of the lane has been waiting for so long, or could not be done at first."""
    return repository.is_behind(connection, lane=lane, seconds=seconds)


def hold_sweep(connection: Connection) -> bool:
    """Whether this transaction may sweep; one process does at a time."""
    return repository.hold_sweep(connection)


def requeue_stalled_jobs(connection: Connection) -> None:
    """A job whose worker is dead is queued anew; its step's next attempt fences the old one."""
    for stalled in repository.stalled_jobs(connection, stalled_seconds=STALLED_SECONDS):
        _log.warning("stalled job queued again", task=stalled.task, job=stalled.job_id)
        repository.drop_job(connection, stalled.job_id)
        if stalled.task in set(Task):  # else an older version of the portal died over it
            defer(connection, Job(Task(stalled.task), stalled.subject_id))


def queue_missed(connection: Connection, jobs: Sequence[Job]) -> None:
    """Queue those jobs, which ought to be there, that neither wait nor run."""
    present = repository.names_of_jobs(connection, [job.subject_id for job in jobs])
    for job in jobs:
        if job.name not in present:
            _log.warning("missed job queued", task=job.task, subject_id=job.subject_id)
            defer(connection, job)
