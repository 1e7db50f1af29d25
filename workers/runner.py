"""Runs a step: begins an attempt, calls its handler, publishes the result or the failure.

The only place that decides what an error means: for good, again later, or not at all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

import structlog

from portal.assets import service as assets_service
from portal.assets.models import Outcome, Rendition, Step
from portal.assets.service import STEP_TASKS, Attempt
from portal.errors import (
    DatabaseUnavailable,
    Interrupted,
    LimitExceeded,
    MediaRefused,
    PortalError,
    ScratchBusy,
    SearchUnavailable,
    Superseded,
    ToolMissing,
)
from portal.jobs import LANES
from portal.metrics.observing import (
    NEVER_ENDED,
    UNEXPECTED,
    cause_of,
    count_failure,
    count_step,
)
from portal.runtime import Runtime
from portal.storage import keys
from portal.transcripts import service as transcripts_service
from workers.lanes import RETRIES
from workers.needs import Needs, needs_of
from workers.run import StepHandlers, StepResult, StepRun
from workers.sandbox import Sandbox
from workers.scratch import Reservation, open_scratch

PROGRESS_EVERY_SECONDS = 0.5
ROOM_EVERY_SECONDS = 5.0
"""Looking takes a tenth of a second when a long recording has left 50,000 segments."""
ROOM_WAIT_SECONDS = 10.0
"""How long a job that found no room waits until it asks again."""
SEARCH_WAIT_SECONDS = 5.0
"""Whoever waits holds up all that waits to be indexed."""

_log = structlog.get_logger(__name__)


class Ending(StrEnum):
    """How an attempt ended; a step may go on to another one."""

    DONE = Outcome.DONE
    PARTIAL = Outcome.PARTIAL
    FAILED = Outcome.FAILED
    AGAIN = "again"
    INTERRUPTED = "interrupted"
    NO_ROOM = "no_room"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class StepRunner:
    """Runs the steps of one worker process."""

    runtime: Runtime
    sandbox: Sandbox
    handlers: StepHandlers
    stop: threading.Event = field(default_factory=threading.Event)
    room_every_seconds: float = ROOM_EVERY_SECONDS

    def run(self, step: Step, asset_id: str) -> None:
        """One attempt at one step; an ended step or a removed asset is left alone."""
        with self.runtime.engine.begin() as connection:
            attempt = assets_service.begin_attempt(connection, asset_id, step)
        if attempt is None:
            return
        started_at = time.monotonic()
        outcome = self._ending(attempt)
        count_step(step=step, outcome=outcome, seconds=time.monotonic() - started_at)

    def _ending(self, attempt: Attempt) -> Ending:
        step, asset_id = attempt.step, attempt.asset.id
        try:
            return self._attempt(attempt)
        except Superseded:
            _log.info("attempt superseded", step=step, asset_id=asset_id, attempt=attempt.number)
            self._discard(attempt)
            return Ending.SUPERSEDED

    def _attempt(self, attempt: Attempt) -> Ending:
        """Raises Superseded, also while it writes down what went wrong."""
        if self._is_worn_out(attempt):
            detail = f"Given up: {attempt.step} of {attempt.asset.filename} never came to an end."
            return self._fail(attempt, detail, cause=NEVER_ENDED)
        try:
            with open_scratch(self.runtime.settings).reserved(self._needs(attempt)) as room:
                result = self.handlers[attempt.step](self._step_run(attempt, room))
                return self._publish(attempt, result)
        except Superseded:
            raise
        except (Interrupted, ScratchBusy, SearchUnavailable) as error:
            return self._go_on_later(attempt, error)
        except (MediaRefused, ToolMissing) as error:  # waiting would mend nothing
            return self._fail(attempt, str(error), cause=cause_of(error))
        except PortalError as error:  # ScratchTooSmall too: another machine may be larger
            return self._try_again(attempt, str(error), cause=cause_of(error))
        except Exception:  # noqa: BLE001 - the border of a job: a fault in one must not end the others
            _log.exception("step raised an unexpected error", step=attempt.step)
            sentence = f"{attempt.step} of {attempt.asset.filename} met an unexpected fault"
            return self._try_again(
                attempt, f"{sentence}; the worker's log has it.", cause=UNEXPECTED
            )

    def _go_on_later(
        self, attempt: Attempt, error: Interrupted | ScratchBusy | SearchUnavailable
    ) -> Ending:
        """It costs no try. Raises Superseded."""
        if isinstance(error, ScratchBusy):
            return self._wait_for_room(attempt, str(error))
        if isinstance(error, SearchUnavailable):
            return self._wait_for_search(attempt, str(error))
        return self._give_back(attempt)

    def _is_worn_out(self, attempt: Attempt) -> bool:
        """Tries are counted when they begin, so that one which kills its worker counts too."""
        return attempt.tries > RETRIES[LANES[STEP_TASKS[attempt.step]]].tries_max

    def _publish(self, attempt: Attempt, result: StepResult) -> Ending:
        with self.runtime.engine.begin() as connection:
            assets_service.publish_renditions(connection, attempt, result.renditions)
            if result.apply is not None:
                result.apply(connection)
            if attempt.step is Step.PROBE:
                transcripts_service.pair_transcripts(connection, attempt.asset.event_id)
            assets_service.finish_attempt(
                connection,
                attempt,
                outcome=result.outcome,
                detail=result.detail,
                notes=result.notes,
            )
        return Ending(result.outcome)

    def _fail(self, attempt: Attempt, detail: str, *, cause: str) -> Ending:
        count_failure(task=STEP_TASKS[attempt.step], cause=cause)
        _log.warning("step failed", step=attempt.step, asset_id=attempt.asset.id, detail=detail)
        with self.runtime.engine.begin() as connection:
            assets_service.finish_attempt(
                connection, attempt, outcome=Outcome.FAILED, detail=detail
            )
        self._discard(attempt)
        return Ending.FAILED

    def _try_again(self, attempt: Attempt, detail: str, *, cause: str) -> Ending:
        policy = RETRIES[LANES[STEP_TASKS[attempt.step]]]
        policy = policy.after_limit() if cause == LimitExceeded.code else policy
        wait_seconds = policy.wait_seconds(attempt.tries)
        if wait_seconds is None:
            return self._fail(attempt, detail, cause=cause)
        count_failure(task=STEP_TASKS[attempt.step], cause=cause)
        _log.warning("step will be tried again", step=attempt.step, detail=detail)
        with self.runtime.engine.begin() as connection:
            assets_service.hold_attempt(connection, attempt)
            assets_service.try_again(connection, attempt, detail=detail, delay_seconds=wait_seconds)
        self._discard(attempt)
        return Ending.AGAIN

    def _give_back(self, attempt: Attempt) -> Ending:
        with self.runtime.engine.begin() as connection:
            assets_service.hold_attempt(connection, attempt)
            assets_service.give_back_try(connection, attempt)
        self._discard(attempt)
        return Ending.INTERRUPTED

    def _wait_for_room(self, attempt: Attempt, detail: str) -> Ending:
        """Another machine may take the job meanwhile."""
        _log.info("step waits for room", step=attempt.step, asset_id=attempt.asset.id)
        with self.runtime.engine.begin() as connection:
            assets_service.hold_attempt(connection, attempt)
            assets_service.wait_its_turn(
                connection, attempt, detail=detail, delay_seconds=ROOM_WAIT_SECONDS
            )
        return Ending.NO_ROOM

    def _wait_for_search(self, attempt: Attempt, detail: str) -> Ending:
        """However long it is away: what is given up here would never be found."""
        count_failure(task=STEP_TASKS[attempt.step], cause=SearchUnavailable.code)
        _log.warning("step waits for search", step=attempt.step, detail=detail)
        with self.runtime.engine.begin() as connection:
            assets_service.hold_attempt(connection, attempt)
            assets_service.wait_its_turn(
                connection, attempt, detail=detail, delay_seconds=SEARCH_WAIT_SECONDS
            )
        return Ending.AGAIN

    def _needs(self, attempt: Attempt) -> Needs:
        is_store_local = self.runtime.settings.is_local_storage
        return needs_of(attempt.asset, attempt.step, is_store_local=is_store_local)

    def _discard(self, attempt: Attempt) -> None:
        """Delete what the attempt has stored, unless it was shown."""
        prefix = keys.attempt_prefix(attempt.asset.id, attempt.step, attempt.number)
        with self.runtime.engine.begin() as connection:
            shown = assets_service.shown_prefixes(connection, attempt.asset.id)
        for found in list(self.runtime.store.list(prefix)):
            if not found.key.startswith(shown):
                self.runtime.store.delete(found.key)

    def _step_run(self, attempt: Attempt, room: Reservation) -> StepRun:
        return StepRun(
            runtime=self.runtime,
            sandbox=self.sandbox,
            asset=attempt.asset,
            step=attempt.step,
            attempt=attempt.number,
            scratch=room.files,
            stop=self.stop,
            report_progress=_Progress(self.runtime, attempt),
            publish_early=partial(self._publish_early, attempt),
            check_room=_Sparingly(room.check, every_seconds=self.room_every_seconds),
        )

    def _publish_early(self, attempt: Attempt, renditions: Sequence[Rendition]) -> None:
        with self.runtime.engine.begin() as connection:
            assets_service.publish_early(connection, attempt, renditions)


class _Progress:
    """Writes progress, at most twice a second."""

    def __init__(self, runtime: Runtime, attempt: Attempt) -> None:
        self._runtime = runtime
        self._attempt = attempt
        self._written_at = float("-inf")

    def __call__(self, progress: float) -> None:
        now = time.monotonic()
        if now - self._written_at < PROGRESS_EVERY_SECONDS:
            return
        self._written_at = now
        try:
            with self._runtime.engine.begin() as connection:
                assets_service.record_progress(connection, self._attempt, min(1.0, progress))
        except DatabaseUnavailable:
            return  # a moment's absence must not cost an hour's work


class _Sparingly:
    """Passes a call on when the one before is long enough ago."""

    def __init__(self, call: Callable[[], None], *, every_seconds: float) -> None:
        self._call = call
        self._every_seconds = every_seconds
        self._called_at = time.monotonic()

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._called_at >= self._every_seconds:
            self._called_at = now
            self._call()
