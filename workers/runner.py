"""Runs the steps: begins an attempt, calls its handler, publishes the result or the failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.assets.models import Outcome, Rendition, Step
from portal.assets.service import STEP_TASKS, Attempt
from portal.errors import Superseded
from portal.metrics.observing import NEVER_ENDED, count_failure, count_step
from portal.recordings import service as recordings_service
from portal.runtime import Runtime
from workers.endings import ENDING_WITH_ANOTHER_TRY, Ending
from workers.faults import Fault, Verdict, fault_of, is_worn_out
from workers.needs import Needs, needs_of
from workers.pacing import ROOM_EVERY_SECONDS, Progress, Sparingly
from workers.publishing import discard, publish
from workers.run import StepHandlers, StepResult, StepRun, StepSplit
from workers.sandbox import Sandbox
from workers.scratch import Reservation, open_scratch

_log = structlog.get_logger(__name__)


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
            discard(self.runtime, attempt)
            return Ending.SUPERSEDED

    def _attempt(self, attempt: Attempt) -> Ending:
        """Raises Superseded, also while it writes down what went wrong."""
        work = f"{attempt.step} of {attempt.asset.filename}"
        if is_worn_out(STEP_TASKS[attempt.step], tries=attempt.tries):
            detail = f"Given up: {work} never came to an end."
            return self._fail(attempt, Fault(Verdict.GIVE_UP, detail, NEVER_ENDED))
        try:
            with open_scratch(self.runtime.settings).reserved(self._needs(attempt)) as room:
                result = self.handlers[attempt.step](self._step_run(attempt, room))
                return self._go_on(attempt, result)
        except Exception as error:  # noqa: BLE001 - the border of a job: a fault in one must not end the others
            return self._end_badly(attempt, fault_of(error, work=work))

    def _go_on(self, attempt: Attempt, result: StepResult | StepSplit) -> Ending:
        """With the steps that follow, or with the step's own chunks. Raises Superseded."""
        with self.runtime.engine.begin() as connection:
            if isinstance(result, StepSplit):
                recordings_service.split(connection, attempt, result.chunks)
                return Ending.SPLIT
            publish(connection, attempt, result)
        return Ending(result.outcome)

    def _end_badly(self, attempt: Attempt, fault: Fault) -> Ending:
        """For good, or until another try. Raises Superseded."""
        wait_seconds = fault.wait_seconds(STEP_TASKS[attempt.step], tries=attempt.tries)
        if wait_seconds is None:
            return self._fail(attempt, fault)
        if fault.verdict in {Verdict.AGAIN, Verdict.WAIT_FOR_SEARCH}:
            count_failure(task=STEP_TASKS[attempt.step], cause=fault.cause)
        _log.warning("step will be tried again", step=attempt.step, detail=fault.detail)
        with self.runtime.engine.begin() as connection:
            assets_service.hold_attempt(connection, attempt)
            _queue_again(connection, attempt, fault, delay_seconds=wait_seconds)
        discard(self.runtime, attempt)
        return ENDING_WITH_ANOTHER_TRY[fault.verdict]

    def _fail(self, attempt: Attempt, fault: Fault) -> Ending:
        count_failure(task=STEP_TASKS[attempt.step], cause=fault.cause)
        _log.warning(
            "step failed", step=attempt.step, asset_id=attempt.asset.id, detail=fault.detail
        )
        with self.runtime.engine.begin() as connection:
            assets_service.finish_attempt(
                connection, attempt, outcome=Outcome.FAILED, detail=fault.detail
            )
        discard(self.runtime, attempt)
        return Ending.FAILED

    def _needs(self, attempt: Attempt) -> Needs:
        return needs_of(attempt.asset, attempt.step, self.runtime.settings)

    def _step_run(self, attempt: Attempt, room: Reservation) -> StepRun:
        def record(connection: Connection, progress: float) -> None:
            assets_service.record_progress(connection, attempt, progress)

        return StepRun(
            runtime=self.runtime,
            sandbox=self.sandbox,
            asset=attempt.asset,
            step=attempt.step,
            attempt=attempt.number,
            scratch=room.files,
            stop=self.stop,
            report_progress=Progress(self.runtime.engine, record),
            publish_early=partial(self._publish_early, attempt),
            check_room=Sparingly(room.check, every_seconds=self.room_every_seconds),
            may_split=attempt.may_divide,
        )

    def _publish_early(self, attempt: Attempt, renditions: Sequence[Rendition]) -> None:
        with self.runtime.engine.begin() as connection:
            assets_service.publish_early(connection, attempt, renditions)


def _queue_again(
    connection: Connection, attempt: Attempt, fault: Fault, *, delay_seconds: float
) -> None:
    """Only what went wrong costs a try; only what stops by itself is told to nobody."""
    match fault.verdict:
        case Verdict.STOPPED:
            assets_service.give_back_try(connection, attempt)
        case Verdict.AGAIN:
            assets_service.try_again(
                connection, attempt, detail=fault.detail, delay_seconds=delay_seconds
            )
        case _:
            assets_service.wait_its_turn(
                connection, attempt, detail=fault.detail, delay_seconds=delay_seconds
            )
