"""How an upload ends: it is acknowledged with its asset, put together by a worker, or given up.

The store may be far away or hang, so it is asked after the transaction that decided, never in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.assets.models import Original
from portal.errors import Conflict, InvalidInput, ObjectMissing
from portal.events import service as events_service
from portal.jobs import Job, Task, defer
from portal.people import service as people_service
from portal.runtime import Runtime
from portal.storage.interface import ObjectInfo, StoredPart
from portal.storage.part_layout import is_digest
from portal.uploads import repository
from portal.uploads.completeness import check_complete
from portal.uploads.models import Upload, UploadState
from portal.uploads.parts import forget_parts, stored_parts
from portal.uploads.reading import get_upload, hold_upload, twin_of


def complete_stored(
    runtime: Runtime, upload: Upload, *, declared_sha256: str | None = None
) -> Upload:
    """Complete with the parts that the store has; raises as `acknowledge`."""
    parts = stored_parts(runtime, upload)
    return complete(runtime, upload.id, parts=parts, declared_sha256=declared_sha256)


def complete(
    runtime: Runtime,
    upload_id: str,
    *,
    parts: Sequence[StoredPart],
    declared_sha256: str | None = None,
) -> Upload:
    """Acknowledge the file, or forget its bytes when they are in already; raises alike."""
    with runtime.engine.begin() as connection:
        upload = acknowledge(connection, upload_id, parts=parts, declared_sha256=declared_sha256)
    if upload.state is UploadState.DUPLICATE:
        forget_parts(runtime, upload)
    return upload


def acknowledge(
    connection: Connection,
    upload_id: str,
    *,
    parts: Sequence[StoredPart],
    declared_sha256: str | None = None,
) -> Upload:
    """Promise to keep the file: its asset and the job that stores it commit together.

    Repeating it, or losing its reply, gives one asset. When the event has these bytes already,
    the upload returned is a duplicate and names the asset that has them.
    Raises NotFound, InvalidInput, or Conflict when parts are missing or the upload was aborted.
    """
    upload = hold_upload(connection, upload_id)
    if upload.state in {UploadState.COMPLETING, UploadState.FINISHED}:
        return upload
    if upload.state is UploadState.ABORTED:
        raise _given_up(upload)
    upload = _with_digest(connection, upload, parts, declared_sha256)
    if upload.declared_sha256 is not None:
        repository.hold(connection, upload.event_id, upload.declared_sha256)
    twin = twin_of(connection, upload)
    if twin is not None:
        repository.set_state(connection, upload.id, UploadState.DUPLICATE)
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
        if hold_upload(connection, upload_id).state is UploadState.COMPLETING:
            repository.set_state(connection, upload_id, UploadState.FINISHED)
            assets_service.start_pipeline(connection, upload.asset_id)


def give_up(runtime: Runtime, upload_id: str, detail: str) -> None:
    """The object cannot be put together: the asset has failed, and says why.

    Nothing happens when another worker has put it together meanwhile. Raises NotFound.
    """
    with runtime.engine.begin() as connection:
        upload = hold_upload(connection, upload_id)
        if upload.state is not UploadState.COMPLETING:
            return
        repository.set_state(connection, upload_id, UploadState.FINISHED)
        assets_service.fail_storing(connection, upload.asset_id, detail)
    forget_parts(runtime, upload)


def abort(runtime: Runtime, upload_id: str) -> None:
    """Forget an upload that was not completed. Raises NotFound or Conflict."""
    with runtime.engine.begin() as connection:
        upload = hold_upload(connection, upload_id)
        if upload.state in {UploadState.COMPLETING, UploadState.FINISHED}:
            raise Conflict(f"{upload.filename} is in already; remove the asset instead.")
        repository.set_state(connection, upload_id, UploadState.ABORTED)
    forget_parts(runtime, upload)


def _given_up(upload: Upload) -> Conflict:
    return Conflict(f"The upload of {upload.filename} was given up; begin again.")


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
