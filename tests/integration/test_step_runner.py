"""The step runner over a real database and store: fencing, failures, interruptions, retries."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from portal.assets import service as assets_service
from portal.assets.models import (
    Asset,
    AssetState,
    Kind,
    Outcome,
    Rendition,
    RenditionKind,
    Step,
    StepState,
)
from portal.assets.pipeline import PIPELINE, next_steps
from portal.assets.service import STEP_TASKS
from portal.errors import (
    Interrupted,
    LimitExceeded,
    MediaRefused,
    NotFound,
    ScratchBusy,
    SearchUnavailable,
    StorageUnavailable,
    Superseded,
    ToolFailed,
    ToolMissing,
)
from portal.events.models import Event
from portal.jobs import Lane, Task
from portal.runtime import Runtime
from portal.storage import keys
from portal.visibility import INSTALLATION
from tests.stored_files import (
    FLAC,
    MP4,
    QueuedJob,
    acknowledge,
    asset_of,
    forget_jobs,
    keys_of,
    make_event,
    queued_jobs,
    record_of,
    sha256,
    store,
)
from workers.lanes import RETRIES
from workers.originals import verify
from workers.run import StepHandler, StepResult, StepRun
from workers.runner import StepRunner
from workers.sandbox import Level, Sandbox
from workers.scratch import open_scratch

pytestmark = pytest.mark.postgres

ORDER = {step: position for position, step in enumerate(Step)}
MEDIA_TRIES = RETRIES[Lane.MEDIA].tries_max


@pytest.fixture
def event(runtime: Runtime) -> Event:
    return make_event(runtime)


@pytest.fixture
def video_id(runtime: Runtime, event: Event) -> str:
    return store(runtime, event, "scrum.mp4", MP4)


def runner(
    runtime: Runtime, handler: StepHandler, *, stop: threading.Event | None = None
) -> StepRunner:
    """Every step is done by `handler`; nothing here needs the sandbox."""
    handlers = dict.fromkeys(Step, handler)
    return StepRunner(runtime, Sandbox(Level.PLAIN), handlers, stop or threading.Event())


def make(run: StepRun, name: str = "360p") -> Rendition:
    """Store one object as the attempt's result."""
    path = run.scratch / name
    path.write_bytes(name.encode())
    key = keys.result(run.asset.id, run.step, run.attempt, name)
    stored = run.runtime.store.put_file(key, path, media_type="video/mp4")
    return Rendition(
        name=name,
        step=run.step,
        attempt=run.attempt,
        kind=RenditionKind.VIDEO,
        key=stored.key,
        media_type="video/mp4",
        size_bytes=stored.size_bytes,
        sha256=sha256(name.encode()),
    )


def succeed(run: StepRun) -> StepResult:
    return StepResult(renditions=(make(run),))


def raising(error: Exception) -> StepHandler:
    """A handler that stores something before it fails."""

    def handle(run: StepRun) -> StepResult:
        make(run)
        raise error

    return handle


def jobs(runtime: Runtime) -> list[QueuedJob]:
    """What was queued since the last look."""
    with runtime.engine.begin() as connection:
        found = queued_jobs(connection)
        forget_jobs(connection)
    return found


def results_of(runtime: Runtime, asset_id: str) -> set[str]:
    """Keys of an asset's objects, without its prefix and its original."""
    prefix = keys.asset_prefix(asset_id)
    return {key.removeprefix(prefix) for key in keys_of(runtime, prefix)} - {"original"}


def remove(runtime: Runtime, asset_id: str) -> None:
    with runtime.engine.begin() as connection:
        assets_service.remove_asset(connection, asset_id)


# --- success ---------------------------------------------------------------------------------


def test_a_result_is_published_and_the_next_steps_are_queued(
    runtime: Runtime, video_id: str
) -> None:
    jobs(runtime)
    runner(runtime, succeed).run(Step.PROBE, video_id)

    record = record_of(runtime, video_id, Step.PROBE)
    assert (record.state, record.attempt, record.detail) == (StepState.DONE, 1, None)
    assert [r.key for r in asset_of(runtime, video_id).renditions] == [
        f"assets/{video_id}/probe/1/360p"
    ]
    assert results_of(runtime, video_id) == {"probe/1/360p"}
    found = {job.task for job in jobs(runtime)}
    assert found == tasks_after_probe(Kind.VIDEO)
    assert found > {Task.VERIFY, Task.TRANSCODE}


