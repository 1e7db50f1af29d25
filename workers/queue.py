"""Takes jobs from Procrastinate and runs them, lane by lane.

Jobs never fail in the queue's eyes: a job that must run again is queued anew, in the transaction
that records why. (Procrastinate's own retry puts the same row back, which its unique index
refuses when a twin has been queued meanwhile.)
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from procrastinate import App, JobContext, PsycopgConnector
from sqlalchemy import Engine

from portal.errors import PortalError
from portal.job_queue.service import HEARTBEAT_SECONDS, STALLED_SECONDS
from portal.jobs import LANES, Job, Lane, Task, defer
from portal.logs import bound
from workers.lanes import CONCURRENCY, RETRIES
from workers.registry import JobHandler

POLL_SECONDS = 2.0
"""New jobs are notified at once; the poll finds those whose pause has ended."""

_POOL_SIZE = 6

_log = structlog.get_logger(__name__)


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
            self._again(task, subject_id, tries, str(error))
        except Exception:  # noqa: BLE001 - the border of a job: a fault in one must not end the others
            _log.exception("job raised an unexpected error", task=task, subject_id=subject_id)
            self._again(task, subject_id, tries, "unexpected fault")

    def _again(self, task: Task, subject_id: str, tries: int, reason: str) -> None:
        wait_seconds = RETRIES[LANES[task]].wait_seconds(tries)
        if wait_seconds is None:
            # The sweep queues it again as long as the work is still undone.
            _log.error("job given up", task=task, subject_id=subject_id, reason=reason)
            return
        _log.warning("job will be tried again", task=task, subject_id=subject_id, reason=reason)
        with self.engine.begin() as connection:
            job = Job(task, subject_id, tries=tries + 1)
            defer(connection, job, delay_seconds=wait_seconds)


def build_app(database_url: str, runner: JobRunner) -> App:
    """Procrastinate's view of our tasks: one function each, by name."""
    app = App(
        connector=PsycopgConnector(
            conninfo=database_url.replace("postgresql+psycopg://", "postgresql://", 1),
            min_size=1,
            max_size=_POOL_SIZE,
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


async def run_lanes(app: App, lanes: Sequence[Lane], *, wait: bool = True) -> None:
    """Work until cancelled, or with `wait` false until nothing is due. Ends jobs in good order."""
    async with app.open_async(), asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(
                app.run_worker_async(
                    queues=[lane],
                    name=lane,
                    concurrency=CONCURRENCY[lane],
                    wait=wait,
                    fetch_job_polling_interval=POLL_SECONDS,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=STALLED_SECONDS,
                    install_signal_handlers=False,
                    delete_jobs="always",
                )
            )


async def run_until(app: App, lanes: Sequence[Lane], stop: threading.Event) -> None:
    """Work until `stop` is set; handlers see the same event and give their work back."""
    working = asyncio.create_task(run_lanes(app, lanes))
    stopping = asyncio.create_task(asyncio.to_thread(stop.wait))
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    failed = not stop.is_set()
    stop.set()
    working.cancel()
    await asyncio.wait({working, stopping})
    if failed and not working.cancelled():
        working.result()
