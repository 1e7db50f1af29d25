"""Files that arrived whole, by a form without script: taken in by the same steps as any other."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import BinaryIO

from portal.errors import PortalError
from portal.runtime import Runtime
from portal.uploads.beginning import begin
from portal.uploads.completion import abort, complete
from portal.uploads.models import FileOffer, Upload
from portal.uploads.parts import put_part
from portal.uploads.sniff import SNIFF_BYTES

READ_BYTES = 1024**2


def take_file(
    runtime: Runtime, body: BinaryIO, *, event_id: str, account_id: str, filename: str
) -> Upload:
    """The acknowledged upload, or one that names the asset which has these bytes already.

    Raises as `begin` and `complete`; then nothing is kept.
    """
    sha256, size_bytes = _digest(body)
    body.seek(0)
    head = body.read(SNIFF_BYTES)
    body.seek(0)
    offer = FileOffer(
        event_id=event_id,
        filename=filename,
        size_bytes=size_bytes,
        head=head,
        account_id=account_id,
        declared_sha256=sha256,
    )
    upload = begin(runtime, offer)
    try:
        return _completed(runtime, upload, body)
    except PortalError:
        abort(runtime, upload.id)
        raise


def _digest(body: BinaryIO) -> tuple[str, int]:
    """SHA-256, and size in bytes."""
    digest = hashlib.sha256()
    while chunk := body.read(READ_BYTES):
        digest.update(chunk)
    return digest.hexdigest(), body.tell()


def _completed(runtime: Runtime, upload: Upload, body: BinaryIO) -> Upload:
    parts = [
        put_part(runtime, upload, number, BytesIO(body.read(upload.part_bytes)))
        for number in range(1, upload.part_count + 1)
    ]
    return complete(runtime, upload.id, parts=parts)
