"""Chunks over a real database and store: split, shared, fenced, joined, or made in one piece."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from portal.assets import service as assets_service
from portal.assets.made_files import INIT, segment_name
from portal.assets.models import Asset, Outcome, Rendition, RenditionKind, Step, StepState
from portal.assets.service import STEP_TASKS, Attempt
from portal.db.tables import chunks as chunks_table
from portal.errors import Interrupted, MediaRefused, NotSplittable, ScratchBusy, ToolFailed
from portal.jobs import Lane, Task
from portal.recordings import service as recordings_service
from portal.recordings.models import ChunkTry
from portal.runtime import Runtime
from portal.storage import keys
from tests.stored_files import (
    MP4,
    QueuedJob,
    asset_of,
    forget_jobs,
    keys_of,
    make_event,
    queued_jobs,
    record_of,
    sha256,
    store,
    tasks_of,
)
from workers.chunk_runner import ChunkRunner
from workers.lanes import RETRIES
from workers.queue import JobRunner, build_app, run_due
from workers.reconcile import Sweep
from workers.run import (
    ChunkHandler,
    ChunkHandlers,
    ChunkRun,
    JoinHandler,
    StepResult,
    StepRun,
    StepSplit,
)
from workers.runner import StepRunner
from workers.sandbox import Level, Sandbox

pytestmark = pytest.mark.postgres

CHUNKS = 3
SEGMENTS_EACH = 2
TRIES_MAX = RETRIES[Lane.MEDIA].tries_max
FOLDER = "360p"
WAIT_SECONDS_MAX = 60.0
PLAIN = Sandbox(Level.PLAIN)  # nothing here needs it


@pytest.fixture
def video_id(runtime: Runtime) -> str:
    """Put in, and nothing is queued for it."""
    asset_id = store(runtime, make_event(runtime), "scrum.mp4", MP4)
    with runtime.engine.begin() as connection:
        forget_jobs(connection)
    return asset_id


# --- a made-up encode that really writes files -----------------------------------------------


def put(run: StepRun | ChunkRun, name: str, content: str) -> None:
    path = run.scratch / name
    path.write_text(content)
    key = keys.result(run.asset.id, run.step, run.attempt, f"{FOLDER}/{name}")
    run.runtime.store.put_file(key, path, media_type="video/mp4")


def in_chunks(run: StepRun) -> StepResult | StepSplit:
    """Splits where it may, else makes everything itself."""
    if run.may_split:
        return StepSplit(tuple({"first": n * SEGMENTS_EACH + 1} for n in range(CHUNKS)))
    files = [segment_name(number) for number in range(1, CHUNKS * SEGMENTS_EACH + 1)]
    for name in (INIT, *files):
        put(run, name, "whole")
    rendition = made(run.asset, run.attempt, files)
    return StepResult(Outcome.PARTIAL, "It ends early.", renditions=(rendition,))


def encode(run: ChunkRun) -> Mapping[str, object]:
    first = run.plan["first"]
    assert isinstance(first, int)
    numbers = range(first, first + SEGMENTS_EACH)
    files = [segment_name(number, tries=run.tries) for number in numbers]
    for name in (INIT, *files):
        put(run, name, "chunk")
    return {"files": files}


def join(asset: Asset, attempt: int, results: Sequence[Mapping[str, object]]) -> StepResult:
    files: list[str] = []
    for result in results:
        found = result["files"]
        assert isinstance(found, list)
        files += found
    return StepResult(renditions=(made(asset, attempt, files),))


def made(asset: Asset, attempt: int, files: Sequence[str]) -> Rendition:
    return Rendition(
        name=FOLDER,
        step=Step.TRANSCODE,
        attempt=attempt,
        kind=RenditionKind.VIDEO,
        key=keys.result(asset.id, Step.TRANSCODE, attempt, FOLDER) + "/",
        media_type="video/mp4",
        size_bytes=1,
        sha256=sha256(b""),
        segment_files=tuple(files),
        segment_seconds=(2.0,) * len(files),
    )


def failing(error: Exception, *, chunk: int = 1, times: int = 1000) -> ChunkHandler:
    """Like `encode`, but the first tries at one chunk fail once they have stored everything."""
    failures = iter(range(times))

    def make(run: ChunkRun) -> Mapping[str, object]:
        result = encode(run)
        if run.number == chunk and next(failures, None) is not None:
            raise error
        return result

    return make


# --- what works on it ------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """An asset whose transcode is worked on by hand, job by job."""

    runtime: Runtime
    asset_id: str
    stop: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Run the step's own job."""
        handlers = dict.fromkeys(Step, in_chunks)
        StepRunner(self.runtime, PLAIN, handlers, self.stop).run(Step.TRANSCODE, self.asset_id)

    def make(self, chunk_id: str, make: ChunkHandler = encode, join: JoinHandler = join) -> None:
        handlers = {Step.TRANSCODE: ChunkHandlers(make, join)}
        ChunkRunner(self.runtime, PLAIN, handlers, self.stop).run(chunk_id)

    def make_all(self, make: ChunkHandler = encode, join: JoinHandler = join) -> None:
        for chunk_id in self.chunk_ids():
            self.make(chunk_id, make, join)

    def chunk_ids(self) -> list[str]:
        """In order."""
        query = select(chunks_table.c.id).order_by(chunks_table.c.number)
        with self.runtime.engine.connect() as connection:
            return list(connection.scalars(query))

    def tries(self) -> list[int]:
        query = select(chunks_table.c.tries).order_by(chunks_table.c.number)
        with self.runtime.engine.connect() as connection:
            return list(connection.scalars(query))

    def jobs(self) -> list[QueuedJob]:
        """What was queued since the last look."""
        with self.runtime.engine.begin() as connection:
            found = queued_jobs(connection)
            forget_jobs(connection)
        return found

    def tasks(self) -> list[Task]:
        return [job.task for job in self.jobs()]

    def stored(self) -> set[str]:
        """Names of all stored files of the step, with their attempts."""
        prefix = f"{keys.asset_prefix(self.asset_id)}{Step.TRANSCODE}/"
        return {key.removeprefix(prefix) for key in keys_of(self.runtime, prefix)}

    @property
    def state(self) -> StepState:
        return record_of(self.runtime, self.asset_id, Step.TRANSCODE).state

    @property
    def detail(self) -> str | None:
        return record_of(self.runtime, self.asset_id, Step.TRANSCODE).detail

    @property
    def shown(self) -> set[str]:
        """Names of the files of the shown rendition, with their attempts."""
        rendition = asset_of(self.runtime, self.asset_id).rendition(FOLDER)
        if rendition is None:
            return set()
        names = (INIT, *(rendition.segment_files or ()))
        return {f"{rendition.attempt}/{FOLDER}/{name}" for name in names}


