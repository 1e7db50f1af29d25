"""The sweep that repairs what events missed: dead workers' jobs, stuck steps, abandoned uploads.

Every repair is a queued job or an idempotent deletion, so that sweeping twice does no harm.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from portal.assets import queue_repository, reconcile_repository
from portal.assets import service as assets_service
from portal.errors import PortalError
from portal.jobs import Job, Task, defer
from portal.runtime import Runtime
from portal.storage import keys
from portal.uploads import service as uploads_service

SWEEP_EVERY_SECONDS = 10
STUCK_SECONDS = 30
"""A step that could run for so long without being queued was missed."""
ABANDONED_UPLOAD_HOURS = 48
LEFTOVER_MINUTES = 10
"""Players may still read what a newer result has replaced."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Sweep:
    """`run` goes on until `stop` is set; one process sweeps at a time."""

    runtime: Runtime
    stop: threading.Event

    def run(self) -> None:
        while not self.stop.wait(SWEEP_EVERY_SECONDS):
            self.sweep_once()

    def sweep_once(self) -> None:
        repairs: tuple[Callable[[Connection], None], ...] = (
            requeue_stalled_jobs,
            queue_missed_steps,
            self._abort_abandoned_uploads,
            self._delete_leftovers,
        )
        for repair in repairs:
            try:
                with self.runtime.engine.begin() as connection:
                    if queue_repository.hold_sweep(connection):
                        repair(connection)
            except PortalError as error:
                _log.warning("sweep failed", repair=repair.__name__, reason=str(error))

    def _abort_abandoned_uploads(self, connection: Connection) -> None:
        for upload in uploads_service.abandoned_uploads(
            connection, older_than_hours=ABANDONED_UPLOAD_HOURS
        ):
            uploads_service.abort(self.runtime, connection, upload.id)

    def _delete_leftovers(self, connection: Connection) -> None:
        """Objects of attempts whose results were replaced, and of the preview."""
        for asset_id in reconcile_repository.settled_assets(connection, minutes=LEFTOVER_MINUTES):
            shown = assets_service.shown_prefixes(connection, asset_id)
            for found in list(self.runtime.store.list(keys.asset_prefix(asset_id))):
                if not found.key.startswith(shown):
                    self.runtime.store.delete(found.key)
            reconcile_repository.mark_tidied(connection, asset_id)


def requeue_stalled_jobs(connection: Connection) -> None:
    """A job whose worker is dead is queued anew; its step's next attempt fences the old one."""
    for stalled in queue_repository.stalled_jobs(connection):
        _log.warning("job of a dead worker queued again", task=stalled.task, job=stalled.job_id)
        queue_repository.drop_job(connection, stalled.job_id)
        defer(connection, Job(Task(stalled.task), stalled.subject_id))


def queue_missed_steps(connection: Connection) -> None:
    """Steps that could run and uploads that were acknowledged, but have no job."""
    for upload_id in uploads_service.unfinished_upload_ids(
        connection, older_than_seconds=STUCK_SECONDS
    ):
        _queue_missed(connection, Job(Task.FINISH_UPLOAD, upload_id))
    for asset_id in reconcile_repository.unsettled_assets(connection, seconds=STUCK_SECONDS):
        for job in assets_service.due_jobs(connection, asset_id):
            _queue_missed(connection, job)


def _queue_missed(connection: Connection, job: Job) -> None:
    if not queue_repository.has_job(connection, task=job.task, subject_id=job.subject_id):
        _log.warning("missed job queued", task=job.task, subject_id=job.subject_id)
        defer(connection, job)
