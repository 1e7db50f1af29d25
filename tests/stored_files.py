"""Files brought in as an editor does it, and a look at the work that this queued."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select, text, update

from portal.assets import service as assets_service
from portal.assets.models import Asset, Step, StepRecord
from portal.events import service as events_service
from portal.events.models import Event
from portal.jobs import Task
from portal.runtime import Runtime
from portal.storage.interface import StoredPart
from portal.uploads import service as uploads_service
from portal.uploads.models import FileDescription, FileOffer, Upload
from portal.visibility import INSTALLATION

CAPTIONS = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHistory belongs to those who find it.\n"
FLAC = b"fLaC" + bytes(100)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100)
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(100)


@dataclass(frozen=True)
class QueuedJob:
    task: Task
    subject_id: str
    tries: int
    is_running: bool
    has_pause: bool


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def queued_jobs(connection: Connection) -> list[QueuedJob]:
    """Every job that waits or runs, oldest first."""
    rows = connection.execute(
        text(
            "select task_name, args, status, scheduled_at is not null as has_pause"
            " from procrastinate_jobs where status in ('todo', 'doing') order by id"
        )
    )
    return [
        QueuedJob(
            task=Task(row.task_name),
            subject_id=row.args["subject_id"],
            tries=row.args["tries"],
            is_running=row.status == "doing",
            has_pause=row.has_pause,
        )
        for row in rows
    ]


def tasks_of(connection: Connection, subject_id: str) -> list[Task]:
    """The tasks queued for one subject."""
    return [job.task for job in queued_jobs(connection) if job.subject_id == subject_id]


def forget_jobs(connection: Connection) -> None:
    connection.execute(text("delete from procrastinate_jobs"))


def ids_in(connection: Connection, table: Any) -> list[str]:
    return list(connection.scalars(select(table.c.id)))


def make_event(runtime: Runtime, slug: str = "scrum") -> Event:
    with runtime.engine.begin() as connection:
        return events_service.ensure_event(connection, slug)


def begin_upload(
    runtime: Runtime,
    event: Event,
    filename: str,
    content: bytes,
    *,
    with_digest: bool = True,
    description: FileDescription | None = None,
) -> Upload:
    """Without a digest it goes in two parts: that of an only part would tell it."""
    if not with_digest:
        half = runtime.settings.model_copy(update={"upload_part_bytes": -(-len(content) // 2)})
        runtime = replace(runtime, settings=half)
    offer = FileOffer(
        event_id=event.id,
        filename=filename,
        size_bytes=len(content),
        head=content[:4096],
        declared_sha256=sha256(content) if with_digest else None,
        description=description or FileDescription(),
    )
    return uploads_service.begin(runtime, offer)


def put_parts(runtime: Runtime, upload: Upload, content: bytes) -> list[StoredPart]:
    size = upload.part_bytes
    return [
        uploads_service.put_part(
            runtime, upload, number, io.BytesIO(content[(number - 1) * size : number * size])
        )
        for number in range(1, upload.part_count + 1)
    ]


def complete(runtime: Runtime, upload: Upload, parts: list[StoredPart]) -> Upload:
    return uploads_service.complete(runtime, upload.id, parts=parts)


def acknowledge(
    runtime: Runtime,
    event: Event,
    filename: str,
    content: bytes,
    *,
    with_digest: bool = True,
    description: FileDescription | None = None,
) -> Upload:
    """Begin, send and complete; the object is not put together yet."""
    upload = begin_upload(
        runtime, event, filename, content, with_digest=with_digest, description=description
    )
    return complete(runtime, upload, put_parts(runtime, upload, content))


def store(
    runtime: Runtime,
    event: Event,
    filename: str,
    content: bytes,
    *,
    with_digest: bool = True,
    description: FileDescription | None = None,
) -> str:
    """The id of an asset whose pipeline may start."""
    upload = acknowledge(
        runtime, event, filename, content, with_digest=with_digest, description=description
    )
    uploads_service.finish(runtime, upload.id)
    return upload.asset_id


def asset_of(runtime: Runtime, asset_id: str) -> Asset:
    with runtime.engine.connect() as connection:
        return assets_service.get_asset(connection, asset_id, viewer=INSTALLATION)


def record_of(runtime: Runtime, asset_id: str, step: Step) -> StepRecord:
    return next(record for record in asset_of(runtime, asset_id).steps if record.name is step)


def keys_of(runtime: Runtime, prefix: str = "assets/") -> set[str]:
    return {found.key for found in runtime.store.list(prefix)}


def age(connection: Connection, table: Any, *columns: str, **by: int) -> None:
    """Move instants of every row into the past: `hours=72`, `minutes=11`, `seconds=31`."""
    for name in columns or ("updated_at",):
        column = table.c[name]
        connection.execute(update(table).values({name: column - timedelta(**by)}))
