"""Jobs on a real queue: they commit with their rows, run alone, and are never lost."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import pytest
from sqlalchemy import Connection, Engine, text

import workers.queue
from portal.errors import DatabaseUnavailable, StorageUnavailable
from portal.events import service as events_service
from portal.ids import new_id
from portal.jobs import LANES, Job, Lane, Task, defer
from portal.jobs import service as jobs_service
from tests.stored_files import QueuedJob, queued_jobs
from workers.lanes import RETRIES, jobs_at_once
from workers.queue import JobRunner, build_app, run_due, run_until
from workers.registry import JobHandler

pytestmark = pytest.mark.postgres

WAIT_SECONDS_MAX = 60.0
ENCODES = 40
"""More than asyncio has threads for, unless it is told."""


def handlers(handler: JobHandler) -> Mapping[Task, JobHandler]:
    return dict.fromkeys(Task, handler)


def work_off(engine: Engine, handler: JobHandler, *, workers: int = 1) -> None:
    """Let so many workers run until nothing is due."""

    def work() -> None:
        app = build_app(JobRunner(engine, handlers(handler)))
        asyncio.run(run_due(app, jobs_at_once(list(Lane), encodes=1)))

    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work) for _ in range(workers)]:
            done.result(timeout=WAIT_SECONDS_MAX)


def queue(engine: Engine, *jobs: Job) -> None:
    with engine.begin() as connection:
        for job in jobs:
            defer(connection, job)


def queued(engine: Engine) -> list[QueuedJob]:
    with engine.connect() as connection:
        return queued_jobs(connection)


def make_due(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("update procrastinate_jobs set scheduled_at = now()"))


# --- queueing --------------------------------------------------------------------------------


def test_a_job_commits_with_its_row(engine: Engine) -> None:
    with engine.begin() as connection:
        event = events_service.ensure_event(connection, "scrum")
    assert [(j.task, j.subject_id) for j in queued(engine)] == [(Task.INDEX_EVENT, event.id)]


def test_a_job_vanishes_with_its_row(engine: Engine) -> None:
    with engine.connect() as connection:
        events_service.ensure_event(connection, "scrum")
        assert len(queued_jobs(connection)) == 1
        connection.rollback()
    assert queued(engine) == []


def test_a_twin_that_waits_is_enough(connection: Connection) -> None:
    job = Job(Task.PROBE, new_id())
    defer(connection, job)
    defer(connection, Job(Task.PROBE, job.subject_id, tries=4), delay_seconds=60)
    defer(connection, Job(Task.VERIFY, job.subject_id))
    defer(connection, Job(Task.PROBE, new_id()))

    assert [(j.task, j.tries) for j in queued_jobs(connection)] == [
        (Task.PROBE, 1),
        (Task.VERIFY, 1),
        (Task.PROBE, 1),
    ]
    assert connection.execute(text("select 1")).scalar_one() == 1  # the transaction still works


def test_a_twin_that_waits_sees_the_work_of_whoever_relied_on_it(engine: Engine) -> None:
    """A worker that took it before the commit would index what was, and nobody what is."""
    job = Job(Task.INDEX_EVENT, new_id())
    queue(engine, job)
    ran: list[str] = []
    with engine.begin() as connection:
        defer(connection, job)
        work_off(engine, ran.append)
        assert ran == []
    work_off(engine, ran.append)
    assert ran == [job.subject_id]


def test_a_twin_that_runs_is_not_enough(connection: Connection) -> None:
    """What it works on may be out of date already."""
    job = Job(Task.INDEX_EVENT, new_id())
    defer(connection, job)
    connection.execute(text("update procrastinate_jobs set status = 'doing'"))
    defer(connection, job)
    assert [j.is_running for j in queued_jobs(connection)] == [True, False]


@pytest.mark.parametrize("task", Task)
def test_every_task_goes_into_its_lane(connection: Connection, task: Task) -> None:
    defer(connection, Job(task, new_id()))
    lane = connection.execute(text("select queue_name from procrastinate_jobs")).scalar_one()
    assert lane == LANES[task]


# --- running ---------------------------------------------------------------------------------


def test_every_job_runs_once_and_is_forgotten(engine: Engine) -> None:
    jobs = [Job(task, new_id()) for task in Task]
    queue(engine, *jobs)
    ran: list[str] = []

    work_off(engine, ran.append, workers=2)

    assert sorted(ran) == sorted(job.subject_id for job in jobs)
    assert queued(engine) == []
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from procrastinate_jobs")).scalar() == 0


@pytest.mark.parametrize("task", [Task.PROBE, Task.INDEX_EVENT])
def test_jobs_of_one_subject_never_run_at_once(engine: Engine, task: Task) -> None:
    """While one runs, another is queued; two workers compete for it."""
    subject_id = new_id()
    queue(engine, Job(task, subject_id))
    running, most, ran = Counter[str](), Counter[str](), Counter[str]()
    lock = threading.Lock()

    def handle(subject: str) -> None:
        with lock:
            running[subject] += 1
            ran[subject] += 1
            most[subject] = max(most[subject], running[subject])
        if ran[subject] < 5:
            queue(engine, Job(task, subject))
            with engine.connect() as connection:
                found = connection.execute(
                    text("select procrastinate_fetch_job_v2(:lanes, null)"),
                    {"lanes": [str(LANES[task])]},
                ).scalar_one()
                assert str(found).startswith("(,")  # a third worker is given nothing
        with lock:
            running[subject] -= 1

    for _ in range(5):  # without waiting, a worker leaves as soon as nothing is due
        work_off(engine, handle, workers=2)

    assert (ran[subject_id], most[subject_id]) == (5, 1)
    assert queued(engine) == []


@pytest.mark.parametrize("error", [StorageUnavailable("The disk is away."), ValueError("a fault")])
def test_a_failed_job_is_queued_again_with_a_pause(engine: Engine, error: Exception) -> None:
    job = Job(Task.TRANSCODE, new_id())  # its pause is long enough for the slowest machine
    queue(engine, job)

    def fail(_subject_id: str) -> None:
        raise error

    work_off(engine, fail)

    assert queued(engine) == [QueuedJob(job.task, job.subject_id, 2, False, True)]


@pytest.mark.parametrize("task", [Task.FINISH_UPLOAD, Task.INDEX_EVENT, Task.REMOVE_OBJECTS])
def test_a_job_is_never_dropped_however_often_it_fails(engine: Engine, task: Task) -> None:
    """Nothing else would index an event again, or delete the objects of a removed asset."""
    job = Job(task, new_id())
    queue(engine, job)

    def fail(_subject_id: str) -> None:
        raise StorageUnavailable("The disk is away.")

    tries = 0
    while tries <= RETRIES[LANES[task]].tries_max + 1:
        make_due(engine)
        work_off(engine, fail)
        (waiting,) = queued(engine)
        assert waiting == QueuedJob(task, job.subject_id, waiting.tries, False, True)
        assert waiting.tries > tries
        tries = waiting.tries


def test_one_failure_does_not_end_the_others(engine: Engine) -> None:
    bad, good = new_id(), new_id()
    queue(engine, Job(Task.PROBE, bad), Job(Task.PROBE, good))
    ran: list[str] = []

    def handle(subject_id: str) -> None:
        if subject_id == bad:
            raise ValueError("a fault")
        ran.append(subject_id)

    work_off(engine, handle)
    assert ran == [good]


def test_a_job_queued_while_it_runs_runs_again(engine: Engine) -> None:
    job = Job(Task.INDEX_EVENT, new_id())
    queue(engine, job)
    ran: list[str] = []

    def handle(subject_id: str) -> None:
        ran.append(subject_id)
        if len(ran) == 1:
            queue(engine, job)

    for _ in range(2):
        work_off(engine, handle)
    assert ran == [job.subject_id] * 2


# --- living and stopping ---------------------------------------------------------------------


class Work:
    """A worker in a thread, as a process runs it."""

    def __init__(self, engine: Engine, handler: JobHandler) -> None:
        self.stop = threading.Event()
        self.was_seen_alive = threading.Event()
        self._engine = engine
        self._app = build_app(JobRunner(engine, handlers(handler)))
        self._pool = ThreadPoolExecutor(1)
        self.done = self._pool.submit(self._run)

    def _run(self) -> None:
        working = run_until(
            self._app,
            jobs_at_once(list(Lane), encodes=ENCODES),
            self.stop,
            engine=self._engine,
            on_alive=self.was_seen_alive.set,
        )
        asyncio.run(working)

    def __enter__(self) -> Work:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._pool.shutdown()


def wait_until(engine: Engine, condition: Callable[[Connection], bool], work: Work) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not condition(connection):
            assert not work.done.done(), work.done.exception()


def lives(connection: Connection) -> bool:
    return jobs_service.live_worker_count(connection) == len(Lane)


def test_a_worker_is_known_while_it_lives(engine: Engine) -> None:
    with engine.connect() as connection:
        assert jobs_service.live_worker_count(connection) == 0
    with Work(engine, lambda _id: None) as work:
        wait_until(engine, lives, work)
    work.done.result(timeout=WAIT_SECONDS_MAX)
    with engine.connect() as connection:
        assert jobs_service.live_worker_count(connection) == 0


def test_a_worker_says_that_it_lives(engine: Engine) -> None:
    with Work(engine, lambda _id: None) as work:
        assert work.was_seen_alive.wait(WAIT_SECONDS_MAX)


def test_a_new_job_is_taken_up_at_once(engine: Engine) -> None:
    taken = threading.Event()
    with Work(engine, lambda _id: taken.set()) as work:
        wait_until(engine, lives, work)
        queue(engine, Job(Task.PROBE, new_id()))
        assert taken.wait(WAIT_SECONDS_MAX)


def test_nothing_light_is_behind_an_encode(engine: Engine) -> None:
    """However many encodes run at once."""
    encoding, may_end = threading.Barrier(ENCODES + 1), threading.Event()
    light = {task for task, lane in LANES.items() if lane is not Lane.MEDIA}
    encodes = [Job(Task.CHUNK, new_id()) for _ in range(ENCODES)]
    others = {new_id(): task for task in light}
    ran: Queue[str] = Queue()

    def handle(subject_id: str) -> None:
        if subject_id in others:
            ran.put(subject_id)
        else:
            encoding.wait(WAIT_SECONDS_MAX)
            may_end.wait(WAIT_SECONDS_MAX)

    queue(engine, *encodes)
    with Work(engine, handle):
        try:
            encoding.wait(WAIT_SECONDS_MAX)
            queue(engine, *(Job(task, subject_id) for subject_id, task in others.items()))
            assert {ran.get(timeout=WAIT_SECONDS_MAX) for _ in others} == set(others)
        finally:
            may_end.set()


def test_a_stop_lets_a_running_job_give_its_work_back(engine: Engine) -> None:
    job = Job(Task.TRANSCODE, new_id())
    started, ended = threading.Event(), threading.Event()

    def handle(_subject_id: str) -> None:
        started.set()
        assert work.stop.wait(WAIT_SECONDS_MAX)  # as the sandbox does
        queue(engine, job)
        ended.set()

    with Work(engine, handle) as work:
        queue(engine, job)
        assert started.wait(WAIT_SECONDS_MAX)
        work.stop.set()
        work.done.result(timeout=WAIT_SECONDS_MAX)

    assert ended.is_set()
    assert queued(engine) == [QueuedJob(job.task, job.subject_id, 1, False, False)]


UNREGISTER_ONE = "delete from procrastinate_workers where id = {one}"
REFUSE_HEARTBEAT = """
create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
create trigger refuse before update on procrastinate_workers
for each row when (old.id = {one}) execute function refuse()
"""


@pytest.mark.parametrize("fault", [UNREGISTER_ONE, REFUSE_HEARTBEAT], ids=["fetch", "heartbeat"])
def test_a_lane_that_ends_by_itself_ends_the_process(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """The supervisor then starts it anew; else its jobs would wait, or run twice, unnoticed."""
    monkeypatch.setattr(workers.queue, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(jobs_service, "STALLED_SECONDS", 2)
    with Work(engine, lambda _id: None) as work:
        wait_until(engine, lives, work)
        with engine.begin() as connection:
            one = connection.execute(text("select min(id) from procrastinate_workers")).scalar()
            connection.execute(text(fault.format(one=one)))
        queue(engine, *(Job(task, new_id()) for task in Task))
        with pytest.raises(DatabaseUnavailable, match="The queue of jobs was lost"):
            work.done.result(timeout=WAIT_SECONDS_MAX)
        assert work.stop.is_set()
