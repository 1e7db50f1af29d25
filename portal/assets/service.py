"""Rules about assets: how they come and go, and what was found out about them.

Reading them and running their steps stand in modules of their own; all is reached from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from portal.assets import reconcile_repository, repository, steps_repository
from portal.assets.divided_steps import (
    begin_again_whole,
    divide_attempt,
    find_divided_attempt,
)
from portal.assets.models import Asset, Kind, Original, PhotoMetadata, Step
from portal.assets.reading import (
    assets_by_ids,
    detail_of,
    find_by_sha256,
    get_asset,
    list_assets,
    notes_of,
    shown_keys,
    state_of,
)
from portal.assets.steps import (
    STEP_TASKS,
    Attempt,
    begin_attempt,
    due_jobs,
    fail_storing,
    finish_attempt,
    give_back_try,
    hold_attempt,
    publish_early,
    publish_renditions,
    queue_next_steps,
    record_progress,
    repeat_step,
    retry_failed,
    retry_step,
    start_pipeline,
    try_again,
    wait_its_turn,
)
from portal.errors import Conflict
from portal.jobs import Job, Task, defer
from portal.transcripts import service as transcripts_service
from portal.visibility import INSTALLATION

__all__ = [
    "STEP_TASKS",
    "Attempt",
    "add_asset",
    "add_people",
    "assets_by_ids",
    "begin_again_whole",
    "begin_attempt",
    "describe_asset",
    "detail_of",
    "divide_attempt",
    "due_jobs",
    "fail_storing",
    "find_by_sha256",
    "find_divided_attempt",
    "finish_attempt",
    "get_asset",
    "give_back_try",
    "hold_attempt",
    "hold_settled",
    "list_assets",
    "mark_tidied",
    "notes_of",
    "publish_early",
    "publish_renditions",
    "queue_next_steps",
    "record_captured_at",
    "record_photo",
    "record_probe",
    "record_progress",
    "record_verified",
    "remove_asset",
    "repeat_downloads",
    "repeat_step",
    "retry_failed",
    "retry_step",
    "shown_keys",
    "start_pipeline",
    "state_of",
    "try_again",
    "unsettled_assets",
    "untidied_assets",
    "wait_its_turn",
]

RECORDINGS = (Kind.VIDEO, Kind.AUDIO)
RECORDINGS_MAX = 100_000
"""More than any event has."""


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
    """Replace what an editor says of an asset; people are added to those named.

    Public files are written anew when they say it too.
    """
    repository.update_columns(
        connection,
        asset.id,
        title=dict(title),
        caption=dict(caption),
        language=language or asset.language,
        programme_item_id=programme_item_id,
    )
    repository.add_people(connection, asset.id, person_ids)
    is_said_anew = dict(caption) != asset.caption or not set(asset.people_ids).issuperset(
        person_ids
    )
    if asset.kind is Kind.PHOTO and is_said_anew:
        repeat_step(connection, asset.id, Step.PHOTO)
    if asset.kind in RECORDINGS and dict(title) != asset.title:
        repeat_step(connection, asset.id, Step.DOWNLOAD)
    defer(connection, Job(Task.INDEX_EVENT, asset.event_id))


def repeat_downloads(connection: Connection, event_id: str) -> None:
    """What the files of an event's recordings say of it is another now: they are made anew."""
    found = list_assets(
        connection, viewer=INSTALLATION, event_id=event_id, kinds=RECORDINGS, limit=RECORDINGS_MAX
    )
    for asset_id in sorted(asset.id for asset in found):
        repeat_step(connection, asset_id, Step.DOWNLOAD)


def remove_asset(connection: Connection, asset_id: str) -> None:
    """Hide the asset for everybody at once; a job deletes its bytes. Raises NotFound."""
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    repository.mark_removed(connection, asset_id)
    transcripts_service.pair_transcripts(connection, asset.event_id)
    defer(connection, Job(Task.REMOVE_OBJECTS, asset_id))
    defer(connection, Job(Task.INDEX_EVENT, asset.event_id))


def record_verified(connection: Connection, asset_id: str, *, sha256: str) -> None:
    """The original's bytes were read and have this digest. Raises Conflict for a second copy.

    What should have had them, and got lost or damaged on its way in, makes room.
    """
    asset = get_asset(connection, asset_id, viewer=INSTALLATION)
    twin = repository.find_id_by_sha256(connection, asset.event_id, sha256, verified_only=True)
    if twin not in {None, asset_id}:
        raise Conflict(f"{asset.filename} is in this event already, as asset {twin}.")
    for failed_id in repository.failed_ids_by_sha256(connection, asset.event_id, sha256):
        if failed_id != asset_id:
            remove_asset(connection, failed_id)
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


def record_duration(connection: Connection, asset_id: str, duration_seconds: float) -> None:
    """What a recording's own file does not say, or says wrongly."""
    repository.update_columns(connection, asset_id, duration_seconds=duration_seconds)


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


def record_captured_at(connection: Connection, instants: Mapping[str, datetime | None]) -> None:
    """When assets, by their ids, were recorded or taken, as it is known now."""
    repository.update_captured_at(connection, instants)


def add_people(connection: Connection, asset_id: str, person_ids: Sequence[str]) -> None:
    """Name people as shown, besides those who are named already."""
    repository.add_people(connection, asset_id, person_ids)


# --- for the sweep ---------------------------------------------------------------------------


def unsettled_assets(connection: Connection, *, seconds: int) -> list[str]:
    """Ids of assets stored so long ago whose steps have not all ended."""
    return reconcile_repository.unsettled_assets(connection, seconds=seconds)


def untidied_assets(connection: Connection, *, minutes: int) -> list[str]:
    """Ids of assets that may still have objects which newer results replaced so long ago.

    Those that were removed so long ago are among them.
    """
    return reconcile_repository.untidied_assets(connection, minutes=minutes)


def hold_settled(connection: Connection, asset_id: str) -> bool:
    """Whether no step is under way; none begins, and none ends, until the transaction does."""
    steps_repository.lock_asset(connection, asset_id)
    return not steps_repository.has_open_step(connection, asset_id)


def mark_tidied(connection: Connection, asset_id: str, *, seconds_ago: float) -> None:
    """What had been replaced so long ago is gone."""
    reconcile_repository.mark_tidied(connection, asset_id, seconds_ago=seconds_ago)
