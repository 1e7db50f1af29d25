"""The step "photo": metadata and the sizes that are shown."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from portal.assets import service as assets
from portal.assets.models import Asset, Outcome, Rendition, RenditionKind
from portal.errors import ObjectMissing
from portal.events import service as events
from portal.storage import keys
from portal.visibility import INSTALLATION
from workers.photo.models import PhotoReading, Size
from workers.photo.reading import read_photo
from workers.run import StepResult, StepRun

_MEDIA_TYPE = "image/jpeg"


def photo(run: StepRun) -> StepResult:
    """Raises MediaRefused when no picture can be made of the file."""
    asset = run.asset
    if asset.original is None:
        raise ObjectMissing(f"{asset.filename} has no stored original.")
    with run.runtime.store.local_copy(asset.original.key) as path:
        reading = read_photo(
            run.sandbox,
            path,
            filename=asset.filename,
            output=run.scratch,
            settings=run.runtime.settings,
            stop=run.stop,
        )
    return StepResult(
        outcome=Outcome.PARTIAL if reading.is_cut else Outcome.DONE,
        detail=_detail(asset.filename) if reading.is_cut else None,
        notes=reading.notes,
        renditions=tuple(_stored(run, size) for size in reading.sizes),
        apply=partial(_record, asset, reading),
    )


def _detail(filename: str) -> str:
    return f"{filename} ends early or is damaged inside: a part of the picture is missing."


def _stored(run: StepRun, size: Size) -> Rendition:
    path = run.scratch / size.name
    key = keys.result(run.asset.id, run.step, run.attempt, size.name)
    stored = run.runtime.store.put_file(key, path, media_type=_MEDIA_TYPE)
    return Rendition(
        name=size.name,
        step=run.step,
        attempt=run.attempt,
        kind=RenditionKind.IMAGE,
        key=key,
        media_type=_MEDIA_TYPE,
        size_bytes=stored.size_bytes,
        sha256=_sha256(path),
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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
