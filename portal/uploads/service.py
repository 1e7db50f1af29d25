"""Rules of uploads: begin, parts, complete (which acknowledges), finish (by a worker), abort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.assets.models import Original
from portal.errors import Conflict, InvalidInput, NotFound, ObjectMissing
from portal.events import service as events_service
from portal.ids import is_id
from portal.jobs import Job, Task, defer
from portal.people import service as people_service
from portal.runtime import Runtime
from portal.storage.interface import ObjectInfo, StoredPart
from portal.uploads import repository
from portal.uploads.beginning import Begun, begin, begin_or_resume
from portal.uploads.completeness import check_complete
from portal.uploads.models import Upload, UploadState
from portal.uploads.part_addresses import is_digest
from portal.visibility import Role, Viewer

__all__ = [
    "Begun",
    "abandoned_uploads",
    "abort",
    "abort_forgotten",
    "begin",
    "begin_or_resume",
    "check_number",
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
    "unfinished_upload_ids",
]


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
    check_number(upload, number)
    with runtime.engine.begin() as connection:
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


def check_number(upload: Upload, number: int) -> None:
    """Raises InvalidInput when there is no such part."""
    if not 1 <= number <= upload.part_count:
        raise InvalidInput(f"{upload.filename} has parts 1 to {upload.part_count}, not {number}.")


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


def complete_stored(
    runtime: Runtime, upload: Upload, *, declared_sha256: str | None = None
) -> Upload:
    """Complete with the parts that the store has; raises as `complete`."""
    parts = stored_parts(runtime, upload)
    with runtime.engine.begin() as connection:
        return complete(
            runtime, connection, upload.id, parts=parts, declared_sha256=declared_sha256
        )


def complete(
    runtime: Runtime,
    connection: Connection,
    upload_id: str,
    *,
    parts: Sequence[StoredPart],
    declared_sha256: str | None = None,
) -> Upload:
    """Acknowledge the file: its asset and the job that stores it commit together.

    Repeating it, or losing its reply, gives one asset. When the event has these bytes already,
    nothing new is kept and the upload returned names the asset that has them.
    Raises NotFound, InvalidInput, or Conflict when parts are missing or the upload was aborted.
    """
    upload = _held(connection, upload_id)
    if upload.state in {UploadState.COMPLETING, UploadState.FINISHED}:
        return upload
    if upload.state is UploadState.ABORTED:
        raise _given_up(upload)
    upload = _with_digest(connection, upload, parts, declared_sha256)
    if upload.declared_sha256 is not None:
        repository.hold(connection, upload.event_id, upload.declared_sha256)
    twin = _twin(connection, upload)
    if twin is not None:
        repository.set_state(connection, upload.id, UploadState.DUPLICATE)
        runtime.uploads.abort(upload.key, upload.storage_upload_id)
        return replace(upload, asset_id=twin, state=UploadState.DUPLICATE)
    if upload.state is UploadState.DUPLICATE:  # of an asset that was removed since
        raise _given_up(upload)
    check_complete(upload, parts)
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
    return _found(repository.find(connection, upload_id) if is_id(upload_id) else None)


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
    return replace(upload, asset_id=_twin(connection, upload) or upload.asset_id)


def list_own_uploads(
    connection: Connection, *, account_id: str, event_id: str | None = None
) -> list[Upload]:
    """The open uploads of an account, newest first."""
    return repository.list_open(connection, account_id=account_id, event_id=event_id)


def abandoned_uploads(connection: Connection, *, older_than_hours: int) -> list[Upload]:
    """Open uploads that nobody goes on with."""
    return repository.abandoned(connection, older_than_hours=older_than_hours)


def abort_forgotten(runtime: Runtime, connection: Connection, *, older_than_hours: int) -> None:
    """Abort what the store has open since so long and no unfinished upload of ours needs.

    Such is left when the transaction that began it was rolled back.
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


def _held(connection: Connection, upload_id: str) -> Upload:
    return _found(repository.find(connection, upload_id, for_update=True))


def _found(upload: Upload | None) -> Upload:
    if upload is None:
        raise NotFound("There is no such upload.")
    return upload


def _given_up(upload: Upload) -> Conflict:
    return Conflict(f"The upload of {upload.filename} was given up; begin again.")


def _closed(upload: Upload) -> Conflict:
    return Conflict(f"The upload of {upload.filename} takes no parts any more: it has ended.")


def _with_digest(
    connection: Connection,
    upload: Upload,
    parts: Sequence[StoredPart],
    declared_sha256: str | None,
) -> Upload:
    """With the digest of the whole file, as soon as it is known.

    That of a file in one part is the part's. Raises InvalidInput.
    """
    name = upload.filename
    if declared_sha256 is not None and not is_digest(declared_sha256):
        raise InvalidInput(f"The SHA-256 given for {name} is not 64 hexadecimal digits.")
    said = {upload.declared_sha256, declared_sha256, _digest_of_only(upload, parts)} - {None}
    if len(said) > 1:
        raise InvalidInput(
            f"{name} is not the file that was begun: its SHA-256 is another one.",
            fields={"sha256": "It does not agree with what was said or sent before."},
        )
    sha256 = next(iter(said), None)
    if sha256 is None or sha256 == upload.declared_sha256:
        return upload
    repository.set_declared_sha256(connection, upload.id, sha256)
    return replace(upload, declared_sha256=sha256)


def _digest_of_only(upload: Upload, parts: Sequence[StoredPart]) -> str | None:
    """Of the part that is the whole file, where the store keeps it."""
    return parts[0].sha256 if upload.part_count == len(parts) == 1 else None


def _twin(connection: Connection, upload: Upload) -> str | None:
    """The asset of the event that has these bytes, if it is known which they are."""
    if upload.declared_sha256 is None:
        return None
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
