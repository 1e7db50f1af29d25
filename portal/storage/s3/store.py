"""Objects in a bucket of an S3-compatible store."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from portal.errors import ObjectMissing, StorageError
from portal.storage.interface import ObjectInfo, ObjectStore, StoredPart
from portal.storage.keys import checked_key, checked_prefix, is_key
from portal.storage.part_layout import PARTS_MAX, PartLayout
from portal.storage.s3.downloads import download
from portal.storage.s3.multipart import Multipart
from portal.storage.s3.objects import Objects
from portal.storage.shared_copies import SharedCopies

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PART_BYTES = 16 * 1024**2
"""What is larger goes in parts, so that a broken connection costs one part."""
PARTS_AT_ONCE = 4


class S3Store(ObjectStore):
    """`copies` is where `local_copy` downloads to."""

    def __init__(self, client: S3Client, *, bucket: str, copies: SharedCopies) -> None:
        self._client = client
        self._bucket = bucket
        self._objects = Objects(client, bucket=bucket)
        self._multipart = Multipart(client, bucket=bucket)
        self._copies = copies

    def put_file(self, key: str, source: Path, *, media_type: str) -> ObjectInfo:
        checked_key(key)
        with source.open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            if size_bytes <= PART_BYTES:
                content = file.read()
                self._objects.put(key, content, media_type=media_type)
                return ObjectInfo(key=key, size_bytes=len(content))
            self._put_in_parts(key, file, size_bytes, media_type)
        return ObjectInfo(key=key, size_bytes=size_bytes)

    def head(self, key: str) -> ObjectInfo:
        found = self._objects.version(checked_key(key))
        return ObjectInfo(key=key, size_bytes=found.size_bytes)

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        if length == 0:
            self.head(key)
            return b""
        if start == 0 and length is None:
            return self._objects.read(checked_key(key))
        last = "" if length is None else start + length - 1
        return self._objects.read(checked_key(key), byte_range=f"bytes={start}-{last}")

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        version = self._objects.version(checked_key(key))
        name = hashlib.sha256(version.etag.encode()).hexdigest()[:32]
        fetch = partial(download, self._client, self._bucket, version)
        with self._copies.held(key, version=name, download=fetch) as path:
            yield path

    def delete(self, key: str) -> None:
        self._objects.delete(checked_key(key))

    def _put_in_parts(self, key: str, file: BinaryIO, size_bytes: int, media_type: str) -> None:
        part_bytes = max(PART_BYTES, -(-size_bytes // PARTS_MAX))
        layout = PartLayout(size_bytes=size_bytes, part_bytes=part_bytes)
        vendor_id = self._multipart.create(key, media_type=media_type)
        put = partial(self._put_part, key, vendor_id, file, layout)
        with ExitStack() as undo:
            undo.callback(self._give_up, key, vendor_id)
            with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
                parts = list(pool.map(put, range(1, layout.part_count + 1)))
            with suppress(ObjectMissing):  # it was finished, but the answer got lost
                self._multipart.finish(key, vendor_id, parts)
            self._multipart.require_made(key, parts)
            undo.pop_all()

    def _give_up(self, key: str, vendor_id: str) -> None:
        with suppress(StorageError):  # then the sweep finds it
            self._multipart.abort(key, vendor_id)

    def _put_part(
        self, key: str, vendor_id: str, file: BinaryIO, layout: PartLayout, number: int
    ) -> StoredPart:
        content = os.pread(file.fileno(), layout.expected_bytes(number), layout.offset(number))
        return self._multipart.put(key, vendor_id, number, content)

    # Last, because from here on `list` names this method within the class.
    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Names that are no keys stand for uploads under way."""
        found = self._objects.list(checked_prefix(prefix))
        return (ObjectInfo(item.key, item.size_bytes) for item in found if is_key(item.key))
