"""How steps begin, end and are run again. Every attempt carries a fencing token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from portal.assets import repository, steps_repository
from portal.assets.models import Asset, Division, Kind, Outcome, Rendition, RenditionKind, Step
from portal.assets.pipeline import PIPELINE, next_steps
from portal.assets.reading import get_asset, outcomes_of
from portal.errors import Conflict, Superseded
from portal.jobs import Job, Task, defer
from portal.visibility import INSTALLATION

STEP_TASKS: Mapping[Step, Task] = {
    Step.VERIFY: Task.VERIFY,
    Step.PROBE: Task.PROBE,
    Step.PREVIEW: Task.PREVIEW,
    Step.TRANSCODE: Task.TRANSCODE,
    Step.SOUND: Task.SOUND,
    Step.POSTER: Task.POSTER,
    Step.SUBTITLES: Task.SUBTITLES,
    Step.STORYBOARD: Task.STORYBOARD,
    Step.DOWNLOAD: Task.DOWNLOAD,
    Step.PHOTO: Task.PHOTO,
    Step.CAPTIONS: Task.CAPTIONS,
    Step.INDEX: Task.INDEX_ASSET,
}


@dataclass(frozen=True)
class Attempt:
    """One try at a step. `number` is the fencing token; `tries` counts the tries that cost one.

    `may_divide`: its work was not found yet to be indivisible.
    """

    asset: Asset
    step: Step
    number: int
    tries: int
    may_divide: bool = True


def start_pipeline(connection: Connection, asset_id: str) -> None:
    """The original has arrived: queue the first steps, or its deletion if it was removed since."""
    if steps_repository.lock_asset(connection, asset_id) is None:
        defer(connection, Job(Task.REMOVE_OBJECTS, asset_id))
    else:
        queue_next_steps(connection, asset_id)


def queue_next_steps(connection: Connection, asset_id: str) -> None:
    """Queue what may start now, by the pipeline's table, and was not begun before.

    What was begun has a job of its own: under way, or waiting for its next try.
    """
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    begun = {record.name for record in asset.steps if record.tries > 0}
    for job in due_jobs(connection, asset_id):
        if job.task not in {STEP_TASKS[step] for step in begun}:
            defer(connection, job)


def due_jobs(connection: Connection, asset_id: str) -> list[Job]:
    """The jobs of the steps that may run now, whether queued, running or missed.

    Not of those that go on as chunks, which have jobs of their own.
    """
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    divided = steps_repository.divided_steps(connection, asset_id)
    steps = sorted(next_steps(asset.kind, outcomes_of(asset)) - divided)
    return [Job(STEP_TASKS[step], asset_id) for step in steps]


def begin_attempt(connection: Connection, asset_id: str, step: Step) -> Attempt | None:
    """Start a try at a step; None when it has ended, goes on as chunks, or its asset is gone."""
    if steps_repository.lock_asset(connection, asset_id) is None:
        return None
    begun = steps_repository.begin_attempt(connection, asset_id, step)
    if begun is None:
        return None
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    return Attempt(asset, step, begun.number, begun.tries, begun.division is not Division.WHOLE)


def hold_attempt(connection: Connection, attempt: Attempt) -> None:
    """Make sure, until the transaction ends, that no newer attempt takes the step over.

    Raises Superseded.
    """
    asset_id, step = attempt.asset.id, attempt.step
    is_present = steps_repository.lock_asset(connection, asset_id) is not None
    if not (
        is_present and steps_repository.owns_attempt(connection, asset_id, step, attempt.number)
    ):
        raise Superseded(f"Attempt {attempt.number} at {step} of {asset_id} is no longer wanted.")


def publish_early(
    connection: Connection, attempt: Attempt, renditions: Sequence[Rendition]
) -> None:
    """Show a first part of what an attempt makes, unless a whole result is there to be seen.

    Raises Superseded.
    """
    hold_attempt(connection, attempt)
    asset_id, step = attempt.asset.id, attempt.step
    shown = get_asset(connection, asset_id, viewer=INSTALLATION).renditions
    if all(r.kind is RenditionKind.PREVIEW for r in shown if r.step is step):
        repository.replace_renditions(connection, asset_id, step, renditions)


def publish_renditions(
    connection: Connection, attempt: Attempt, renditions: Sequence[Rendition]
) -> None:
    """Show what an attempt has made; it replaces what the step had made before.

    Raises Superseded.
    """
    hold_attempt(connection, attempt)
    repository.replace_renditions(connection, attempt.asset.id, attempt.step, renditions)


def record_progress(connection: Connection, attempt: Attempt, progress: float) -> None:
    """`progress` runs from 0 to 1.

    Raises Superseded, so that work on what was removed or begun anew ends where it is.
    """
    hold_attempt(connection, attempt)
    steps_repository.set_progress(
        connection, attempt.asset.id, attempt.step, attempt.number, progress=progress
    )


def finish_attempt(
    connection: Connection,
    attempt: Attempt,
    *,
    outcome: Outcome,
    detail: str | None = None,
    notes: Sequence[str] = (),
) -> None:
    """End the step and queue what comes next, in one transaction. Raises Superseded."""
    hold_attempt(connection, attempt)
    _end(connection, attempt, outcome=outcome, detail=detail, notes=notes)
    queue_next_steps(connection, attempt.asset.id)


def give_back_try(connection: Connection, attempt: Attempt) -> None:
    """The worker was asked to stop: the try costs nothing and the step is queued again."""
    steps_repository.give_back_try(connection, attempt.asset.id, attempt.step, attempt.number)
    defer(connection, Job(STEP_TASKS[attempt.step], attempt.asset.id))


def wait_its_turn(
    connection: Connection, attempt: Attempt, *, detail: str, delay_seconds: float
) -> None:
    """The attempt could do nothing yet: it costs no try, and `detail` says what it waits for."""
    asset_id, step = attempt.asset.id, attempt.step
    steps_repository.give_back_try(connection, asset_id, step, attempt.number)
    steps_repository.wait_again(connection, asset_id, step, attempt.number, detail=detail)
    defer(connection, Job(STEP_TASKS[step], asset_id), delay_seconds=delay_seconds)


def try_again(
    connection: Connection, attempt: Attempt, *, detail: str, delay_seconds: float
) -> None:
    """The try failed for a cause that may pass: queue the next one."""
    steps_repository.wait_again(
        connection, attempt.asset.id, attempt.step, attempt.number, detail=detail
    )
    job = Job(STEP_TASKS[attempt.step], attempt.asset.id)
    defer(connection, job, delay_seconds=delay_seconds)


def fail_storing(connection: Connection, asset_id: str, detail: str) -> None:
    """The upload's parts could not be put together: the asset has failed, no step can run."""
    attempt = begin_attempt(connection, asset_id, Step.VERIFY)
    if attempt is not None:
        _end(connection, attempt, outcome=Outcome.FAILED, detail=detail)