@pytest.fixture
def place(runtime: Runtime, video_id: str) -> Place:
    return Place(runtime, video_id)


@pytest.fixture
def split(place: Place) -> Place:
    """Its step was split, and its chunks wait."""
    place.begin()
    return place


def end_all_others(split: Place) -> None:
    """End every step that may run, one after the other; the split one has jobs of its own."""
    tasks = {task: step for step, task in STEP_TASKS.items()}
    with split.runtime.engine.begin() as connection:
        while due := assets_service.due_jobs(connection, split.asset_id):
            for job in due:
                attempt = assets_service.begin_attempt(connection, split.asset_id, tasks[job.task])
                assert attempt is not None
                assert attempt.step is not Step.TRANSCODE
                assets_service.finish_attempt(connection, attempt, outcome=Outcome.DONE)


def files(*names: str, attempt: int = 1) -> set[str]:
    return {f"{attempt}/{FOLDER}/{name}" for name in (INIT, *names)}


def segments(*numbers: int, tries: int = 1) -> list[str]:
    return [segment_name(number, tries=tries) for number in numbers]


ALL = segments(*range(1, CHUNKS * SEGMENTS_EACH + 1))


# --- success ---------------------------------------------------------------------------------


def test_a_step_goes_on_as_chunks(split: Place) -> None:
    assert split.state is StepState.RUNNING
    ids = split.chunk_ids()
    assert split.jobs() == [QueuedJob(Task.CHUNK, i, 1, False, False) for i in ids]
    assert len(ids) == CHUNKS


