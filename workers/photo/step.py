"""The step "photo": metadata and the sizes that are shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from portal.assets import service as assets
from portal.assets.made_files import JPEG_TYPE
from portal.assets.models import Asset, Outcome, Rendition, RenditionKind
from portal.errors import ObjectMissing
from portal.events import service as events
from portal.visibility import INSTALLATION
from workers.disk import blaming_full_disk
from workers.outputs import open_output, output_folder, require_whole_jpeg, store_output
from workers.photo.models import PhotoReading, Size
from workers.photo.reading import read_photo
from workers.run import StepResult, StepRun


def photo(run: StepRun) -> StepResult:
    """Raises MediaRefused when no picture can be made of the file."""
    asset = run.asset
    if asset.original is None:
        raise ObjectMissing(f"{asset.filename} has no stored original.")
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    with blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min):
        reading = _read(run, asset.original.key)
        renditions = _stored(run, reading.sizes)
    return StepResult(
        outcome=Outcome.PARTIAL if reading.is_cut else Outcome.DONE,
        detail=_detail(asset.filename) if reading.is_cut else None,
        notes=reading.notes,
        renditions=renditions,
        apply=partial(_record, asset, reading),
    )


def _read(run: StepRun, key: str) -> PhotoReading:
    with run.runtime.store.local_copy(key) as path:
        return read_photo(
            run.sandbox,
            path,
            filename=run.asset.filename,
            output=run.scratch,
            settings=run.runtime.settings,
            stop=run.stop,
        )


def _detail(filename: str) -> str:
    return f"{filename} ends early or is damaged inside: a part of the picture is missing."


def _stored(run: StepRun, sizes: Sequence[Size]) -> tuple[Rendition, ...]:
    with output_folder(run.scratch) as folder:
        return tuple(_stored_size(run, size, folder=folder) for size in sizes)


def _stored_size(run: StepRun, size: Size, *, folder: int) -> Rendition:
    with open_output(size.name, within=folder) as stream:
        require_whole_jpeg(stream, name=size.name)
        stored = store_output(run, stream, size.name, media_type=JPEG_TYPE)
    return Rendition(
        name=size.name,
        step=run.step,
        attempt=run.attempt,
        kind=RenditionKind.IMAGE,
        key=stored.key,
        media_type=JPEG_TYPE,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        width=size.width,
        height=size.height,
    )


def _record(asset: Asset, reading: PhotoReading, connection: Connection) -> None:
    captured_at = reading.captured_at
    if captured_at is not None and captured_at.tzinfo is None:
        event = events.get_event_by_id(connection, asset.event_id, viewer=INSTALLATION)
        captured_at = captured_at.replace(tzinfo=event.zone)
    assets.record_photo(
        connection,
        asset.id,
        reading.metadata,
        width=reading.width,
        height=reading.height,
        captured_at=captured_at,
    )
