"""The sweep that repairs what events missed: dead workers' jobs, stuck steps, abandoned uploads.

Every repair is a queued job or an idempotent deletion, so that sweeping twice does no harm.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.errors import PortalError
from portal.jobs import Job, Task
from portal.jobs import service as jobs_service
from portal.recordings import service as recordings_service
from portal.runtime import Runtime
from portal.storage import keys
from portal.uploads import service as uploads_service
from workers.orphans import DELETIONS_AT_ONCE, OrphanSweep
from workers.portions import portions, until

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
STOP_SECONDS_MAX = 5.0
"""A request to a store that does not answer may last longer than the worker is given to end."""

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
    """`repair` and `tidy` go on until `stop` is set. One process repairs at a time.

    Tidying walks through a store that may be far away: no repair waits for it.
    """

    runtime: Runtime
    stop: threading.Event
    every_seconds: float = SWEEP_EVERY_SECONDS
    deletions_at_once: int = DELETIONS_AT_ONCE
    forgotten_uploads_pause: Pause = field(
        default_factory=lambda: Pause(FORGOTTEN_UPLOADS_EVERY_SECONDS)
    )
    orphans_pause: Pause = field(
        default_factory=lambda: Pause(ORPHANS_EVERY_SECONDS, begins_over=False)
    )

    def repair(self) -> None:
        while not self.stop.wait(self.every_seconds):
            self.repair_once()

    def tidy(self) -> None:
        orphans = OrphanSweep(self.runtime, self.stop)
        while not self.stop.wait(self.every_seconds):
            self.tidy_once()
            if self.orphans_pause.is_over():
                _go_on_after("orphans", orphans.sweep_next)

    def sweep_once(self) -> None:
        self.repair_once()
        self.tidy_once()

    def tidy_once(self) -> None:
        _go_on_after("leftovers", self._delete_leftovers)
        _go_on_after("abandoned uploads", self._abort_abandoned_uploads)
        if self.forgotten_uploads_pause.is_over():
            _go_on_after("forgotten uploads", self._abort_forgotten_uploads)

    def repair_once(self) -> None:
        repairs: tuple[Callable[[Connection], None], ...] = (
            jobs_service.requeue_stalled_jobs,
            queue_missed_steps,
        )
        for repair in repairs:
            _go_on_after(repair.__name__, partial(self._repair, repair))

    def _repair(self, repair: Callable[[Connection], None]) -> None:
        with self.runtime.engine.begin() as connection:
            if jobs_service.hold_sweep(connection):
                repair(connection)

    def _abort_abandoned_uploads(self) -> None:
        """One by one: somebody may go on with one of them at this moment."""
        with self.runtime.engine.begin() as connection:
            found = uploads_service.abandoned_uploads(
                connection, older_than_hours=self.runtime.settings.upload_hours_max
            )
        for upload in until(self.stop, found):
            _go_on_after(
                "abandoned upload", partial(uploads_service.abort, self.runtime, upload.id)
            )

    def _abort_forgotten_uploads(self) -> None:
        """What the store has open and the database knows nothing of, or nothing any more."""
        with self.runtime.engine.begin() as connection:
            uploads_service.abort_forgotten(
                self.runtime, connection, older_than_hours=FORGOTTEN_UPLOAD_HOURS
            )

    def _delete_leftovers(self) -> None:
        """Objects of attempts whose results were replaced, and all of removed assets."""
        begun = time.monotonic()
        with self.runtime.engine.begin() as connection:
            found = assets_service.untidied_assets(connection, minutes=LEFTOVER_MINUTES)
        for asset_id in until(self.stop, found):
            if self._delete_leftovers_of(asset_id):
                with self.runtime.engine.begin() as connection:
                    assets_service.mark_tidied(
                        connection, asset_id, seconds_ago=time.monotonic() - begun
                    )

    def _delete_leftovers_of(self, asset_id: str) -> bool:
        """Whether all are gone."""
        listed = [found.key for found in self.runtime.store.list(keys.asset_prefix(asset_id))]
        with self.runtime.engine.begin() as connection:
            shown = assets_service.shown_keys(connection, asset_id)
        doubtful = [key for key in listed if key not in shown]
        return all(
            self._delete(asset_id, portion)
            for portion in portions(doubtful, size=self.deletions_at_once)
        )

    def _delete(self, asset_id: str, doubtful: Sequence[str]) -> bool:
        """Looks again with the asset held; whether it was still settled, and we go on."""
        with self.runtime.engine.begin() as connection:
            if self.stop.is_set() or not assets_service.hold_settled(connection, asset_id):
                return False
            shown = assets_service.shown_keys(connection, asset_id)
            for key in doubtful:
                if key not in shown:
                    self.runtime.store.delete(key)
        return True


@contextmanager
def sweeping(sweep: Sweep, *, seconds_max: float = STOP_SECONDS_MAX) -> Iterator[None]:
    """In threads until `stop` is set; one that still waits for a store then is left behind."""
    threads = [threading.Thread(target=work, daemon=True) for work in (sweep.repair, sweep.tidy)]
    for thread in threads:
        thread.start()
    yield
    deadline = time.monotonic() + seconds_max
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _go_on_after(name: str, work: Callable[[], None]) -> None:
    try:
        work()
    except PortalError as error:
        _log.warning("sweep failed", repair=name, reason=str(error))
    except Exception:  # noqa: BLE001 - the border of a repair: the sweep must go on for ever
        _log.exception("sweep met an unexpected fault", repair=name)


def queue_missed_steps(connection: Connection) -> None:
    """Steps and chunks that could run and uploads that were acknowledged, but have no job."""
    unfinished = uploads_service.unfinished_upload_ids(connection, older_than_seconds=STUCK_SECONDS)
    uploads = [Job(Task.FINISH_UPLOAD, upload_id) for upload_id in unfinished]
    jobs_service.queue_missed(connection, uploads)
    for asset_id in assets_service.unsettled_assets(connection, seconds=STUCK_SECONDS):
        steps = assets_service.due_jobs(connection, asset_id)
        chunks = recordings_service.due_jobs(connection, asset_id)
        jobs_service.queue_missed(connection, [*steps, *chunks])