def test_a_short_recording_does_not_wait_for_a_whole_long_one(split: Place) -> None:
    long_ids = split.chunk_ids()
    other_id = store(split.runtime, make_event(split.runtime), "a.mp4", MP4 + b"a")
    short = Place(split.runtime, other_id)
    short.begin()
    short_ids = [chunk_id for chunk_id in short.chunk_ids() if chunk_id not in long_ids]
    ran: list[str] = []

    app = build_app(JobRunner(split.runtime.engine, dict.fromkeys(Task, ran.append)))
    asyncio.run(run_due(app, {Lane.MEDIA: 1}))

    pairs = zip(long_ids, short_ids, strict=True)
    assert ran == [chunk_id for pair in pairs for chunk_id in pair]


def test_the_last_chunk_ends_the_step(split: Place) -> None:
    first, *others = split.chunk_ids()
    split.jobs()
    for chunk_id in reversed(others):
        split.make(chunk_id)
        assert (split.state, split.shown, split.jobs()) == (StepState.RUNNING, set(), [])

    split.make(first)

    assert split.state is StepState.DONE
    assert split.shown == split.stored() == files(*ALL)
    assert split.tries() == [1] * CHUNKS


def test_what_follows_the_step_is_queued_with_its_end(split: Place) -> None:
    end_all_others(split)
    split.jobs()

    split.make_all()

    with split.runtime.engine.begin() as connection:
        due = {job.task for job in assets_service.due_jobs(connection, split.asset_id)}
        assert due
        assert due == set(tasks_of(connection, split.asset_id))


def test_of_chunks_that_end_at_once_one_is_last(split: Place) -> None:
    together = threading.Barrier(CHUNKS)
    joined: list[int] = []

    def make(run: ChunkRun) -> Mapping[str, object]:
        result = encode(run)
        together.wait(WAIT_SECONDS_MAX)
        return result

    def join_once(
        asset: Asset, attempt: int, results: Sequence[Mapping[str, object]]
    ) -> StepResult:
        joined.append(attempt)
        return join(asset, attempt, results)

    with ThreadPoolExecutor(CHUNKS) as pool:
        for done in [pool.submit(split.make, i, make, join_once) for i in split.chunk_ids()]:
            done.result(timeout=WAIT_SECONDS_MAX)

    assert joined == [1]
    assert split.shown == split.stored() == files(*ALL)


def test_the_progress_of_a_step_is_that_of_its_chunks(split: Place) -> None:
    first, second, _ = split.chunk_ids()
    seen: list[float | None] = []

    def make(run: ChunkRun) -> Mapping[str, object]:
        run.report_progress(0.5)
        seen.append(record_of(split.runtime, split.asset_id, Step.TRANSCODE).progress)
        return encode(run)

    split.make(first, make)
    split.make(second, make)

    assert seen == [pytest.approx(0.5 / CHUNKS), pytest.approx(1.5 / CHUNKS)]


# --- tries -----------------------------------------------------------------------------------


def test_a_failed_chunk_is_tried_again_alone(split: Place) -> None:
    first, *_ = split.chunk_ids()
    make = failing(ToolFailed("The encoder died."), times=1)
    split.jobs()

    split.make(first, make)

    assert split.jobs() == [QueuedJob(Task.CHUNK, first, 1, False, True)]
    assert split.stored() <= files(), "what it stored is deleted"
    split.make_all(make)
    assert split.shown == split.stored() == files(*segments(1, 2, tries=2), *ALL[2:])
    assert split.tries() == [2, 1, 1]