def retry_step(connection: Connection, asset_id: str, step: Step) -> None:
    """Run an ended step and those after it again. Raises NotFound or Conflict."""
    steps_repository.lock_asset(connection, asset_id)  # an attempt that ends now ends before
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    if step not in PIPELINE[asset.kind]:
        raise Conflict(f"{asset.filename} is of kind {asset.kind} and has no step {step}.")
    steps_repository.reset(connection, asset_id, sorted(_with_followers(asset.kind, step)))
    queue_next_steps(connection, asset_id)


def repeat_step(connection: Connection, asset_id: str, step: Step) -> None:
    """Something that a step reads is another now: run it again, also if it is under way.

    What has not begun yet will read it anyway. Raises NotFound or Conflict.
    """
    steps_repository.lock_asset(connection, asset_id)  # none begins until the transaction ends
    if steps_repository.has_begun(connection, asset_id, step):
        retry_step(connection, asset_id, step)


def retry_failed(connection: Connection, asset_id: str) -> None:
    """Run every failed step again: what was missing then may be there now. Raises NotFound."""
    steps_repository.lock_asset(connection, asset_id)
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    for record in asset.steps:
        if record.outcome is Outcome.FAILED:
            retry_step(connection, asset_id, record.name)


def _end(
    connection: Connection,
    attempt: Attempt,
    *,
    outcome: Outcome,
    detail: str | None,
    notes: Sequence[str] = (),
) -> None:
    steps_repository.finish(
        connection,
        attempt.asset.id,
        attempt.step,
        attempt.number,
        outcome=outcome,
        detail=detail,
        notes=notes,
    )


def _with_followers(kind: Kind, step: Step) -> set[Step]:
    found = {step}
    for follower, rule in PIPELINE[kind].items():
        if step in rule.after | rule.once_ended:
            found |= _with_followers(kind, follower)
    return found
