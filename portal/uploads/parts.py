"""Parts of an open upload: how they are stored, and which have arrived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import structlog
from sqlalchemy import Connection

from portal.errors import Conflict, ObjectMissing, StorageError
from portal.runtime import Runtime
from portal.storage.interface import StoredPart
from portal.uploads import repository
from portal.uploads.models import Upload, UploadState

_log = structlog.get_logger(__name__)


def put_part(
    runtime: Runtime,
    upload: Upload,
    number: int,
    body: BinaryIO,
    *,
    expected_sha256: str | None = None,
) -> StoredPart:
    """Store part `number`, from 1; durable when it returns, and may be sent again.

    Takes no connection: none should be held while bytes trickle in. Raises InvalidInput, or
    Conflict when the upload is not open any more.
    """
    upload.layout.expected_bytes(number)
    # Without a transaction around it, this is one way to the database and back.
    with runtime.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        note_arrival(connection, upload)
    return runtime.uploads.put_part(
        upload.key, upload.storage_upload_id, number, body, expected_sha256=expected_sha256
    )


def note_arrival(connection: Connection, upload: Upload) -> None:
    """Bytes of it came in. Raises Conflict when it is not open any more."""
    if not repository.note_activity(connection, upload.id):
        raise _closed(upload)


def check_open(upload: Upload) -> None:
    """Raises Conflict when it takes no parts any more."""
    if upload.state is not UploadState.OPEN:
        raise _closed(upload)


def stored_parts(runtime: Runtime, upload: Upload) -> Sequence[StoredPart]:
    """The parts that have arrived, by number; none of an upload that is not open any more.

    Takes no connection, because the store may be far away.
    """
    if upload.state is not UploadState.OPEN:
        return ()
    try:
        return runtime.uploads.list_parts(upload.key, upload.storage_upload_id)
    except ObjectMissing:  # it ended meanwhile, or the store has forgotten it
        return ()


def forget_parts(runtime: Runtime, upload: Upload) -> None:
    """Delete what was sent of an upload that has ended.

    Takes no connection, as above. What a store that is away keeps of it, the sweep finds later.
    """
    try:
        runtime.uploads.abort(upload.key, upload.storage_upload_id)
    except StorageError as error:
        _log.warning("parts left to the sweep", upload_id=upload.id, reason=str(error))


def _closed(upload: Upload) -> Conflict:
    return Conflict(f"The upload of {upload.filename} takes no parts any more: it has ended.")
