"""Rules about assets: what is known of them, and how steps begin and end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from portal.assets import reconcile_repository, repository, steps_repository
from portal.assets.models import (
    Asset,
    AssetState,
    Kind,
    Original,
    Outcome,
    PhotoMetadata,
    Rendition,
    RenditionKind,
    Step,
)
from portal.assets.pipeline import PIPELINE, Outcomes, asset_state, next_steps
from portal.errors import Conflict, NotFound, Superseded
from portal.ids import is_id
from portal.jobs import Job, Task, defer
from portal.transcripts import service as transcripts_service
from portal.visibility import INSTALLATION, Viewer

STEP_TASKS: Mapping[Step, Task] = {
    Step.VERIFY: Task.VERIFY,
    Step.PROBE: Task.PROBE,
    Step.TRANSCODE: Task.TRANSCODE,
    Step.POSTER: Task.POSTER,
    Step.PHOTO: Task.PHOTO,
    Step.CAPTIONS: Task.CAPTIONS,
    Step.INDEX: Task.INDEX_ASSET,
}


@dataclass(frozen=True)
class Attempt:
    """One try at a step. `number` is the fencing token; `tries` counts the tries that cost one."""

    asset: Asset
    step: Step
    number: int
    tries: int


# --- reading ---------------------------------------------------------------------------------


def get_asset(connection: Connection, asset_id: str, *, viewer: Viewer) -> Asset:
    """The asset with all its parts. Raises NotFound when missing or not to be seen."""
    asset = repository.find(connection, asset_id, viewer=viewer) if is_id(asset_id) else None
    if asset is None:
        raise NotFound("There is no such recording, photo or caption file.")
    return asset


def list_assets(
    connection: Connection,
    *,
    viewer: Viewer,
    event_id: str | None = None,
    person_id: str | None = None,
    kinds: Collection[Kind] = (),
    limit: int = 500,
) -> list[Asset]:
    """In the order of capture; of an event, of a person pictured, of some kinds."""
    return repository.list_visible(
        connection,
        viewer=viewer,
        event_id=event_id,
        person_id=person_id,
        kinds=kinds,
        limit=limit,
    )


def find_by_sha256(connection: Connection, event_id: str, sha256: str) -> Asset | None:
    """The event's asset that has these bytes."""
    asset_id = repository.find_id_by_sha256(connection, event_id, sha256)
    return repository.find(connection, asset_id, viewer=INSTALLATION) if asset_id else None


def state_of(asset: Asset) -> AssetState:
    if asset.original is None:
        return AssetState.UPLOADING
    return asset_state(asset.kind, _outcomes(asset))


def detail_of(asset: Asset) -> str | None:
    """The sentence of the first step that went wrong, failures before partial results."""
    for outcome in (Outcome.FAILED, Outcome.PARTIAL):
        for record in asset.steps:
            if record.outcome is outcome and record.detail:
                return record.detail
    return None


def notes_of(asset: Asset) -> tuple[str, ...]:
    """What was unreadable or odd in the file, without harm to the rest."""
    return tuple(note for record in asset.steps for note in record.notes)


def unsettled_assets(connection: Connection, *, seconds: int) -> list[str]:
    """Ids of assets stored so long ago whose steps have not all ended."""
    return reconcile_repository.unsettled_assets(connection, seconds=seconds)


def untidied_assets(connection: Connection, *, minutes: int) -> list[str]:
    """Ids of assets that may still have objects which newer results replaced so long ago."""
    return reconcile_repository.untidied_assets(connection, minutes=minutes)


def mark_tidied(connection: Connection, asset_id: str) -> None:
    """Its replaced objects are gone."""
    reconcile_repository.mark_tidied(connection, asset_id)


# --- coming and going ------------------------------------------------------------------------


def add_asset(
    connection: Connection,
    *,
    asset_id: str,
    event_id: str,
    kind: Kind,
    filename: str,
    original: Original,
    title: Mapping[str, str],
    caption: Mapping[str, str],
    language: str | None,
    programme_item_id: str | None,
    person_ids: Sequence[str],
) -> None:
    """Add the asset of a completed upload; repeating it changes nothing."""
    repository.add(
        connection,
        asset_id=asset_id,
        event_id=event_id,
        kind=kind,
        filename=filename,
        title=dict(title),
        caption=dict(caption),
        language=language,
        programme_item_id=programme_item_id,
    )
    repository.add_original(connection, asset_id=asset_id, event_id=event_id, original=original)
    repository.add_people(connection, asset_id, person_ids)


def describe_asset(
    connection: Connection,
    asset: Asset,
    *,
    title: Mapping[str, str],
    caption: Mapping[str, str],
    language: str | None,
    programme_item_id: str | None,
    person_ids: Sequence[str],
) -> None:
    """Replace what an editor says of an asset; people are added to those named."""
    repository.update_columns(
        connection,
        asset.id,
        title=dict(title),
        caption=dict(caption),
        language=language or asset.language,
        programme_item_id=programme_item_id,
    )
    repository.add_people(connection, asset.id, person_ids)
    defer(connection, Job(Task.INDEX_EVENT, asset.event_id))