def tasks_after_probe(kind: Kind) -> set[Task]:
    """By the pipeline's own table."""
    return {STEP_TASKS[step] for step in next_steps(kind, {Step.PROBE: Outcome.DONE})}


def test_an_ended_step_is_left_alone(runtime: Runtime, video_id: str) -> None:
    runner(runtime, succeed).run(Step.PROBE, video_id)
    runner(runtime, raising(AssertionError("it ran again"))).run(Step.PROBE, video_id)
    assert record_of(runtime, video_id, Step.PROBE).attempt == 1


def test_a_partial_result_counts_and_says_what_is_missing(runtime: Runtime, video_id: str) -> None:
    def handle(run: StepRun) -> StepResult:
        return StepResult(Outcome.PARTIAL, "It ends early.", ("odd time stamps",), (make(run),))

    runner(runtime, handle).run(Step.TRANSCODE, video_id)

    record = record_of(runtime, video_id, Step.TRANSCODE)
    assert (record.state, record.detail) == (StepState.PARTIAL, "It ends early.")
    assert record.notes == ("odd time stamps",)


def test_a_handler_gets_an_empty_private_folder_for_itself(runtime: Runtime, video_id: str) -> None:
    folders: list[Path] = []

    def handle(run: StepRun) -> StepResult:
        assert list(run.scratch.iterdir()) == []
        assert stat.S_IMODE(run.scratch.stat().st_mode) == 0o700
        folders.append(run.scratch)
        open_scratch(runtime.settings).delete_abandoned()  # another worker starts
        (run.scratch / "big").write_bytes(b"x")
        raise StorageUnavailable("The disk is away.")

    for _ in range(2):
        runner(runtime, handle).run(Step.PROBE, video_id)
    assert len(set(folders)) == 2
    assert list(runtime.settings.scratch_path.iterdir()) == []


def test_progress_and_a_first_part_are_seen_while_a_step_runs(
    runtime: Runtime, video_id: str
) -> None:
    seen: list[tuple[StepState, float | None, list[str]]] = []

    def handle(run: StepRun) -> StepResult:
        run.report_progress(0.25)
        run.publish_early([make(run, "preview")])
        record = record_of(runtime, video_id, run.step)
        names = [r.name for r in asset_of(runtime, video_id).renditions]
        seen.append((record.state, record.progress, names))
        return StepResult(renditions=(make(run),))

    runner(runtime, handle).run(Step.TRANSCODE, video_id)

    assert seen == [(StepState.RUNNING, 0.25, ["preview"])]
    assert [r.name for r in asset_of(runtime, video_id).renditions] == ["360p"]
    assert record_of(runtime, video_id, Step.TRANSCODE).progress is None


def test_progress_never_goes_past_the_end(runtime: Runtime, video_id: str) -> None:
    seen: list[float | None] = []

    def handle(run: StepRun) -> StepResult:
        run.report_progress(1.7)
        seen.append(record_of(runtime, video_id, run.step).progress)
        return StepResult()

    runner(runtime, handle).run(Step.TRANSCODE, video_id)
    assert seen == [1.0]


def test_a_probe_that_finds_no_picture_changes_what_follows(
    runtime: Runtime, video_id: str
) -> None:
    def apply(connection: Connection) -> None:
        assets_service.record_probe(
            connection,
            video_id,
            kind=Kind.AUDIO,
            duration_seconds=1,
            width=None,
            height=None,
            captured_at=None,
        )

    jobs(runtime)
    runner(runtime, lambda _run: StepResult(apply=apply)).run(Step.PROBE, video_id)

    assert asset_of(runtime, video_id).kind is Kind.AUDIO
    found = {job.task for job in jobs(runtime)}
    assert found == tasks_after_probe(Kind.AUDIO)
    assert Task.POSTER not in found


