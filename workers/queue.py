"""Takes jobs from Procrastinate and runs them, lane by lane.

Jobs never fail in the queue's eyes: a job that must run again is queued anew, in the transaction
that records why. (Procrastinate's own retry puts the same row back, which its unique index
refuses when a twin has been queued meanwhile.) One that fails all the same, because the database
was away at that moment, is found by the sweep.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.worker import Worker
from sqlalchemy import Engine

from portal.db.engine import conninfo_of
from portal.errors import DatabaseUnavailable, PortalError
from portal.jobs import LANES, Job, Lane, Task, defer
from portal.jobs import service as jobs_service
from portal.jobs.service import HEARTBEAT_SECONDS, STALLED_SECONDS
from portal.logs import bound
from portal.metrics.observing import UNEXPECTED, cause_of, count_failure
from workers.lanes import RETRIES
from workers.registry import JobHandler

POLL_SECONDS = 2.0
"""New jobs are notified at once; the poll finds those whose pause has ended."""

_POOL_SIZE = 8
"""Two connections for each lane: jobs are fetched, and ended, in a moment each."""
_THREADS_BESIDE_JOBS = 2
"""For the wait to be stopped, and for the look whether all lanes live."""
_CONNECTION_SECONDS_MAX = 10
"""A worker that waits for so long has lost the database: it ends, to be started anew."""

_log = structlog.get_logger(__name__)


class LaneWorker(Protocol):
    """What we use of Procrastinate's worker, whose methods carry no types."""

    worker_id: int | None

    async def run(self) -> None: ...


@dataclass(frozen=True)
class JobRunner:
    """Runs one job in a thread, and queues it again when it failed for a cause that may pass."""

    engine: Engine
    handlers: Mapping[Task, JobHandler]

    def run(self, task: Task, subject_id: str, tries: int) -> None:
        started_at = time.monotonic()
        try:
            self.handlers[task](subject_id)
            _log.info("job ended", seconds=round(time.monotonic() - started_at, 3))
        except PortalError as error:
            count_failure(task=task, cause=cause_of(error))
            self._again(task, subject_id, tries, str(error))
        except Exception:  # noqa: BLE001 - the border of a job: a fault in one must not end the others
            count_failure(task=task, cause=UNEXPECTED)
            _log.exception("job raised an unexpected error", task=task, subject_id=subject_id)
            self._again(task, subject_id, tries, "unexpected fault")

    def _again(self, task: Task, subject_id: str, tries: int, reason: str) -> None:
        """However often: nobody else would index an event again, or delete a removed asset."""
        policy = RETRIES[LANES[task]]
        wait_seconds = policy.wait_seconds(tries) or policy.waits_seconds[-1]
        log = _log.warning if tries < policy.tries_max else _log.error
        log("job will be tried again", task=task, subject_id=subject_id, reason=reason)
        with self.engine.begin() as connection:
            job = Job(task, subject_id, tries=tries + 1)
            defer(connection, job, delay_seconds=wait_seconds)


def build_app(runner: JobRunner) -> App:
    """Procrastinate's view of our tasks: one function each, by name."""
    app = App(
        connector=PsycopgConnector(
            conninfo=conninfo_of(runner.engine.url),
            min_size=1,
            max_size=_POOL_SIZE,
            timeout=_CONNECTION_SECONDS_MAX,
        )
    )
    for task in runner.handlers:
        app.task(name=task, queue=LANES[task], pass_context=True)(_work(runner, task))
    return app


def _work(runner: JobRunner, task: Task) -> Callable[..., None]:
    def work(context: JobContext, *, subject_id: str, tries: int = 1) -> None:
        with bound(job_id=context.job.id, task=task, subject_id=subject_id):
            runner.run(task, subject_id, tries)

    return work


async def run_due(app: App, lanes: Mapping[Lane, int]) -> None:
    """Work until nothing is due; so many jobs of each lane at once."""
    _provide_threads(lanes)
    async with app.open_async(), asyncio.TaskGroup() as group:
        for lane, at_once in lanes.items():
            group.create_task(_lane_worker(app, lane, at_once=at_once, wait=False).run())


async def run_until(
    app: App,
    lanes: Mapping[Lane, int],
    stop: threading.Event,
    *,
    engine: Engine,
    on_alive: Callable[[], None],
) -> None:
    """Work until `stop` is set, on so many jobs of each lane at once.

    Handlers see the same event and give their work back.

    `on_alive` is called after each look that found all lanes alive in the database.

    A lane that ends by itself, or that others take for dead, ends them all, for the process to be
    started anew: else its jobs would wait, or run twice, unnoticed. Raises DatabaseUnavailable.
    """
    _provide_threads(lanes)
    async with app.open_async():
        workers = [_lane_worker(app, lane, at_once=n, wait=True) for lane, n in lanes.items()]
        tasks = {asyncio.create_task(worker.run()) for worker in workers}
        tasks.add(asyncio.create_task(_watch(engine, workers, on_alive)))
        stopping = asyncio.create_task(asyncio.to_thread(stop.wait))
        await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
        was_asked = stop.is_set()
        stop.set()
        for task in tasks:
            task.cancel()
        await asyncio.wait({*tasks, stopping})
    faults = [task.exception() for task in tasks if not task.cancelled()]
    if not was_asked:
        fault = next(filter(None, faults), None)
        raise DatabaseUnavailable("The queue of jobs was lost.") from fault


async def _watch(
    engine: Engine, workers: Sequence[LaneWorker], on_alive: Callable[[], None]
) -> None:
    """Return once a lane's heart has stopped beating.

    Procrastinate 3.10 goes on without a heartbeat that has failed once, unless it has periodic
    tasks: its monitor of side tasks ends with the first one that ends.
    """
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        ids = {worker.worker_id for worker in workers if worker.worker_id is not None}
        if not await asyncio.to_thread(_are_alive, engine, ids):
            return
        on_alive()


def _are_alive(engine: Engine, worker_ids: Set[int]) -> bool:
    with engine.connect() as connection:
        return worker_ids <= jobs_service.live_workers(connection)


def _provide_threads(lanes: Mapping[Lane, int]) -> None:
    """One for each job that may run: asyncio has few on a machine of few cores, and encodes would
    take them all, so that light steps waited for them in spite of their lanes.
    """
    threads = sum(lanes.values()) + _THREADS_BESIDE_JOBS
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads))


def _lane_worker(app: App, lane: Lane, *, at_once: int, wait: bool) -> LaneWorker:
    """Runs until cancelled, when it waits for running jobs; without `wait` until nothing is due."""
    return Worker(
        app,
        queues=[lane],
        name=lane,
        concurrency=at_once,
        wait=wait,
        fetch_job_polling_interval=POLL_SECONDS,
        update_heartbeat_interval=HEARTBEAT_SECONDS,
        stalled_worker_timeout=STALLED_SECONDS,
        install_signal_handlers=False,
        delete_jobs="successful",
    )