def remove_asset(connection: Connection, asset_id: str) -> None:
    """Hide the asset for everybody at once; a job deletes its bytes. Raises NotFound."""
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    repository.mark_removed(connection, asset_id)
    transcripts_service.pair_transcripts(connection, asset.event_id)
    defer(connection, Job(Task.REMOVE_OBJECTS, asset_id))
    defer(connection, Job(Task.INDEX_EVENT, asset.event_id))


# --- what steps found ------------------------------------------------------------------------


def record_verified(connection: Connection, asset_id: str, *, sha256: str) -> None:
    """The original's bytes were read and have this digest. Raises Conflict for a second copy."""
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    twin = repository.find_id_by_sha256(connection, asset.event_id, sha256)
    if twin not in {None, asset_id}:
        raise Conflict(f"{asset.filename} is in this event already, as asset {twin}.")
    repository.mark_verified(connection, asset_id, sha256=sha256)


def record_probe(
    connection: Connection,
    asset_id: str,
    *,
    kind: Kind,
    duration_seconds: float | None,
    width: int | None,
    height: int | None,
    captured_at: datetime | None,
) -> None:
    """What a recording is; a "video" without a picture becomes audio."""
    repository.update_columns(
        connection,
        asset_id,
        kind=kind,
        duration_seconds=duration_seconds,
        width=width,
        height=height,
        captured_at=captured_at,
    )


def record_photo(
    connection: Connection,
    asset_id: str,
    metadata: PhotoMetadata,
    *,
    width: int,
    height: int,
    captured_at: datetime | None,
) -> None:
    """What a photo says of itself; `width` and `height` are those of the upright picture."""
    repository.update_columns(
        connection, asset_id, width=width, height=height, captured_at=captured_at
    )
    repository.replace_photo(connection, asset_id, metadata)


# --- steps -----------------------------------------------------------------------------------


def start_pipeline(connection: Connection, asset_id: str) -> None:
    """The original has arrived: queue the first steps, or its deletion if it was removed since."""
    if steps_repository.lock_asset(connection, asset_id) is None:
        defer(connection, Job(Task.REMOVE_OBJECTS, asset_id))
    else:
        queue_next_steps(connection, asset_id)


def queue_next_steps(connection: Connection, asset_id: str) -> None:
    """Queue whatever may start now, by the pipeline's table."""
    for job in due_jobs(connection, asset_id):
        defer(connection, job)


def due_jobs(connection: Connection, asset_id: str) -> list[Job]:
    """The jobs of the steps that may run now, whether queued, running or missed."""
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    steps = sorted(next_steps(asset.kind, _outcomes(asset)))
    return [Job(STEP_TASKS[step], asset_id) for step in steps]


def begin_attempt(connection: Connection, asset_id: str, step: Step) -> Attempt | None:
    """Start a try at a step; None when it has ended already or the asset is gone."""
    if steps_repository.lock_asset(connection, asset_id) is None:
        return None
    begun = steps_repository.begin_attempt(connection, asset_id, step)
    if begun is None:
        return None
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    return Attempt(asset, step, *begun)


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


def try_again(
    connection: Connection, attempt: Attempt, *, detail: str, delay_seconds: float
) -> None:
    """The try failed for a cause that may pass: queue the next one."""
    steps_repository.wait_again(
        connection, attempt.asset.id, attempt.step, attempt.number, detail=detail
    )
    job = Job(STEP_TASKS[attempt.step], attempt.asset.id)
    defer(connection, job, delay_seconds=delay_seconds)


def shown_prefixes(connection: Connection, asset_id: str) -> tuple[str, ...]:
    """What the keys of an asset's shown objects start with, its original included."""
    asset = repository.find(connection, asset_id, viewer=INSTALLATION)
    if asset is None:
        return ()
    original = (asset.original.key,) if asset.original else ()
    return (*original, *(rendition.key for rendition in asset.renditions))


def record_progress(connection: Connection, attempt: Attempt, progress: float) -> None:
    """`progress` runs from 0 to 1."""
    steps_repository.set_progress(
        connection, attempt.asset.id, attempt.step, attempt.number, progress=progress
    )


def fail_storing(connection: Connection, asset_id: str, detail: str) -> None:
    """The upload's parts could not be put together: the asset has failed, no step can run."""
    attempt = begin_attempt(connection, asset_id, Step.VERIFY)
    if attempt is not None:
        _end(connection, attempt, outcome=Outcome.FAILED, detail=detail)


def retry_step(connection: Connection, asset_id: str, step: Step) -> None:
    """Run an ended step and those after it again. Raises NotFound or Conflict."""
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    if step not in PIPELINE[asset.kind]:
        raise Conflict(f"{asset.filename} is of kind {asset.kind} and has no step {step}.")
    steps_repository.reset(connection, asset_id, sorted(_with_followers(asset.kind, step)))
    queue_next_steps(connection, asset_id)


def retry_failed(connection: Connection, asset_id: str) -> None:
    """Run every failed step again: what was missing then may be there now. Raises NotFound."""
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
        if step in rule.after:
            found |= _with_followers(kind, follower)
    return found


def _outcomes(asset: Asset) -> Outcomes:
    return {record.name: record.outcome for record in asset.steps if record.outcome is not None}