def test_what_a_killed_try_has_left_is_deleted_by_the_next(split: Place) -> None:
    first, *_ = split.chunk_ids()

    def be_killed(run: ChunkRun) -> Mapping[str, object]:
        encode(run)
        raise SystemExit  # nothing of ours sees it, as with SIGKILL

    with pytest.raises(SystemExit):
        split.make(first, be_killed)
    assert split.stored() == files(*segments(1, 2))

    split.make(first)
    assert split.stored() == files(*segments(1, 2, tries=2))


def test_a_try_thought_dead_can_spoil_nothing(split: Place) -> None:
    """It wakes up when its successor has made the chunk, and again when all are made."""
    first, *others = split.chunk_ids()

    def sleep_while_others_work(run: ChunkRun) -> Mapping[str, object]:
        split.make(first)
        return encode(run)

    split.make(first, sleep_while_others_work)
    assert split.stored() == files(*segments(1, 2, tries=2))

    def sleep_until_all_is_made(run: ChunkRun) -> Mapping[str, object]:
        for chunk_id in others:
            split.make(chunk_id)
        return encode(run)

    split.make(others[0], sleep_until_all_is_made)
    expected = files(*segments(1, 2, tries=2), *segments(3, 4, tries=2), *ALL[4:])
    assert split.shown == split.stored() == expected
    assert split.state is StepState.DONE


def test_a_result_whose_commit_was_not_heard_of_is_kept(split: Place) -> None:
    """The database goes away at that moment: the chunk is made, and its runner does not know."""
    first, *_ = split.chunk_ids()

    def finish_unheard(run: ChunkRun) -> Mapping[str, object]:
        result = encode(run)
        attempt = Attempt(run.asset, run.step, run.attempt, tries=1)
        chunk_try = ChunkTry(first, attempt, run.number, CHUNKS, run.tries, 1, run.plan)
        with split.runtime.engine.begin() as connection:
            recordings_service.finish_chunk(connection, chunk_try, result)
        return result

    split.make(first, finish_unheard)
    assert split.stored() == files(*segments(1, 2))


@pytest.mark.parametrize("error", [Interrupted("Stop."), ScratchBusy("No room.")])
def test_what_is_nobodys_fault_costs_no_try(split: Place, error: Exception) -> None:
    first, *_ = split.chunk_ids()
    split.jobs()
    for _ in range(TRIES_MAX + 1):
        split.make(first, failing(error))
        has_pause = isinstance(error, ScratchBusy)
        assert split.jobs() == [QueuedJob(Task.CHUNK, first, 1, False, has_pause)]
    split.make_all()
    tries = TRIES_MAX + 2
    assert split.tries() == [tries, 1, 1]
    assert split.shown == split.stored() == files(*segments(1, 2, tries=tries), *ALL[2:])


# --- in one piece after all ------------------------------------------------------------------


def assert_begun_again_whole(split: Place, *, reason: str) -> None:
    assert split.tasks() == [Task.TRANSCODE]
    assert split.state is StepState.WAITING
    assert reason in str(split.detail)
    assert split.stored() == set()

    split.make_all()  # jobs of chunks that are not wanted any more
    assert split.stored() == set()
    split.begin()

    assert (split.state, split.detail) == (StepState.PARTIAL, "It ends early.")
    assert split.shown == split.stored() == files(*ALL, attempt=3)


@pytest.mark.parametrize("error", [NotSplittable("It has holes."), MediaRefused("It has holes.")])
def test_what_cannot_be_made_in_chunks_is_made_whole(split: Place, error: Exception) -> None:
    split.jobs()
    split.make_all(failing(error, chunk=2))
    assert_begun_again_whole(split, reason="It has holes.")


def test_what_cannot_be_joined_is_made_whole(split: Place) -> None:
    def refuse(*_: object) -> StepResult:
        raise NotSplittable("They do not fit.")

    split.jobs()
    split.make_all(encode, refuse)
    assert_begun_again_whole(split, reason="They do not fit.")


def test_a_chunk_that_fails_time_and_again_is_given_up(split: Place) -> None:
    first, *_ = split.chunk_ids()
    for _ in range(TRIES_MAX):
        split.jobs()
        split.make(first, failing(ToolFailed("The encoder died.")))
    assert_begun_again_whole(split, reason="The encoder died.")


