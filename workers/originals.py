"""What concerns the stored bytes of an asset as such: verifying them, deleting them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.assets.models import Original
from portal.errors import Conflict, Interrupted, MediaRefused, ObjectMissing
from portal.runtime import Runtime
from portal.storage import keys
from workers.run import Run, StepResult, StepRun

READ_BYTES = 4 * 1024**2


def verify(run: StepRun) -> StepResult:
    """Read the stored original whole: its SHA-256 is recorded, and compared with the sender's.

    Raises MediaRefused when they differ.
    """
    with original_file(run) as (original, path):
        sha256 = _digest(run, path, size_bytes=original.size_bytes)
    if original.declared_sha256 not in {None, sha256}:
        raise MediaRefused(
            f"{run.asset.filename} arrived damaged: its SHA-256 is {sha256}, "
            f"the sender said {original.declared_sha256}."
        )
    return StepResult(apply=partial(_record, run.asset.id, sha256))


@contextmanager
def original_file(run: Run) -> Iterator[tuple[Original, Path]]:
    """The original and a read-only local path to it. Raises ObjectMissing."""
    original = run.asset.original
    if original is None:
        raise ObjectMissing(f"{run.asset.filename} has no stored original.")
    with run.runtime.store.local_copy(original.key) as path:
        yield original, path


def remove_objects(runtime: Runtime, asset_id: str) -> None:
    """Delete every object of a removed asset; may be repeated."""
    for found in list(runtime.store.list(keys.asset_prefix(asset_id))):
        runtime.store.delete(found.key)


def _record(asset_id: str, sha256: str, connection: Connection) -> None:
    try:
        assets_service.record_verified(connection, asset_id, sha256=sha256)
    except Conflict as error:  # sent twice at once, by someone who could not say its digest
        raise MediaRefused(str(error)) from error


def _digest(run: StepRun, path: Path, *, size_bytes: int) -> str:
    digest = hashlib.sha256()
    read_bytes = 0
    with path.open("rb") as file:
        while chunk := file.read(READ_BYTES):
            if run.stop.is_set():
                raise Interrupted(f"Verifying {run.asset.filename} was interrupted.")
            digest.update(chunk)
            read_bytes += len(chunk)
            run.report_progress(read_bytes / max(1, size_bytes))
    return digest.hexdigest()