def test_retrying_a_step_brings_a_fresh_result_and_runs_its_followers(
    runtime: Runtime, video_id: str
) -> None:
    ran: list[Step] = []

    def handle(run: StepRun) -> StepResult:
        ran.append(run.step)
        return succeed(run) if run.step is Step.TRANSCODE else StepResult()

    work = runner(runtime, handle)
    for step in PIPELINE[Kind.VIDEO]:
        work.run(step, video_id)
    assert assets_service.state_of(asset_of(runtime, video_id)) is AssetState.READY
    ran.clear()
    with runtime.engine.begin() as connection:
        assets_service.retry_step(connection, video_id, Step.TRANSCODE)
    assert [r.attempt for r in asset_of(runtime, video_id).renditions] == [1]  # shown meanwhile

    for step in Step:
        if step in PIPELINE[Kind.VIDEO]:
            work.run(step, video_id)

    assert ran == followers(Step.TRANSCODE)
    assert Step.INDEX in ran
    assert Step.SOUND not in ran
    assert [r.attempt for r in asset_of(runtime, video_id).renditions] == [3]
    assert assets_service.state_of(asset_of(runtime, video_id)) is AssetState.READY


def followers(first: Step) -> list[Step]:
    """A step of a video and all that wait for it, directly or not, in the order of steps."""
    found = [first]
    for step, rule in sorted(PIPELINE[Kind.VIDEO].items(), key=lambda item: ORDER[item[0]]):
        if rule.after & set(found):
            found.append(step)
    return found


# --- fencing ---------------------------------------------------------------------------------


def overtaken(runtime: Runtime, act: Callable[[StepRun], StepResult]) -> StepHandler:
    """A handler that is taken for dead: another worker does the step before it acts."""

    def handle(run: StepRun) -> StepResult:
        if run.attempt > 1:
            return succeed(run)
        make(run, "240p")
        runner(runtime, succeed).run(run.step, run.asset.id)
        return act(run)

    return handle


def show_early(run: StepRun) -> StepResult:
    run.publish_early([make(run, "preview")])
    raise AssertionError("it was let through")


@pytest.mark.parametrize(
    "act",
    [
        succeed,
        show_early,
        raising(MediaRefused("It is broken.")),
        raising(StorageUnavailable("The disk is away.")),
        raising(Interrupted("The worker stops.")),
        raising(ScratchBusy("It waits for room.")),
        raising(SearchUnavailable("Search is away.")),
        raising(ValueError("a fault")),
    ],
    ids=["result", "early", "refused", "retriable", "interrupted", "room", "search", "fault"],
)
def test_an_overtaken_attempt_changes_nothing_and_leaves_nothing(
    runtime: Runtime, video_id: str, act: Callable[[StepRun], StepResult]
) -> None:
    runner(runtime, overtaken(runtime, act)).run(Step.TRANSCODE, video_id)

    record = record_of(runtime, video_id, Step.TRANSCODE)
    assert (record.state, record.attempt, record.detail) == (StepState.DONE, 2, None)
    assert [(r.name, r.attempt) for r in asset_of(runtime, video_id).renditions] == [("360p", 2)]
    assert results_of(runtime, video_id) == {"transcode/2/360p"}
    assert Task.TRANSCODE not in {job.task for job in jobs(runtime)}


def test_an_attempt_at_an_asset_removed_meanwhile_leaves_nothing(
    runtime: Runtime, video_id: str
) -> None:
    def handle(run: StepRun) -> StepResult:
        rendition = make(run)
        remove(runtime, video_id)
        jobs(runtime)
        return StepResult(renditions=(rendition,))

    runner(runtime, handle).run(Step.TRANSCODE, video_id)

    assert results_of(runtime, video_id) == set()
    assert jobs(runtime) == []
    with pytest.raises(NotFound):
        asset_of(runtime, video_id)


def test_work_on_an_asset_that_is_removed_ends_when_it_next_tells_how_far_it_is(
    runtime: Runtime, video_id: str
) -> None:
    went_on: list[StepRun] = []

    def handle(run: StepRun) -> StepResult:
        remove(runtime, video_id)
        run.report_progress(0.5)
        went_on.append(run)
        return StepResult()

    runner(runtime, handle).run(Step.TRANSCODE, video_id)
    assert went_on == []


def test_a_step_of_a_removed_asset_does_not_begin(runtime: Runtime, video_id: str) -> None:
    remove(runtime, video_id)
    runner(runtime, raising(AssertionError("it ran"))).run(Step.PROBE, video_id)