def test_a_chunk_that_kills_its_workers_is_given_up(split: Place) -> None:
    first, *_ = split.chunk_ids()
    with split.runtime.engine.begin() as connection:
        for _ in range(TRIES_MAX):
            recordings_service.begin_chunk(connection, first)
        forget_jobs(connection)

    def be_called(_run: ChunkRun) -> Mapping[str, object]:
        raise AssertionError("it would kill this worker too")

    split.make(first, be_called)
    assert_begun_again_whole(split, reason="never came to an end")


def test_chunks_under_way_are_void_once_the_step_is_begun_whole(split: Place) -> None:
    first, second, _ = split.chunk_ids()
    split.jobs()

    def meanwhile_another_fails(run: ChunkRun) -> Mapping[str, object]:
        split.make(second, failing(NotSplittable("It has holes."), chunk=2))
        return encode(run)

    split.make(first, meanwhile_another_fails)
    assert_leaves_only_inits(split)
    split.begin()
    assert split.state is StepState.PARTIAL


def assert_leaves_only_inits(split: Place) -> None:
    """Those are equal for all tries, and left to the sweep with the attempt's number."""
    assert split.stored() <= files()


def test_a_step_made_whole_may_be_split_when_it_is_asked_for_again(split: Place) -> None:
    split.make_all(failing(NotSplittable("It has holes.")))
    split.begin()
    with split.runtime.engine.begin() as connection:
        assets_service.retry_step(connection, split.asset_id, Step.TRANSCODE)
    split.begin()
    split.make_all()
    assert split.state is StepState.DONE


# --- others interfere ------------------------------------------------------------------------


def test_a_step_that_is_asked_for_again_supersedes_its_chunks(split: Place) -> None:
    first, *_ = before = split.chunk_ids()

    def meanwhile_it_is_asked_for(run: ChunkRun) -> Mapping[str, object]:
        with split.runtime.engine.begin() as connection:
            assets_service.retry_step(connection, split.asset_id, Step.TRANSCODE)
        split.begin()
        return encode(run)

    split.make(first, meanwhile_it_is_asked_for)
    assert_leaves_only_inits(split)
    for chunk_id in before:
        split.make(chunk_id)
    assert_leaves_only_inits(split)
    assert not set(before) & set(split.chunk_ids())

    split.make_all()
    assert split.shown == files(*ALL, attempt=3)


def test_a_removed_asset_has_no_chunks_to_make(split: Place) -> None:
    first, second, _ = split.chunk_ids()

    def meanwhile_it_is_removed(run: ChunkRun) -> Mapping[str, object]:
        with split.runtime.engine.begin() as connection:
            assets_service.remove_asset(connection, split.asset_id)
        return encode(run)

    split.make(first, meanwhile_it_is_removed)
    split.make(second)
    assert_leaves_only_inits(split)
    assert split.tries() == [1, 0, 0]


def test_the_steps_own_job_leaves_its_chunks_alone(split: Place) -> None:
    """Its worker died between the split and the end of the job, which then runs again."""
    before = split.chunk_ids()
    split.jobs()
    split.begin()
    assert (split.chunk_ids(), split.jobs()) == (before, [])
    split.make_all()
    assert split.shown == files(*ALL)


def test_lost_chunks_are_queued_again_one_by_one(
    split: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never the step, and nothing for what is made or has a job."""
    monkeypatch.setattr("workers.reconcile.STUCK_SECONDS", 0)
    first, second, third = split.chunk_ids()
    end_all_others(split)
    split.jobs()
    split.make(second)
    split.make(third, failing(Interrupted("Stop."), chunk=3))  # it has a job

    for _ in range(2):
        Sweep(split.runtime, threading.Event()).repair_once()

    with split.runtime.engine.connect() as connection:
        found = queued_jobs(connection)
    assert {job.task for job in found} == {Task.CHUNK}
    assert sorted(job.subject_id for job in found) == sorted([first, third])
