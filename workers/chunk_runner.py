"""Runs a chunk: begins a try, calls its handler, and lets the last chunk end the whole step."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection

from portal.assets.made_files import same_segment
from portal.assets.models import Step
from portal.errors import Superseded
from portal.jobs import Task
from portal.metrics.observing import NEVER_ENDED, count_failure, count_step
from portal.recordings import service as recordings_service
from portal.recordings.models import ChunkTry
from portal.runtime import Runtime
from workers.endings import ENDING_WITH_ANOTHER_TRY, Ending
from workers.faults import Fault, Verdict, fault_of, is_worn_out
from workers.needs import Needs, chunk_needs
from workers.noted_store import NotedStore
from workers.pacing import ROOM_EVERY_SECONDS, Progress, Sparingly
from workers.publishing import discard, publish
from workers.run import ChunkHandlers, ChunkRun, StepResult
from workers.sandbox import Sandbox
from workers.scratch import Reservation, open_scratch

CHUNK = "chunk"
"""How chunks are counted among steps."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ChunkRunner:
    """Runs the chunks of one worker process."""

    runtime: Runtime
    sandbox: Sandbox
    handlers: Mapping[Step, ChunkHandlers]
    stop: threading.Event = field(default_factory=threading.Event)
    room_every_seconds: float = ROOM_EVERY_SECONDS

    def run(self, chunk_id: str) -> None:
        """One try at one chunk; what is made, or not wanted any more, is left alone."""
        with self.runtime.engine.begin() as connection:
            chunk_try = recordings_service.begin_chunk(connection, chunk_id)
        if chunk_try is None:
            return
        started_at = time.monotonic()
        ending = self._ending(chunk_try, NotedStore(self.runtime.store))
        count_step(step=CHUNK, outcome=ending, seconds=time.monotonic() - started_at)

    def _ending(self, chunk_try: ChunkTry, store: NotedStore) -> Ending:
        try:
            return self._try(chunk_try, store)
        except Superseded as error:
            _log.info("chunk superseded", reason=str(error))
            self._discard(chunk_try, store.noted)
            return Ending.SUPERSEDED

    def _try(self, chunk_try: ChunkTry, store: NotedStore) -> Ending:
        """Raises Superseded, also while it writes down what went wrong."""
        work = _named(chunk_try)
        if is_worn_out(Task.CHUNK, tries=chunk_try.costly_tries):
            fault = Fault(Verdict.GIVE_UP, f"{work} never came to an end.", NEVER_ENDED)
            return self._go_on(chunk_try, fault, store)
        try:
            with open_scratch(self.runtime.settings).reserved(self._needs(chunk_try)) as room:
                result = self._handlers(chunk_try).make(self._chunk_run(chunk_try, room, store))
            joined = self._finish(chunk_try, result)
        except Exception as error:  # noqa: BLE001 - the border of a job: a fault in one must not end the others
            return self._go_on(chunk_try, fault_of(error, work=work), store)
        if joined is None:
            self._delete_earlier(chunk_try, store.noted)
        else:
            seconds = _age_seconds(chunk_try)
            count_step(step=chunk_try.attempt.step, outcome=joined.outcome, seconds=seconds)
            discard(self.runtime, chunk_try.attempt)  # what tries left that came to nothing
        return Ending.DONE

    def _finish(self, chunk_try: ChunkTry, result: Mapping[str, object]) -> StepResult | None:
        """Write down what was made. The last chunk ends the step in the same transaction: then
        what all together are.
        """
        with self.runtime.engine.begin() as connection:
            results = recordings_service.finish_chunk(connection, chunk_try, result)
            return None if results is None else self._join(connection, chunk_try, results)

    def _join(
        self,
        connection: Connection,
        chunk_try: ChunkTry,
        results: Sequence[Mapping[str, object]],
    ) -> StepResult:
        attempt = chunk_try.attempt
        joined = self._handlers(chunk_try).join(attempt.asset, attempt.number, results)
        publish(connection, attempt, joined)
        return joined

    def _go_on(self, chunk_try: ChunkTry, fault: Fault, store: NotedStore) -> Ending:
        """With another try, or with the whole step. Raises Superseded."""
        wait_seconds = fault.wait_seconds(Task.CHUNK, tries=chunk_try.costly_tries)
        if fault.verdict in {Verdict.AGAIN, Verdict.GIVE_UP}:
            count_failure(task=Task.CHUNK, cause=fault.cause)
            _log.warning("chunk failed", chunk=_named(chunk_try), detail=fault.detail)
        if wait_seconds is None:
            return self._give_up(chunk_try, fault)
        with self.runtime.engine.begin() as connection:
            recordings_service.try_chunk_again(
                connection,
                chunk_try,
                is_free=fault.verdict is not Verdict.AGAIN,
                delay_seconds=wait_seconds,
            )
        self._discard(chunk_try, store.noted)
        return ENDING_WITH_ANOTHER_TRY[fault.verdict]

    def _give_up(self, chunk_try: ChunkTry, fault: Fault) -> Ending:
        detail = f"It is made again in one piece: {fault.detail}"
        with self.runtime.engine.begin() as connection:
            recordings_service.give_up_chunks(connection, chunk_try, detail=detail)
        discard(self.runtime, chunk_try.attempt)
        return Ending.GIVEN_UP

    def _discard(self, chunk_try: ChunkTry, stored: Iterable[str]) -> None:
        """Delete what the try has stored, unless it was written down as the chunk's result.

        It may have been although we never heard so: the database went away at that moment.
        """
        with self.runtime.engine.begin() as connection:
            if recordings_service.is_made_by(connection, chunk_try):
                return
        self._delete(stored, tries=range(1, chunk_try.tries + 1))

    def _delete_earlier(self, chunk_try: ChunkTry, stored: Iterable[str]) -> None:
        """Delete what tries left whose worker was killed."""
        self._delete(stored, tries=range(1, chunk_try.tries))

    def _delete(self, stored: Iterable[str], *, tries: range) -> None:
        """Segments only: other files, such as the initialisation, are the same of every try."""
        doomed = {same_segment(key, tries=number) for key in stored for number in tries}
        for key in filter(None, doomed):
            self.runtime.store.delete(key)

    def _handlers(self, chunk_try: ChunkTry) -> ChunkHandlers:
        return self.handlers[chunk_try.attempt.step]

    def _needs(self, chunk_try: ChunkTry) -> Needs:
        asset, settings = chunk_try.attempt.asset, self.runtime.settings
        return chunk_needs(asset, settings, chunk_count=chunk_try.count)

    def _chunk_run(self, chunk_try: ChunkTry, room: Reservation, store: NotedStore) -> ChunkRun:
        def record(connection: Connection, progress: float) -> None:
            recordings_service.record_chunk_progress(connection, chunk_try, progress)

        return ChunkRun(
            runtime=replace(self.runtime, store=store),
            sandbox=self.sandbox,
            asset=chunk_try.attempt.asset,
            step=chunk_try.attempt.step,
            attempt=chunk_try.attempt.number,
            number=chunk_try.number,
            tries=chunk_try.tries,
            plan=chunk_try.plan,
            scratch=room.files,
            stop=self.stop,
            report_progress=Progress(self.runtime.engine, record),
            check_room=Sparingly(room.check, every_seconds=self.room_every_seconds),
        )


def _named(chunk_try: ChunkTry) -> str:
    attempt = chunk_try.attempt
    return f"Chunk {chunk_try.number} of {attempt.step} of {attempt.asset.filename}"


def _age_seconds(chunk_try: ChunkTry) -> float:
    """How long ago the step was begun, by two clocks that may differ."""
    step = chunk_try.attempt.step
    started_at = next((r.started_at for r in chunk_try.attempt.asset.steps if r.name is step), None)
    return max(0.0, (datetime.now(UTC) - started_at).total_seconds()) if started_at else 0.0
