"""Any store, with each of its calls timed and its errors counted for the metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from portal.metrics.observing import storage_call, storage_listing
from portal.storage.interface import (
    MultipartUploads,
    ObjectInfo,
    ObjectStore,
    OpenUpload,
    StoredPart,
)


class MeasuredStore(ObjectStore):
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put_file(self, key: str, source: Path, *, media_type: str) -> ObjectInfo:
        with storage_call("put_file"):
            return self._store.put_file(key, source, media_type=media_type)

    def head(self, key: str) -> ObjectInfo:
        with storage_call("head"):
            return self._store.head(key)

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        with storage_call("read"):
            return self._store.read(key, start=start, length=length)

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """Timed until the copy is there: what is done with it is no work of the store."""
        with ExitStack() as copies:
            with storage_call("local_copy"):
                path = copies.enter_context(self._store.local_copy(key))
            yield path

    def delete(self, key: str) -> None:
        with storage_call("delete"):
            self._store.delete(key)

    # Last, because from here on `list` names this method within the class.
    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return storage_listing("list", self._store.list(prefix))


class MeasuredUploads(MultipartUploads):
    def __init__(self, uploads: MultipartUploads) -> None:
        self._uploads = uploads

    def begin(self, key: str, *, size_bytes: int, part_bytes: int, media_type: str) -> str:
        with storage_call("begin_upload"):
            return self._uploads.begin(
                key, size_bytes=size_bytes, part_bytes=part_bytes, media_type=media_type
            )

    def put_part(
        self,
        key: str,
        upload_id: str,
        number: int,
        body: BinaryIO,
        *,
        expected_sha256: str | None = None,
    ) -> StoredPart:
        with storage_call("put_part"):
            return self._uploads.put_part(
                key, upload_id, number, body, expected_sha256=expected_sha256
            )

    def list_parts(self, key: str, upload_id: str) -> Sequence[StoredPart]:
        with storage_call("list_parts"):
            return self._uploads.list_parts(key, upload_id)

    def complete(self, key: str, upload_id: str, parts: Sequence[StoredPart]) -> ObjectInfo:
        with storage_call("complete_upload"):
            return self._uploads.complete(key, upload_id, parts)

    def abort(self, key: str, upload_id: str) -> None:
        with storage_call("abort_upload"):
            self._uploads.abort(key, upload_id)

    def list_open(self) -> Iterator[OpenUpload]:
        return storage_listing("list_uploads", self._uploads.list_open())