def test_what_an_overtaken_attempt_still_shows_stays_until_it_is_replaced(
    runtime: Runtime, video_id: str
) -> None:
    def handle(run: StepRun) -> StepResult:
        run.publish_early([make(run, "preview")])
        with runtime.engine.begin() as connection:
            assets_service.begin_attempt(connection, video_id, run.step)
        raise Superseded("It was taken over.")

    runner(runtime, handle).run(Step.TRANSCODE, video_id)
    assert results_of(runtime, video_id) == {"transcode/1/preview"}


# --- failure ---------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [MediaRefused("It is no video."), ToolMissing("No ffmpeg.")])
def test_what_no_other_try_can_mend_fails_at_once(
    runtime: Runtime, video_id: str, error: Exception
) -> None:
    jobs(runtime)
    runner(runtime, raising(error)).run(Step.PROBE, video_id)

    record = record_of(runtime, video_id, Step.PROBE)
    assert (record.state, record.detail) == (StepState.FAILED, str(error))
    assert [job.task for job in jobs(runtime)] == [Task.VERIFY]  # nothing that needs the probe
    assert results_of(runtime, video_id) == set()
    assert assets_service.state_of(asset_of(runtime, video_id)) is AssetState.FAILED


def test_what_went_over_a_limit_is_tried_once_more(runtime: Runtime, video_id: str) -> None:
    work = runner(runtime, raising(LimitExceeded("ffmpeg took longer than 12 hours.")))
    states = []
    for _tries in range(2):
        work.run(Step.TRANSCODE, video_id)
        states.append(record_of(runtime, video_id, Step.TRANSCODE).state)
    assert states == [StepState.WAITING, StepState.FAILED]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (StorageUnavailable("The disk is away."), "The disk is away."),
        (ToolFailed("ffmpeg ended with code 1."), "ffmpeg ended with code 1."),
        (
            ValueError("/srv/secret/path"),
            "transcode of scrum.mp4 met an unexpected fault; the worker's log has it.",
        ),
    ],
)
def test_what_may_pass_is_tried_again_until_the_tries_run_out(
    runtime: Runtime, video_id: str, *, error: Exception, sentence: str
) -> None:
    work = runner(runtime, raising(error))
    for tries in range(1, MEDIA_TRIES):
        jobs(runtime)
        work.run(Step.TRANSCODE, video_id)
        record = record_of(runtime, video_id, Step.TRANSCODE)
        assert (record.state, record.attempt) == (StepState.WAITING, tries)
        assert [(j.task, j.subject_id, j.has_pause) for j in jobs(runtime)] == [
            (Task.TRANSCODE, video_id, True)
        ]
    work.run(Step.TRANSCODE, video_id)

    record = record_of(runtime, video_id, Step.TRANSCODE)
    assert record.state is StepState.FAILED
    assert record.detail == sentence
    assert Task.TRANSCODE not in {job.task for job in jobs(runtime)}
    assert results_of(runtime, video_id) == set()


def test_a_passing_fault_costs_a_try_and_is_forgotten(runtime: Runtime, video_id: str) -> None:
    runner(runtime, raising(StorageUnavailable("Away."))).run(Step.TRANSCODE, video_id)
    assert record_of(runtime, video_id, Step.TRANSCODE).detail == "Away."
    runner(runtime, succeed).run(Step.TRANSCODE, video_id)

    record = record_of(runtime, video_id, Step.TRANSCODE)
    assert (record.state, record.detail, record.attempt) == (StepState.DONE, None, 2)
    assert results_of(runtime, video_id) == {"transcode/2/360p"}


def test_an_interruption_costs_no_try(runtime: Runtime, video_id: str) -> None:
    work = runner(runtime, raising(Interrupted("The worker stops.")))
    for attempt in range(1, MEDIA_TRIES + 3):
        jobs(runtime)
        work.run(Step.TRANSCODE, video_id)
        record = record_of(runtime, video_id, Step.TRANSCODE)
        assert (record.state, record.attempt) == (StepState.WAITING, attempt)
        assert [(j.task, j.has_pause) for j in jobs(runtime)] == [(Task.TRANSCODE, False)]
    assert results_of(runtime, video_id) == set()


