"""The step "photo": metadata and the sizes that are shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from portal.assets.made_files import media_type_of
from portal.assets.models import Asset, Outcome, Rendition, RenditionKind
from portal.errors import Conflict, ObjectMissing
from portal.events import service as events
from portal.people import service as people
from portal.photos import service as photos
from portal.visibility import INSTALLATION
from workers.disk import blaming_full_disk
from workers.outputs import output_folder, read_output, store_output
from workers.photo.imprint.files import with_imprint
from workers.photo.imprint.models import Imprint, imprint_of
from workers.photo.models import PhotoReading, Size
from workers.photo.reading import OUTPUT_BYTES_MAX, read_photo
from workers.run import StepResult, StepRun

_BARE, _PUBLIC = "bare", "public"
"""Folders: what the sandbox wrote, and the same pictures with what is said of them."""


def photo(run: StepRun) -> StepResult:
    """Raises MediaRefused when no picture can be made of the file."""
    asset = run.asset
    if asset.original is None:
        raise ObjectMissing(f"{asset.filename} has no stored original.")
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    with blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min):
        reading = _read(run, asset.original.key)
        with run.runtime.engine.connect() as connection:
            imprint = _imprint(connection, asset, reading)
        renditions = _stored(run, reading.sizes, imprint)
    return StepResult(
        outcome=Outcome.PARTIAL if reading.is_cut else Outcome.DONE,
        detail=_detail(asset.filename) if reading.is_cut else None,
        notes=reading.notes,
        renditions=renditions,
        apply=partial(_record, asset, reading, imprint),
    )


def _imprint(connection: Connection, asset: Asset, reading: PhotoReading) -> Imprint:
    event = events.get_event_by_id(connection, asset.event_id, viewer=INSTALLATION)
    return imprint_of(
        reading.metadata,
        taken_at=photos.taken_at(connection, event, clock=reading.clock, camera=reading.camera),
        editors_caption=asset.caption,
        editors_people=people.people_by_ids(connection, asset.people_ids),
        default_language=event.default_language,
        event_credit=event.credit,
    )


def _read(run: StepRun, key: str) -> PhotoReading:
    output = run.scratch / _BARE
    output.mkdir()
    with run.runtime.store.local_copy(key) as path:
        return read_photo(
            run.sandbox,
            path,
            filename=run.asset.filename,
            output=output,
            settings=run.runtime.settings,
            stop=run.stop,
        )


def _detail(filename: str) -> str:
    return f"{filename} ends early or is damaged inside: a part of the picture is missing."


def _stored(run: StepRun, sizes: Sequence[Size], imprint: Imprint) -> tuple[Rendition, ...]:
    (run.scratch / _PUBLIC).mkdir()
    with output_folder(run.scratch / _BARE) as bare:
        return tuple(_stored_size(run, size, imprint, bare=bare) for size in sizes)


def _stored_size(run: StepRun, size: Size, imprint: Imprint, *, bare: int) -> Rendition:
    picture = read_output(size.name, within=bare, bytes_max=OUTPUT_BYTES_MAX)
    media_type = media_type_of(size.name)
    with (run.scratch / _PUBLIC / size.name).open("w+b") as stream:
        stream.write(with_imprint(picture, size, imprint))
        stream.flush()
        stored = store_output(run, stream, size.name, media_type=media_type)
    return Rendition(
        name=size.name,
        step=run.step,
        attempt=run.attempt,
        kind=RenditionKind.IMAGE,
        key=stored.key,
        media_type=media_type,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        width=size.width,
        height=size.height,
    )


def _record(asset: Asset, reading: PhotoReading, imprint: Imprint, connection: Connection) -> None:
    """Raises Conflict when the files that were written say another time by now."""
    captured_at = photos.record_photo(
        connection,
        asset,
        reading.metadata,
        width=reading.width,
        height=reading.height,
        clock=reading.clock,
        camera=reading.camera,
    )
    if captured_at != imprint.taken_at:
        raise Conflict(f"The clock of {asset.filename} was corrected while its sizes were made.")
