"""A whole object to a local file, going on where a broken connection left off."""

from __future__ import annotations

import base64
import errno
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portal.errors import InsufficientStorage, StorageCorrupt
from portal.storage.s3.errors import VENDOR_ERRORS, is_passing, translated
from portal.storage.s3.retrying import pauses

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CHUNK_BYTES = 256 * 1024
PROGRESS_BYTES = 1024**2
"""A try that brought so much gives all further tries back."""
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True)
class Version:
    """One version of one object: what is read in several answers must be one thing.

    `checksum` is the SHA-256 in base64, None where the store knows none of the whole object;
    `parts_checksum` is that of the checksums of its parts.
    """

    key: str
    etag: str
    size_bytes: int
    checksum: str | None
    parts_checksum: str | None


def download(client: S3Client, bucket: str, version: Version, target: Path) -> None:
    """Write the object to `target`, which does not exist yet.

    Raises StorageUnavailable also when it was replaced meanwhile, StorageCorrupt when the bytes
    are not those that were stored, InsufficientStorage when they find no room.
    """
    digest = hashlib.sha256()
    try:
        with target.open("xb") as file:
            for chunk in _pieces(client, bucket, version):
                digest.update(chunk)
                file.write(chunk)
    except OSError as error:
        if error.errno in _FULL:
            raise InsufficientStorage(
                "The disk for files under work is full: the object "
                f"{version.key} has {version.size_bytes:,} bytes."
            ) from error
        raise
    require_checksum(version, digest.digest())


def require_checksum(version: Version, digest: bytes) -> None:
    if version.checksum not in {None, base64.b64encode(digest).decode()}:
        raise StorageCorrupt(f"The bytes of the object {version.key} are not those stored.")


def _pieces(client: S3Client, bucket: str, version: Version) -> Iterator[bytes]:
    """All bytes in order."""
    position = tried_from = 0
    waits = pauses()
    while position < version.size_bytes:
        try:
            for chunk in _pieces_from(position, client, bucket, version):
                position += len(chunk)
                yield chunk
        except VENDOR_ERRORS as error:
            if position - tried_from >= PROGRESS_BYTES:
                tried_from, waits = position, pauses()
            pause = next(waits, None)
            if pause is None or not is_passing(error):
                raise translated(error, f"object {version.key}") from error
            time.sleep(pause)


def _pieces_from(position: int, client: S3Client, bucket: str, version: Version) -> Iterator[bytes]:
    answer = client.get_object(
        Bucket=bucket, Key=version.key, Range=f"bytes={position}-", IfMatch=version.etag
    )
    if not answer.get("ContentRange", "").startswith(f"bytes {position}-"):
        raise StorageCorrupt(f"The store sent another part of the object {version.key} than asked.")
    # A body that ends early raises; one that is not read to its end must not be used again.
    try:
        yield from answer["Body"].iter_chunks(CHUNK_BYTES)
    finally:
        answer["Body"].close()
