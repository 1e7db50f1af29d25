"""Finding uploads: by id, to work on alone, and those that someone may see."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.errors import NotFound
from portal.ids import is_id
from portal.uploads import repository
from portal.uploads.models import OpenUploads, Upload, UploadState
from portal.visibility import Role, Viewer

LISTED_MAX = 200


def get_upload(connection: Connection, upload_id: str) -> Upload:
    """Raises NotFound."""
    return _found(repository.find(connection, upload_id) if is_id(upload_id) else None)


def hold_upload(connection: Connection, upload_id: str) -> Upload:
    """The same, and nobody else changes it until the transaction ends. Raises NotFound."""
    return _found(repository.find(connection, upload_id, for_update=True))


def get_own_upload(connection: Connection, upload_id: str, *, viewer: Viewer) -> Upload:
    """An upload that the viewer began, or any for an administrator. Raises NotFound.

    Of a duplicate, `asset_id` is the asset that has its bytes.
    """
    upload = get_upload(connection, upload_id)
    is_own = upload.account_id is not None and upload.account_id == viewer.account_id
    if not is_own and viewer.role is not Role.ADMINISTRATOR:
        return _found(None)
    if upload.state is not UploadState.DUPLICATE:
        return upload
    return replace(upload, asset_id=twin_of(connection, upload) or upload.asset_id)


def list_own_uploads(
    connection: Connection, *, account_id: str, event_id: str | None = None
) -> OpenUploads:
    """The open uploads of an account, newest first, and no more of them than can be shown."""
    found = repository.list_open(
        connection, account_id=account_id, event_id=event_id, limit=LISTED_MAX
    )
    more = 0
    if len(found) == LISTED_MAX:
        count = repository.count_open(connection, account_id=account_id, event_id=event_id)
        more = max(0, count - LISTED_MAX)
    return OpenUploads(tuple(found), more=more)


def twin_of(connection: Connection, upload: Upload) -> str | None:
    """The asset of the event that has these bytes, if it is known which they are."""
    if upload.declared_sha256 is None:
        return None
    known = assets_service.find_by_sha256(connection, upload.event_id, upload.declared_sha256)
    return known.id if known else None


def _found(upload: Upload | None) -> Upload:
    if upload is None:
        raise NotFound("There is no such upload.")
    return upload
