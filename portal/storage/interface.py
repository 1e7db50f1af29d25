"""The two interfaces to where bytes live. Keys come from `portal.storage.keys` only.

Both translate their vendor's errors: ObjectMissing, StorageDenied, StorageUnavailable and
StorageCorrupt mean different things and are never confused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class ObjectInfo:
    key: str
    size_bytes: int


@dataclass(frozen=True)
class StoredPart:
    """A part that has arrived. `number` counts from 1; `etag` is opaque."""

    number: int
    size_bytes: int
    etag: str


class ObjectStore(Protocol):
    """Finished objects. Each verb may raise StorageDenied or StorageUnavailable."""

    def put_file(self, key: str, source: Path, *, media_type: str) -> ObjectInfo:
        """Store a copy of `source` durably under `key`, replacing what was there in one go."""
        ...

    def head(self, key: str) -> ObjectInfo:
        """Raises ObjectMissing."""
        ...

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        """The bytes from `start` on, at most `length`. Raises ObjectMissing."""
        ...

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """A read-only local path to the object while the context lasts. Raises ObjectMissing.

        Decoders get this path and never a network address.
        """
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, in key order, however many."""
        ...

    def delete(self, key: str) -> None:
        """Make `key` absent; no error if it is already."""
        ...


class MultipartUploads(Protocol):
    """Objects that arrive in parts, in any order, repeatedly, over days."""

    def begin(self, key: str, *, size_bytes: int, part_bytes: int, media_type: str) -> str:
        """Open an upload for `key` and return its storage upload id."""
        ...

    def put_part(self, key: str, upload_id: str, number: int, body: BinaryIO) -> StoredPart:
        """Store part `number`; sending it again replaces it. Durable when it returns.

        Raises ObjectMissing (no such upload) or InvalidInput (number or size does not fit).
        """
        ...

    def list_parts(self, key: str, upload_id: str) -> Sequence[StoredPart]:
        """Parts present, by number. Raises ObjectMissing."""
        ...

    def complete(self, key: str, upload_id: str, parts: Sequence[StoredPart]) -> ObjectInfo:
        """Make the object of its parts; repeating it after success gives the same answer.

        Raises ObjectMissing (no such upload, no such object), Conflict (a part is missing or
        is not the one named).
        """
        ...

    def abort(self, key: str, upload_id: str) -> None:
        """Forget the upload and its bytes; no error if it is gone already."""
        ...
