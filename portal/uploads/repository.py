"""All SQL that writes uploads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, text, update

from portal.assets.models import Kind
from portal.db.tables import uploads
from portal.uploads.models import FileDescription, Upload, UploadState

NOTE_ACTIVITY_EVERY = timedelta(minutes=1)


def add(connection: Connection, upload: Upload) -> None:
    values = {**asdict(upload), "description": asdict(upload.description)}
    del values["begun_at"]  # by the clock of the database
    connection.execute(insert(uploads).values(**values))


def find(connection: Connection, upload_id: str, *, for_update: bool = False) -> Upload | None:
    query = select(uploads).where(uploads.c.id == upload_id)
    row = connection.execute(query.with_for_update() if for_update else query).one_or_none()
    return _upload(row) if row else None


def find_open_by_fingerprint(connection: Connection, fingerprint: str) -> Upload | None:
    """The upload of the same file that was begun earlier."""
    row = connection.execute(
        select(uploads)
        .where(uploads.c.fingerprint == fingerprint, uploads.c.state == UploadState.OPEN)
        .order_by(uploads.c.created_at)
        .limit(1)
    ).one_or_none()
    return _upload(row) if row else None


def list_open(
    connection: Connection, *, account_id: str, event_id: str | None, limit: int
) -> list[Upload]:
    """Newest first."""
    rows = connection.execute(
        select(uploads)
        .where(*_open_of(account_id, event_id))
        .order_by(uploads.c.created_at.desc(), uploads.c.id)
        .limit(limit)
    )
    return [_upload(row) for row in rows]


def count_open(connection: Connection, *, account_id: str, event_id: str | None = None) -> int:
    query = select(func.count()).select_from(uploads).where(*_open_of(account_id, event_id))
    return connection.scalars(query).one()


def keys_under_way(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of the keys for which an upload is still needed."""
    needed = (UploadState.OPEN, UploadState.COMPLETING)
    query = select(uploads.c.key).where(uploads.c.key.in_(keys), uploads.c.state.in_(needed))
    return set(connection.scalars(query))


def set_declared_sha256(connection: Connection, upload_id: str, sha256: str) -> None:
    connection.execute(
        update(uploads).where(uploads.c.id == upload_id).values(declared_sha256=sha256)
    )


def set_description(connection: Connection, upload_id: str, description: FileDescription) -> None:
    connection.execute(
        update(uploads).where(uploads.c.id == upload_id).values(description=asdict(description))
    )


def set_state(connection: Connection, upload_id: str, state: UploadState) -> None:
    connection.execute(
        update(uploads).where(uploads.c.id == upload_id).values(state=state, updated_at=func.now())
    )


def end_open(connection: Connection, upload_id: str) -> None:
    """It is aborted, unless it has ended already."""
    connection.execute(
        update(uploads)
        .where(uploads.c.id == upload_id, uploads.c.state == UploadState.OPEN)
        .values(state=UploadState.ABORTED, updated_at=func.now())
    )


def note_activity(connection: Connection, upload_id: str) -> bool:
    """Whether the upload is open still; written down at most once a minute.

    A write for each part would wait for the database's disk as often as for that of the parts.
    """
    is_stale = uploads.c.updated_at < func.now() - NOTE_ACTIVITY_EVERY
    row = connection.execute(
        select(is_stale.label("is_stale")).where(
            uploads.c.id == upload_id, uploads.c.state == UploadState.OPEN
        )
    ).one_or_none()
    if row is not None and row.is_stale:
        connection.execute(
            update(uploads).where(uploads.c.id == upload_id).values(updated_at=func.now())
        )
    return row is not None


def hold(connection: Connection, *words: str) -> None:
    """Let transactions that name the same words run one after the other."""
    connection.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:words, 0))"),
        {"words": ":".join(words)},
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


def _open_of(account_id: str, event_id: str | None) -> list[ColumnElement[bool]]:
    found = [uploads.c.account_id == account_id, uploads.c.state == UploadState.OPEN]
    return found if event_id is None else [*found, uploads.c.event_id == event_id]


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
        part_key=row.part_key,
        account_id=row.account_id,
        fingerprint=row.fingerprint,
        begun_at=row.created_at,
    )
