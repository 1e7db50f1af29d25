"""The sweep that repairs what events missed: dead workers' jobs, stuck steps, abandoned uploads.

Every repair is a queued job or an idempotent deletion, so that sweeping twice does no harm.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.errors import PortalError
from portal.jobs import Job, Task
from portal.jobs import service as jobs_service
from portal.runtime import Runtime
from portal.storage import keys
from portal.uploads import service as uploads_service
from workers.orphans import OrphanSweep

SWEEP_EVERY_SECONDS = 10
STUCK_SECONDS = 30
"""A step that could run for so long without being queued was missed."""
FORGOTTEN_UPLOAD_HOURS = 6
"""By then the transaction that began an upload in the store has long ended."""
FORGOTTEN_UPLOADS_EVERY_SECONDS = 600
"""Each look asks a store that may be far away."""
ORPHANS_EVERY_SECONDS = 900
"""A share of the store each time: a worker goes round it in eight hours."""
LEFTOVER_MINUTES = 10
"""Players may still read what a newer result has replaced."""

_log = structlog.get_logger(__name__)


class Pause:
    """Lets something happen at once (or after a first pause), and then every so many seconds."""

    def __init__(self, seconds: float, *, begins_over: bool = True) -> None:
        self._seconds = seconds
        self._last = None if begins_over else time.monotonic()

    def is_over(self) -> bool:
        now = time.monotonic()
        if self._last is not None and now - self._last < self._seconds:
            return False
        self._last = now
        return True


@dataclass(frozen=True)
class Sweep:
    """`run` goes on until `stop` is set; one process sweeps at a time."""

    runtime: Runtime
    stop: threading.Event
    forgotten_uploads_pause: Pause = field(
        default_factory=lambda: Pause(FORGOTTEN_UPLOADS_EVERY_SECONDS)
    )
    orphans_pause: Pause = field(
        default_factory=lambda: Pause(ORPHANS_EVERY_SECONDS, begins_over=False)
    )

    def run(self) -> None:
        orphans = OrphanSweep(self.runtime)
        while not self.stop.wait(SWEEP_EVERY_SECONDS):
            self.sweep_once()
            if self.orphans_pause.is_over():  # in no transaction: listing may take long
                _go_on_after("orphans", orphans.sweep_next)

    def sweep_once(self) -> None:
        repairs: tuple[Callable[[Connection], None], ...] = (
            jobs_service.requeue_stalled_jobs,
            queue_missed_steps,
            self._abort_abandoned_uploads,
            self._abort_forgotten_uploads,
            self._delete_leftovers,
        )
        for repair in repairs:
            _go_on_after(repair.__name__, partial(self._repair, repair))

    def _repair(self, repair: Callable[[Connection], None]) -> None:
        with self.runtime.engine.begin() as connection:
            if jobs_service.hold_sweep(connection):
                repair(connection)

    def _abort_abandoned_uploads(self, connection: Connection) -> None:
        for upload in uploads_service.abandoned_uploads(
            connection, older_than_hours=self.runtime.settings.upload_hours_max
        ):
            uploads_service.abort(self.runtime, connection, upload.id)

    def _abort_forgotten_uploads(self, connection: Connection) -> None:
        """What the store has open and the database knows nothing of, or nothing any more."""
        if not self.forgotten_uploads_pause.is_over():
            return
        uploads_service.abort_forgotten(
            self.runtime, connection, older_than_hours=FORGOTTEN_UPLOAD_HOURS
        )

    def _delete_leftovers(self, connection: Connection) -> None:
        """Objects of attempts whose results were replaced, and all of removed assets."""
        for asset_id in assets_service.untidied_assets(connection, minutes=LEFTOVER_MINUTES):
            if not assets_service.hold_settled(connection, asset_id):
                continue
            shown = assets_service.shown_prefixes(connection, asset_id)
            for found in list(self.runtime.store.list(keys.asset_prefix(asset_id))):
                if not found.key.startswith(shown):
                    self.runtime.store.delete(found.key)
            assets_service.mark_tidied(connection, asset_id)


def _go_on_after(name: str, work: Callable[[], None]) -> None:
    try:
        work()
    except PortalError as error:
        _log.warning("sweep failed", repair=name, reason=str(error))
    except Exception:  # noqa: BLE001 - the border of a repair: the sweep must go on for ever
        _log.exception("sweep met an unexpected fault", repair=name)


def queue_missed_steps(connection: Connection) -> None:
    """Steps that could run and uploads that were acknowledged, but have no job."""
    for upload_id in uploads_service.unfinished_upload_ids(
        connection, older_than_seconds=STUCK_SECONDS
    ):
        jobs_service.queue_missed(connection, Job(Task.FINISH_UPLOAD, upload_id))
    for asset_id in assets_service.unsettled_assets(connection, seconds=STUCK_SECONDS):
        for job in assets_service.due_jobs(connection, asset_id):
            jobs_service.queue_missed(connection, job)
