"""Rules of uploads: begin, parts, complete (which acknowledges), finish (by a worker), abort."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import BinaryIO

from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.assets.models import Original
from portal.errors import Conflict, InvalidInput, NotFound, ObjectMissing, TooLarge
from portal.events import service as events_service
from portal.ids import new_id
from portal.jobs import Job, Task, defer
from portal.people import service as people_service
from portal.runtime import Runtime
from portal.storage import keys
from portal.storage.interface import ObjectInfo, StoredPart
from portal.uploads import repository
from portal.uploads.models import FileDescription, Upload, UploadState
from portal.uploads.sniff import sniff

FILENAME_LENGTH_MAX = 255
PART_COUNT_MAX = 10_000
"""The limit of S3; larger files get larger parts."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def begin(
    runtime: Runtime,
    connection: Connection,
    *,
    event_id: str,
    filename: str,
    size_bytes: int,
    head: bytes,
    declared_sha256: str | None = None,
    description: FileDescription | None = None,
) -> Upload:
    """Open an upload for a file whose first bytes are `head`.

    Raises UnsupportedMedia, TooLarge, InvalidInput (an empty file, a bad name) or
    InsufficientStorage.
    """
    name = _checked_name(filename)
    _check_size(runtime, name, size_bytes)
    if declared_sha256 is not None and not _SHA256.fullmatch(declared_sha256):
        raise InvalidInput(f"The SHA-256 given for {name} is not 64 hexadecimal digits.")
    sniffed = sniff(name, head)
    asset_id = new_id()
    key = keys.original(asset_id)
    part_bytes = max(runtime.settings.upload_part_bytes, -(-size_bytes // PART_COUNT_MAX))
    upload = Upload(
        id=new_id(),
        event_id=event_id,
        asset_id=asset_id,
        kind=sniffed.kind,
        filename=name,
        media_type=sniffed.media_type,
        key=key,
        storage_upload_id=runtime.uploads.begin(
            key, size_bytes=size_bytes, part_bytes=part_bytes, media_type=sniffed.media_type
        ),
        size_bytes=size_bytes,
        part_bytes=part_bytes,
        declared_sha256=declared_sha256,
        state=UploadState.OPEN,
        description=description or FileDescription(),
    )
    repository.add(connection, upload)
    return upload


def put_part(runtime: Runtime, upload: Upload, number: int, body: BinaryIO) -> StoredPart:
    """Store part `number`, from 1; durable when it returns, and may be sent again.

    Takes no connection: none should be held while bytes trickle in.
    """
    if not 1 <= number <= upload.part_count:
        raise InvalidInput(f"{upload.filename} has parts 1 to {upload.part_count}, not {number}.")
    part = runtime.uploads.put_part(upload.key, upload.storage_upload_id, number, body)
    with runtime.engine.begin() as connection:
        repository.note_activity(connection, upload.id)
    return part


def complete(
    runtime: Runtime, connection: Connection, upload_id: str, *, parts: Sequence[StoredPart]
) -> Upload:
    """Acknowledge the file: its asset and the job that stores it commit together.

    Repeating it, or losing its reply, gives one asset. When the event has these bytes already,
    nothing new is kept and the upload returned names the asset that has them.
    Raises NotFound, or Conflict when parts are missing or the upload was aborted.
    """
    upload = _held(connection, upload_id)
    if upload.state in {UploadState.COMPLETING, UploadState.FINISHED}:
        return upload
    if upload.state is UploadState.ABORTED:
        raise _given_up(upload)
    twin = _twin(connection, upload)
    if twin is not None:
        repository.set_state(connection, upload.id, UploadState.DUPLICATE)
        runtime.uploads.abort(upload.key, upload.storage_upload_id)
        return replace(upload, asset_id=twin, state=UploadState.DUPLICATE)
    if upload.state is UploadState.DUPLICATE:  # of an asset that was removed since
        raise _given_up(upload)
    _check_complete(upload, parts)
    _add_asset(connection, upload)
    repository.set_state(connection, upload.id, UploadState.COMPLETING)
    defer(connection, Job(Task.FINISH_UPLOAD, upload.id))
    return replace(upload, state=UploadState.COMPLETING)


def finish(runtime: Runtime, upload_id: str) -> None:
    """Put the object together and start the pipeline; may be repeated at any point.

    Raises NotFound, storage errors, or Conflict when the stored parts do not make the file.
    """
    with runtime.engine.begin() as connection:
        upload = get_upload(connection, upload_id)
    if upload.state is not UploadState.COMPLETING:
        return
    stored = _assemble(runtime, upload)
    if stored.size_bytes != upload.size_bytes:
        raise Conflict(
            f"{upload.filename} should have {upload.size_bytes} bytes, "
            f"but {stored.size_bytes} are stored."
        )
    with runtime.engine.begin() as connection:
        if _held(connection, upload_id).state is UploadState.COMPLETING:
            repository.set_state(connection, upload_id, UploadState.FINISHED)
            assets_service.start_pipeline(connection, upload.asset_id)


def give_up(runtime: Runtime, connection: Connection, upload_id: str, detail: str) -> None:
    """The object cannot be put together: the asset has failed, and says why."""
    upload = _held(connection, upload_id)
    repository.set_state(connection, upload_id, UploadState.FINISHED)
    assets_service.fail_storing(connection, upload.asset_id, detail)
    runtime.uploads.abort(upload.key, upload.storage_upload_id)


def abort(runtime: Runtime, connection: Connection, upload_id: str) -> None:
    """Forget an upload that was not completed. Raises NotFound or Conflict."""
    upload = _held(connection, upload_id)
    if upload.state in {UploadState.COMPLETING, UploadState.FINISHED}:
        raise Conflict(f"{upload.filename} is in already; remove the asset instead.")
    repository.set_state(connection, upload_id, UploadState.ABORTED)
    runtime.uploads.abort(upload.key, upload.storage_upload_id)


def get_upload(connection: Connection, upload_id: str) -> Upload:
    """Raises NotFound."""
    return _found(repository.find(connection, upload_id))


def abandoned_uploads(connection: Connection, *, older_than_hours: int) -> list[Upload]:
    """Open uploads that nobody goes on with."""
    return repository.abandoned(connection, older_than_hours=older_than_hours)


def unfinished_upload_ids(connection: Connection, *, older_than_seconds: int) -> list[str]:
    """Acknowledged uploads that no worker has put together yet."""
    return repository.completing(connection, older_than_seconds=older_than_seconds)


def _held(connection: Connection, upload_id: str) -> Upload:
    return _found(repository.find(connection, upload_id, for_update=True))


def _found(upload: Upload | None) -> Upload:
    if upload is None:
        raise NotFound("There is no such upload.")
    return upload


def _given_up(upload: Upload) -> Conflict:
    return Conflict(f"The upload of {upload.filename} was given up; begin again.")


def _twin(connection: Connection, upload: Upload) -> str | None:
    if upload.declared_sha256 is None:
        return None
    repository.hold_bytes(connection, upload.event_id, upload.declared_sha256)
    known = assets_service.find_by_sha256(connection, upload.event_id, upload.declared_sha256)
    return known.id if known else None


def _add_asset(connection: Connection, upload: Upload) -> None:
    description = upload.description
    named = dict.fromkeys(description.people, ())
    persons = people_service.ensure_people(connection, named).values()
    for person in persons:
        events_service.add_person(connection, upload.event_id, person.id)
    assets_service.add_asset(
        connection,
        asset_id=upload.asset_id,
        event_id=upload.event_id,
        kind=upload.kind,
        filename=upload.filename,
        original=Original(
            key=upload.key,
            size_bytes=upload.size_bytes,
            media_type=upload.media_type,
            sha256=None,
            declared_sha256=upload.declared_sha256,
        ),
        title=description.title,
        caption=description.caption,
        language=description.language,
        programme_item_id=description.programme_item_id,
        person_ids=[person.id for person in persons],
    )


def _assemble(runtime: Runtime, upload: Upload) -> ObjectInfo:
    try:
        parts = runtime.uploads.list_parts(upload.key, upload.storage_upload_id)
    except ObjectMissing:  # an earlier run completed it, and ended before it could say so
        return runtime.store.head(upload.key)
    return runtime.uploads.complete(upload.key, upload.storage_upload_id, parts)


def _check_complete(upload: Upload, parts: Sequence[StoredPart]) -> None:
    numbers = sorted(part.number for part in parts)
    if numbers != list(range(1, upload.part_count + 1)):
        raise Conflict(
            f"{upload.filename} has {upload.part_count} parts; these were sent: {numbers}."
        )
    sent_bytes = sum(part.size_bytes for part in parts)
    if sent_bytes != upload.size_bytes:
        raise Conflict(f"{upload.filename} has {upload.size_bytes} bytes; {sent_bytes} were sent.")


def _checked_name(filename: str) -> str:
    name = PurePath(filename.replace("\\", "/")).name
    if not name or len(name) > FILENAME_LENGTH_MAX or not name.isprintable():
        raise InvalidInput(
            f"{filename[:80]!r} cannot be a file's name: "
            f"it has 1 to {FILENAME_LENGTH_MAX} printable characters."
        )
    return name


def _check_size(runtime: Runtime, name: str, size_bytes: int) -> None:
    if size_bytes <= 0:
        raise InvalidInput(f"{name} is empty (0 bytes).")
    limit = runtime.settings.upload_bytes_max
    if size_bytes > limit:
        raise TooLarge(f"{name} has {size_bytes} bytes; at most {limit} are taken.")