def test_search_is_waited_for_however_long_it_is_away(runtime: Runtime, video_id: str) -> None:
    work = runner(runtime, raising(SearchUnavailable("Search is away.")))
    for attempt in range(1, RETRIES[Lane.INDEX].tries_max + 3):
        jobs(runtime)
        work.run(Step.TRANSCODE, video_id)
        record = record_of(runtime, video_id, Step.TRANSCODE)
        assert (record.state, record.attempt) == (StepState.WAITING, attempt)
        assert record.detail == "Search is away."
        assert [(j.task, j.has_pause) for j in jobs(runtime)] == [(Task.TRANSCODE, True)]


def test_a_step_that_kills_its_worker_is_given_up(runtime: Runtime, video_id: str) -> None:
    for _ in range(MEDIA_TRIES):
        with runtime.engine.begin() as connection:  # begun, and never heard of again
            assert assets_service.begin_attempt(connection, video_id, Step.TRANSCODE) is not None
    runner(runtime, raising(AssertionError("it ran"))).run(Step.TRANSCODE, video_id)

    record = record_of(runtime, video_id, Step.TRANSCODE)
    assert record.state is StepState.FAILED
    assert record.detail == "Given up: transcode of scrum.mp4 never came to an end."


def test_a_fault_while_publishing_shows_nothing(runtime: Runtime, video_id: str) -> None:
    def apply(connection: Connection) -> None:
        connection.execute(text("select 1 / 0"))

    def handle(run: StepRun) -> StepResult:
        return StepResult(renditions=(make(run),), apply=apply)

    runner(runtime, handle).run(Step.TRANSCODE, video_id)

    assert record_of(runtime, video_id, Step.TRANSCODE).state is StepState.WAITING
    assert asset_of(runtime, video_id).renditions == ()
    assert results_of(runtime, video_id) == set()


# --- the step "verify" -----------------------------------------------------------------------


def verified(runtime: Runtime, asset_id: str) -> Asset:
    runner(runtime, verify).run(Step.VERIFY, asset_id)
    return asset_of(runtime, asset_id)


@pytest.mark.parametrize("with_digest", [True, False])
def test_verifying_records_the_digest_of_the_stored_bytes(
    runtime: Runtime, event: Event, *, with_digest: bool
) -> None:
    found = verified(runtime, store(runtime, event, "a.flac", FLAC, with_digest=with_digest))
    assert found.original is not None
    assert found.original.sha256 == sha256(FLAC)


def test_bytes_that_changed_on_the_way_fail_with_both_digests(
    runtime: Runtime, event: Event, tmp_path: Path
) -> None:
    asset_id = store(runtime, event, "a.flac", FLAC)
    (tmp_path / "other").write_bytes(FLAC[:-1] + b"x")
    runtime.store.put_file(keys.original(asset_id), tmp_path / "other", media_type="audio/flac")

    found = verified(runtime, asset_id)

    assert assets_service.state_of(found) is AssetState.FAILED
    detail = assets_service.detail_of(found) or ""
    assert detail.startswith("a.flac arrived damaged")
    assert sha256(FLAC) in detail
    assert sha256(FLAC[:-1] + b"x") in detail
    with runtime.engine.connect() as connection:
        assert found.original is not None
        assert found.original.sha256 is None
        assert assets_service.get_asset(connection, asset_id, viewer=INSTALLATION) == found


def test_a_second_copy_fails_and_names_the_first(runtime: Runtime, event: Event) -> None:
    first_id, second_id = (
        store(runtime, event, name, FLAC, with_digest=False) for name in ("a.flac", "b.flac")
    )
    verified(runtime, first_id)
    detail = assets_service.detail_of(verified(runtime, second_id))
    assert detail == f"b.flac is in this event already, as asset {first_id}."


def test_verifying_stops_when_the_worker_does(runtime: Runtime, event: Event) -> None:
    asset_id = store(runtime, event, "a.flac", FLAC)
    stop = threading.Event()
    stop.set()
    runner(runtime, verify, stop=stop).run(Step.VERIFY, asset_id)
    assert record_of(runtime, asset_id, Step.VERIFY).state is StepState.WAITING


def test_an_original_that_is_not_there_yet_is_waited_for(runtime: Runtime, event: Event) -> None:
    asset_id = acknowledge(runtime, event, "a.flac", FLAC).asset_id
    found = verified(runtime, asset_id)
    assert assets_service.state_of(found) is AssetState.PROCESSING
    assert record_of(runtime, asset_id, Step.VERIFY).state is StepState.WAITING
