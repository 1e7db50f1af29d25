"""The sweep on a real database and store: it repairs what events missed, and harms nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from portal.assets import service as assets_service
from portal.assets.models import Kind, Outcome, Rendition, RenditionKind, Step
from portal.assets.pipeline import next_steps
from portal.assets.service import STEP_TASKS, Attempt
from portal.db import tables
from portal.errors import StorageUnavailable
from portal.events.models import Event
from portal.ids import new_id
from portal.jobs import Job, Task, defer
from portal.jobs import service as jobs_service
from portal.runtime import Runtime
from portal.storage import keys
from portal.uploads import service as uploads_service
from portal.uploads.models import UploadState
from tests.stored_files import (
    FLAC,
    MP4,
    QueuedJob,
    acknowledge,
    age,
    asset_of,
    begin_upload,
    forget_jobs,
    keys_of,
    make_event,
    put_parts,
    queued_jobs,
    sha256,
    store,
)
from tests.transactions import wait_until_blocked
from tests.watched_store import Deletions, watched
from workers.originals import remove_objects
from workers.reconcile import LEFTOVER_MINUTES, Sweep, sweeping

pytestmark = pytest.mark.postgres


@pytest.fixture
def event(runtime: Runtime) -> Event:
    return make_event(runtime)


@pytest.fixture
def video_id(runtime: Runtime, event: Event) -> str:
    """Stored an hour ago, and nothing is queued for it."""
    asset_id = store(runtime, event, "scrum.mp4", MP4)
    with runtime.engine.begin() as connection:
        age(connection, tables.uploads, hours=1)
        forget_jobs(connection)
    return asset_id


def sweep(runtime: Runtime) -> None:
    Sweep(runtime, threading.Event()).sweep_once()


def jobs(runtime: Runtime) -> list[QueuedJob]:
    """What was queued since the last look."""
    with runtime.engine.begin() as connection:
        found = queued_jobs(connection)
        forget_jobs(connection)
    return found


def tasks(runtime: Runtime) -> set[Task]:
    return {job.task for job in jobs(runtime)}


def end(runtime: Runtime, asset_id: str, *steps: Step, outcome: Outcome = Outcome.DONE) -> None:
    for step in steps:
        with runtime.engine.begin() as connection:
            attempt = assets_service.begin_attempt(connection, asset_id, step)
            assert attempt is not None
            assets_service.finish_attempt(connection, attempt, outcome=outcome, detail="It ended.")
            forget_jobs(connection)


# --- jobs of dead workers --------------------------------------------------------------------


def register_worker(connection: Connection, *, silent_seconds: int) -> int:
    worker_id: int = connection.execute(
        text(
            "insert into procrastinate_workers (last_heartbeat)"
            " values (now() - make_interval(secs => :silent)) returning id"
        ),
        {"silent": silent_seconds},
    ).scalar_one()
    return worker_id


def give(connection: Connection, job: Job, worker_id: int | None) -> None:
    """Queue a job and let that worker have taken it up."""
    defer(connection, job)
    connection.execute(
        text(
            "update procrastinate_jobs set status = 'doing', worker_id = :worker"
            " where args->>'subject_id' = :subject"
        ),
        {"worker": worker_id, "subject": job.subject_id},
    )


def test_the_jobs_of_a_dead_worker_are_queued_again(runtime: Runtime) -> None:
    dead, forgotten, alive = (Job(Task.PROBE, new_id(), tries=2) for _ in range(3))
    with runtime.engine.begin() as connection:
        give(connection, dead, register_worker(connection, silent_seconds=16))
        give(connection, forgotten, None)
        give(connection, alive, register_worker(connection, silent_seconds=9))

    sweep(runtime)
    sweep(runtime)

    assert sorted(jobs(runtime), key=lambda job: job.subject_id) == sorted(
        [
            QueuedJob(Task.PROBE, dead.subject_id, 1, is_running=False, has_pause=False),
            QueuedJob(Task.PROBE, forgotten.subject_id, 1, is_running=False, has_pause=False),
            QueuedJob(Task.PROBE, alive.subject_id, 2, is_running=True, has_pause=False),
        ],
        key=lambda job: job.subject_id,
    )


def test_a_dead_workers_job_whose_twin_waits_is_dropped(runtime: Runtime) -> None:
    job = Job(Task.INDEX_EVENT, new_id())
    with runtime.engine.begin() as connection:
        give(connection, job, None)
        defer(connection, job)
    sweep(runtime)
    assert [(j.subject_id, j.is_running) for j in jobs(runtime)] == [(job.subject_id, False)]


@pytest.mark.parametrize("status", ["failed", "aborted"])
def test_a_job_that_could_not_be_ended_well_is_queued_again(runtime: Runtime, status: str) -> None:
    job = Job(Task.INDEX_EVENT, new_id())
    with runtime.engine.begin() as connection:
        defer(connection, job)
        connection.execute(
            text("update procrastinate_jobs set status = cast(:s as procrastinate_job_status)"),
            {"s": status},
        )
    sweep(runtime)
    assert [(j.task, j.subject_id) for j in jobs(runtime)] == [(job.task, job.subject_id)]


def test_a_job_of_a_task_that_is_no_more_is_forgotten(runtime: Runtime) -> None:
    """An older version of the portal may have died over it."""
    job = Job(Task.PROBE, new_id())
    with runtime.engine.begin() as connection:
        give(connection, Job(Task.VERIFY, new_id()), None)
        connection.execute(text("update procrastinate_jobs set task_name = 'assets.forgotten'"))
        give(connection, job, None)
    sweep(runtime)
    assert [(j.task, j.is_running) for j in jobs(runtime)] == [(Task.PROBE, False)]


def test_an_attempt_taken_over_is_fenced(runtime: Runtime, video_id: str) -> None:
    with runtime.engine.begin() as connection:
        old = assets_service.begin_attempt(connection, video_id, Step.TRANSCODE)
        give(connection, Job(Task.TRANSCODE, video_id), None)
    sweep(runtime)
    assert tasks(runtime) >= {Task.TRANSCODE}
    with runtime.engine.begin() as connection:
        new = assets_service.begin_attempt(connection, video_id, Step.TRANSCODE)
    assert old is not None
    assert new is not None
    assert (old.number, new.number, new.tries) == (1, 2, 2)


# --- missed steps ----------------------------------------------------------------------------


def test_missed_steps_are_queued(runtime: Runtime, video_id: str) -> None:
    outcomes: dict[Step, Outcome] = {}
    while steps := next_steps(Kind.VIDEO, outcomes):
        sweep(runtime)
        assert tasks(runtime) == {STEP_TASKS[step] for step in steps}
        end(runtime, video_id, *steps)
        outcomes |= dict.fromkeys(steps, Outcome.DONE)
    assert Step.INDEX in outcomes
    sweep(runtime)
    assert tasks(runtime) == set()


def test_what_waits_or_runs_was_not_missed(runtime: Runtime, video_id: str) -> None:
    with runtime.engine.begin() as connection:
        defer(connection, Job(Task.VERIFY, video_id), delay_seconds=60)
        worker_id = register_worker(connection, silent_seconds=0)
        probe = Job(Task.PROBE, video_id)
        defer(connection, probe)
        connection.execute(
            text(
                "update procrastinate_jobs set status = 'doing', worker_id = :worker"
                " where task_name = 'assets.probe'"
            ),
            {"worker": worker_id},
        )
    sweep(runtime)
    assert [(j.task, j.is_running, j.has_pause) for j in jobs(runtime)] == [
        (Task.VERIFY, False, True),
        (Task.PROBE, True, False),
    ]


def test_what_was_stored_just_now_was_not_missed(runtime: Runtime, event: Event) -> None:
    store(runtime, event, "scrum.mp4", MP4)
    jobs(runtime)
    sweep(runtime)
    assert tasks(runtime) == set()


def test_steps_missed_after_the_index_are_queued(runtime: Runtime, video_id: str) -> None:
    """They come late, or were asked for again: what can be found already is not all there is."""
    made = (Step.PROBE, Step.PREVIEW, Step.TRANSCODE, Step.SOUND, Step.POSTER, Step.SUBTITLES)
    end(runtime, video_id, Step.VERIFY, *made, Step.INDEX)
    sweep(runtime)
    assert tasks(runtime) == {Task.STORYBOARD, Task.DOWNLOAD}
    end(runtime, video_id, Step.STORYBOARD, Step.DOWNLOAD)
    with runtime.engine.begin() as connection:
        assets_service.retry_step(connection, video_id, Step.POSTER)
        forget_jobs(connection)
    sweep(runtime)
    assert tasks(runtime) == {Task.POSTER}


def test_a_step_missed_after_a_harmless_failure_is_queued(runtime: Runtime, video_id: str) -> None:
    end(runtime, video_id, Step.VERIFY, Step.PROBE)
    end(runtime, video_id, Step.POSTER, outcome=Outcome.FAILED)
    sweep(runtime)
    found = tasks(runtime)
    assert Task.TRANSCODE in found
    assert Task.POSTER not in found


@pytest.mark.parametrize("step", [Step.VERIFY, Step.PROBE, Step.TRANSCODE])
def test_a_failed_asset_is_left_alone(runtime: Runtime, video_id: str, step: Step) -> None:
    end(runtime, video_id, step, outcome=Outcome.FAILED)
    sweep(runtime)
    assert tasks(runtime) == set()


def test_an_upload_that_no_worker_put_together_is_queued(runtime: Runtime, event: Event) -> None:
    upload = acknowledge(runtime, event, "scrum.mp4", MP4)
    jobs(runtime)
    sweep(runtime)
    assert jobs(runtime) == []
    with runtime.engine.begin() as connection:
        age(connection, tables.uploads, seconds=31)
    sweep(runtime)
    assert [(j.task, j.subject_id) for j in jobs(runtime)] == [(Task.FINISH_UPLOAD, upload.id)]


# --- abandoned uploads -----------------------------------------------------------------------


def test_abandoned_uploads_are_aborted(runtime: Runtime, event: Event) -> None:
    old = begin_upload(runtime, event, "old.flac", FLAC)
    put_parts(runtime, old, FLAC)
    kept = acknowledge(runtime, event, "kept.flac", FLAC + b"kept")
    uploads_service.finish(runtime, kept.id)
    with runtime.engine.begin() as connection:
        age(connection, tables.uploads, hours=73)
    new = begin_upload(runtime, event, "new.flac", FLAC)

    sweep(runtime)

    with runtime.engine.connect() as connection:
        states = [uploads_service.get_upload(connection, u.id).state for u in (old, kept, new)]
    assert states == [UploadState.ABORTED, UploadState.FINISHED, UploadState.OPEN]
    assert runtime.store.read(kept.key) == FLAC + b"kept"
    put_parts(runtime, new, FLAC)
    uploads = runtime.settings.data_path / "objects" / ".uploads"
    assert [path.name for path in uploads.iterdir()] == [new.storage_upload_id]


# --- leftovers -------------------------------------------------------------------------------


def make_object(runtime: Runtime, folder: Path, key: str) -> None:
    (folder / "object").write_bytes(b"x")
    runtime.store.put_file(key, folder / "object", media_type="video/mp4")


def rendition(attempt: Attempt, name: str) -> Rendition:
    key = keys.result(attempt.asset.id, attempt.step, attempt.number, name)
    return Rendition(
        name=name,
        step=attempt.step,
        attempt=attempt.number,
        kind=RenditionKind.VIDEO,
        key=f"{key}/",
        media_type="video/mp4",
        size_bytes=1,
        sha256=sha256(b"x"),
        segment_files=("00001.m4s",),
        segment_seconds=(1.0,),
    )


@pytest.fixture
def tidy_id(runtime: Runtime, video_id: str, tmp_path: Path) -> str:
    """An asset all of whose steps have ended; attempt 1 at its transcode was killed."""
    prefix = f"assets/{video_id}/transcode"
    with runtime.engine.begin() as connection:
        assert assets_service.begin_attempt(connection, video_id, Step.TRANSCODE) is not None
        shown = assets_service.begin_attempt(connection, video_id, Step.TRANSCODE)
        assert shown is not None
        assets_service.publish_renditions(connection, shown, [rendition(shown, "360p")])
        assets_service.finish_attempt(connection, shown, outcome=Outcome.DONE)
    end(runtime, video_id, Step.VERIFY, Step.PROBE, Step.POSTER, Step.INDEX)
    for key in ("1/360p/init.mp4", "2/360p/init.mp4", "2/360p/00001.m4s", "2/preview/init.mp4"):
        make_object(runtime, tmp_path, f"{prefix}/{key}")
    return video_id


def names_of(runtime: Runtime, asset_id: str) -> set[str]:
    prefix = keys.asset_prefix(asset_id)
    return {key.removeprefix(prefix) for key in keys_of(runtime, prefix)}


SHOWN = {"original", "transcode/2/360p/init.mp4", "transcode/2/360p/00001.m4s"}
LEFTOVER = {"transcode/1/360p/init.mp4", "transcode/2/preview/init.mp4"}


def pass_minutes(runtime: Runtime, minutes: int) -> None:
    with runtime.engine.begin() as connection:
        age(connection, tables.steps, "finished_at", minutes=minutes)
        age(connection, tables.assets, "removed_at", minutes=minutes)


def test_what_was_replaced_is_deleted_ten_minutes_later(runtime: Runtime, tidy_id: str) -> None:
    sweep(runtime)
    assert names_of(runtime, tidy_id) == SHOWN | LEFTOVER  # players may still read it
    pass_minutes(runtime, 9)
    sweep(runtime)
    assert names_of(runtime, tidy_id) == SHOWN | LEFTOVER
    pass_minutes(runtime, 2)
    sweep(runtime)
    assert names_of(runtime, tidy_id) == SHOWN


def test_an_asset_is_tidied_once_after_each_result(
    runtime: Runtime, tidy_id: str, tmp_path: Path
) -> None:
    pass_minutes(runtime, 11)
    sweep(runtime)
    make_object(runtime, tmp_path, f"assets/{tidy_id}/transcode/1/late.mp4")
    sweep(runtime)
    assert names_of(runtime, tidy_id) == SHOWN | {"transcode/1/late.mp4"}

    with runtime.engine.begin() as connection:
        age(connection, tables.assets, "tidied_at", minutes=60)
        assets_service.retry_step(connection, tidy_id, Step.INDEX)
    end(runtime, tidy_id, Step.INDEX)
    pass_minutes(runtime, 11)
    sweep(runtime)
    assert names_of(runtime, tidy_id) == SHOWN


def make_many_leftovers(runtime: Runtime, folder: Path, asset_id: str) -> None:
    """Seven in all, which can be deleted now."""
    for number in range(5):
        make_object(runtime, folder, f"assets/{asset_id}/transcode/1/360p/{number:05d}.m4s")
    pass_minutes(runtime, 11)


def test_leftovers_are_deleted_in_short_transactions(
    runtime: Runtime, tidy_id: str, tmp_path: Path
) -> None:
    """Each holds its asset, and none the lock that all sweeps need."""
    make_many_leftovers(runtime, tmp_path, tidy_id)
    deletions = Deletions(runtime.engine)
    may_others_sweep: list[bool] = []

    def look(key: str) -> None:
        deletions(key)
        with runtime.engine.begin() as connection:
            may_others_sweep.append(jobs_service.hold_sweep(connection))

    store = watched(runtime, on_delete=look)
    Sweep(store, threading.Event(), deletions_at_once=2).sweep_once()

    assert names_of(runtime, tidy_id) == SHOWN
    assert sorted(deletions.by_transaction.values()) == [1, 2, 2, 2]
    assert may_others_sweep == [True] * 7


def test_a_stop_ends_the_deletion_of_leftovers_which_goes_on_later(
    runtime: Runtime, tidy_id: str, tmp_path: Path
) -> None:
    make_many_leftovers(runtime, tmp_path, tidy_id)
    stop = threading.Event()
    store = watched(runtime, on_delete=lambda _key: stop.set())
    Sweep(store, stop, deletions_at_once=2).sweep_once()
    assert len(names_of(runtime, tidy_id) - SHOWN) == 5
    sweep(runtime)
    assert names_of(runtime, tidy_id) == SHOWN


def test_what_ended_while_leftovers_were_deleted_is_tidied_later(
    runtime: Runtime, tidy_id: str
) -> None:
    pass_minutes(runtime, 11)
    found = []
    for begun_minutes_ago in (12, 10):
        with runtime.engine.begin() as connection:
            assets_service.mark_tidied(connection, tidy_id, seconds_ago=60 * begun_minutes_ago)
            found.append(assets_service.untidied_assets(connection, minutes=LEFTOVER_MINUTES))
    assert found == [[tidy_id], []]


def test_nothing_is_deleted_while_a_step_is_under_way(runtime: Runtime, tidy_id: str) -> None:
    pass_minutes(runtime, 11)
    with runtime.engine.begin() as connection:
        assets_service.retry_step(connection, tidy_id, Step.TRANSCODE)
    sweep(runtime)
    assert names_of(runtime, tidy_id) == SHOWN | LEFTOVER


def test_no_attempt_begins_while_leftovers_are_deleted(runtime: Runtime, tidy_id: str) -> None:
    """What it stored would not be shown yet, and be taken for a leftover."""

    def begin_again() -> Attempt | None:
        with runtime.engine.begin() as connection:
            assets_service.retry_step(connection, tidy_id, Step.TRANSCODE)
            return assets_service.begin_attempt(connection, tidy_id, Step.TRANSCODE)

    with ThreadPoolExecutor(1) as pool, runtime.engine.connect() as connection:
        assert assets_service.hold_settled(connection, tidy_id)
        begun = pool.submit(begin_again)
        wait_until_blocked(runtime.engine, begun)
        connection.commit()
        attempt = begun.result(timeout=30)
    assert attempt is not None
    assert attempt.number == 4
    with runtime.engine.begin() as connection:
        assert not assets_service.hold_settled(connection, tidy_id)


def test_what_an_attempt_stores_that_began_meanwhile_is_kept(
    runtime: Runtime, tidy_id: str, tmp_path: Path
) -> None:
    pass_minutes(runtime, 11)
    with ThreadPoolExecutor(1) as pool, runtime.engine.connect() as connection:
        assets_service.retry_step(connection, tidy_id, Step.TRANSCODE)
        assert assets_service.begin_attempt(connection, tidy_id, Step.TRANSCODE) is not None
        make_object(runtime, tmp_path, f"assets/{tidy_id}/transcode/3/360p/init.mp4")
        swept = pool.submit(sweep, runtime)  # to it, all steps have ended
        wait_until_blocked(runtime.engine, swept)
        connection.commit()
        swept.result(timeout=30)
    assert names_of(runtime, tidy_id) == SHOWN | LEFTOVER | {"transcode/3/360p/init.mp4"}


def test_what_a_killed_worker_left_of_a_removed_asset_is_deleted(
    runtime: Runtime, tidy_id: str, tmp_path: Path
) -> None:
    with runtime.engine.begin() as connection:
        assets_service.remove_asset(connection, tidy_id)
    remove_objects(runtime, tidy_id)
    assert names_of(runtime, tidy_id) == set()
    make_object(runtime, tmp_path, f"assets/{tidy_id}/transcode/3/init.mp4")  # then it was killed
    jobs(runtime)

    pass_minutes(runtime, 11)
    sweep(runtime)

    assert names_of(runtime, tidy_id) == set()
    with runtime.engine.connect() as connection:
        tidied = select(tables.assets.c.id).where(tables.assets.c.tidied_at.is_not(None))
        assert list(connection.scalars(tidied)) == [tidy_id]


def test_other_assets_are_not_touched(runtime: Runtime, event: Event, tidy_id: str) -> None:
    other_id = store(runtime, event, "a.flac", FLAC)
    pass_minutes(runtime, 11)
    sweep(runtime)
    assert names_of(runtime, other_id) == {"original"}
    assert asset_of(runtime, tidy_id).rendition("360p") is not None


# --- the sweep itself ------------------------------------------------------------------------


def test_one_process_sweeps_at_a_time(runtime: Runtime, video_id: str) -> None:
    with runtime.engine.connect() as connection:
        connection.execute(text("select pg_advisory_xact_lock(7202611)"))
        sweep(runtime)
        assert tasks(runtime) == set()
    sweep(runtime)
    assert tasks(runtime) == {Task.VERIFY, Task.PROBE}


def test_a_repair_that_fails_does_not_keep_the_others_from_working(
    runtime: Runtime, video_id: str, event: Event
) -> None:
    upload = begin_upload(runtime, event, "old.flac", FLAC)
    with runtime.engine.begin() as connection:
        age(connection, tables.uploads, hours=73)
        give(connection, Job(Task.PROBE, new_id()), None)
        connection.execute(  # a fault that nobody foresaw
            text("alter table procrastinate_workers rename column last_heartbeat to heartbeat")
        )

    sweep(runtime)

    assert tasks(runtime) >= {Task.VERIFY}
    with runtime.engine.connect() as connection:
        assert uploads_service.get_upload(connection, upload.id).state is UploadState.ABORTED


def test_a_sweep_ends_when_the_worker_does(runtime: Runtime) -> None:
    stop = threading.Event()
    stop.set()
    Sweep(runtime, stop).repair()
    Sweep(runtime, stop).tidy()


def test_a_store_that_hangs_keeps_neither_repairs_nor_a_stop_waiting(
    runtime: Runtime, tidy_id: str, event: Event
) -> None:
    pass_minutes(runtime, 11)
    upload = acknowledge(runtime, event, "other.mp4", MP4 + b"other")
    with runtime.engine.begin() as connection:
        age(connection, tables.uploads, seconds=31)
        forget_jobs(connection)
    stop, has_begun, is_released = (threading.Event() for _ in range(3))

    class HangingStore:
        def list(self, _prefix: str) -> None:
            has_begun.set()
            is_released.wait(60)
            raise StorageUnavailable("The store was away.")

    store: Any = HangingStore()

    def sweep_until_stopped() -> None:
        sweep = Sweep(replace(runtime, store=store), stop, every_seconds=0.01)
        with sweeping(sweep, seconds_max=0.1):
            assert has_begun.wait(30)
            while upload.id not in {job.subject_id for job in jobs(runtime)}:
                assert not is_released.is_set()
            stop.set()

    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(sweep_until_stopped).result(timeout=45)
        finally:
            stop.set()
            is_released.set()
