"""All SQL that writes uploads."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text, update

from portal.assets.models import Kind
from portal.db.tables import uploads
from portal.uploads.models import FileDescription, Upload, UploadState


def add(connection: Connection, upload: Upload) -> None:
    values = {**asdict(upload), "description": asdict(upload.description)}
    connection.execute(insert(uploads).values(**values))


def find(connection: Connection, upload_id: str, *, for_update: bool = False) -> Upload | None:
    query = select(uploads).where(uploads.c.id == upload_id)
    row = connection.execute(query.with_for_update() if for_update else query).one_or_none()
    return _upload(row) if row else None


def set_state(connection: Connection, upload_id: str, state: UploadState) -> None:
    connection.execute(
        update(uploads).where(uploads.c.id == upload_id).values(state=state, updated_at=func.now())
    )


def note_activity(connection: Connection, upload_id: str) -> None:
    connection.execute(
        update(uploads).where(uploads.c.id == upload_id).values(updated_at=func.now())
    )


def hold_bytes(connection: Connection, event_id: str, sha256: str) -> None:
    """Let two completions of the same bytes in one event run one after the other."""
    connection.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:bytes, 0))"),
        {"bytes": f"{event_id}:{sha256}"},
    )


def abandoned(connection: Connection, *, older_than_hours: int) -> list[Upload]:
    """Open uploads that nothing was heard of for so long."""
    age = func.make_interval(0, 0, 0, 0, older_than_hours)
    rows = connection.execute(
        select(uploads).where(
            uploads.c.state == UploadState.OPEN, uploads.c.updated_at < func.now() - age
        )
    )
    return [_upload(row) for row in rows]


def completing(connection: Connection, *, older_than_seconds: int) -> list[str]:
    """Ids of acknowledged uploads whose object is still not put together."""
    age = func.make_interval(0, 0, 0, 0, 0, 0, older_than_seconds)
    return list(
        connection.scalars(
            select(uploads.c.id).where(
                uploads.c.state == UploadState.COMPLETING, uploads.c.updated_at < func.now() - age
            )
        )
    )


def _upload(row: Row[Any]) -> Upload:
    description = {**row.description, "people": tuple(row.description.get("people", ()))}
    return Upload(
        id=row.id,
        event_id=row.event_id,
        asset_id=row.asset_id,
        kind=Kind(row.kind),
        filename=row.filename,
        media_type=row.media_type,
        key=row.key,
        storage_upload_id=row.storage_upload_id,
        size_bytes=row.size_bytes,
        part_bytes=row.part_bytes,
        declared_sha256=row.declared_sha256,
        state=UploadState(row.state),
        description=FileDescription(**description),
    )
