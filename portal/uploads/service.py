"""Rules of uploads: begin, parts, complete (which acknowledges), finish (by a worker), abort.

They stand in modules of their own; all is reached from here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from portal.runtime import Runtime
from portal.uploads import repository
from portal.uploads.beginning import Begun, begin, begin_or_resume
from portal.uploads.completion import abort, acknowledge, complete, complete_stored, finish, give_up
from portal.uploads.models import Upload
from portal.uploads.parts import check_open, note_arrival, put_part, stored_parts
from portal.uploads.reading import get_own_upload, get_upload, list_own_uploads
from portal.uploads.whole_files import take_file

__all__ = [
    "Begun",
    "abandoned_uploads",
    "abort",
    "abort_forgotten",
    "acknowledge",
    "begin",
    "begin_or_resume",
    "check_open",
    "complete",
    "complete_stored",
    "finish",
    "get_own_upload",
    "get_upload",
    "give_up",
    "list_own_uploads",
    "note_arrival",
    "put_part",
    "stored_parts",
    "take_file",
    "unfinished_upload_ids",
]


def abandoned_uploads(connection: Connection, *, older_than_hours: int) -> list[Upload]:
    """Open uploads that nobody goes on with."""
    return repository.abandoned(connection, older_than_hours=older_than_hours)


def abort_forgotten(runtime: Runtime, connection: Connection, *, older_than_hours: int) -> None:
    """Abort what the store has open since so long and no unfinished upload of ours needs.

    Such is left when the portal died, or the store was away, between store and database.
    """
    oldest = datetime.now(UTC) - timedelta(hours=older_than_hours)
    found = [upload for upload in runtime.uploads.list_open() if upload.begun_at < oldest]
    needed = repository.keys_under_way(connection, [upload.key for upload in found])
    for upload in found:
        if upload.key not in needed:
            runtime.uploads.abort(upload.key, upload.upload_id)


def unfinished_upload_ids(connection: Connection, *, older_than_seconds: int) -> list[str]:
    """Acknowledged uploads that no worker has put together yet."""
    return repository.completing(connection, older_than_seconds=older_than_seconds)
