"""A worker that a command starts for as long as it waits, when no other one does the work."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from portal.cli.output import warn
from portal.cli.processes import worker_process
from portal.encodes import encodes_at_once
from portal.errors import DatabaseUnavailable
from portal.jobs import service as jobs_service
from portal.runtime import Runtime
from portal.supervisor import Supervisor

CHECK_SECONDS = 5.0
GRACE_SECONDS = 15.0
STANDSTILL_SECONDS_MAX = 20.0
"""Longer than the queue needs to notice a dead worker."""


class OwnWorker:
    """Ends with the context. Should the process be killed, the worker's lifeline ends it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._supervisor: Supervisor | None = None
        self._thread: threading.Thread | None = None
        self._checked_at: float | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> OwnWorker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._supervisor is not None and self._thread is not None:
            self._supervisor.request_stop()
            self._thread.join()

    def ensure(self, *, standstill_seconds: float = 0.0) -> None:
        """See to it that some worker lives; may be called often and in any thread.

        A live one may serve other lanes than those that are needed, and the queue does not tell
        which: when nothing has moved for long, ours is started beside it.
        """
        with self._lock:
            if self._supervisor is not None or not self._is_check_due():
                return
            if not self._lives_another():
                self._start()
            elif standstill_seconds > STANDSTILL_SECONDS_MAX:
                warn(
                    f"Nothing has moved for {STANDSTILL_SECONDS_MAX:.0f} s, although a worker is "
                    "alive; this command starts one of its own for all kinds of work."
                )
                self._start()

    def _is_check_due(self) -> bool:
        now = time.monotonic()
        if self._checked_at is not None and now - self._checked_at < CHECK_SECONDS:
            return False
        self._checked_at = now
        return True

    def _lives_another(self) -> bool:
        try:
            with self._runtime.engine.connect() as connection:
                return jobs_service.live_worker_count(connection) > 0
        except DatabaseUnavailable:
            return True  # there is nothing to work on until it is back

    def _start(self) -> None:
        settings = self._runtime.settings
        # What it logs would run through the progress display.
        encodes = encodes_at_once(settings)
        child = worker_process(settings, encodes=encodes, is_quiet=settings.log_level != "debug")
        self._supervisor = Supervisor([child], grace_seconds=GRACE_SECONDS)
        self._thread = threading.Thread(target=self._supervisor.run, name="own-worker")
        self._thread.start()
