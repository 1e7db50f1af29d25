"""The interfaces to where bytes live. Keys come from `portal.storage.keys` only.

All translate their vendor's errors: ObjectMissing, StorageDenied, StorageUnavailable and
StorageCorrupt mean different things and are never confused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final, Protocol

ADDRESS_SECONDS_MAX: Final = 300
"""No signed address of an object outlives the five minutes in which a withdrawal reaches all."""
ADDRESS_SECONDS_MIN: Final = 120
"""What asks for an address has so long to use it."""


@dataclass(frozen=True)
class ObjectInfo:
    key: str
    size_bytes: int


@dataclass(frozen=True)
class StoredPart:
    """A part that has arrived. `number` counts from 1; `etag` is opaque.

    `sha256` (hexadecimal) is None where the storage does not keep it.
    """

    number: int
    size_bytes: int
    etag: str
    sha256: str | None = None


@dataclass(frozen=True)
class OpenUpload:
    """An upload that was neither completed nor aborted."""

    key: str
    upload_id: str
    begun_at: datetime


@dataclass(frozen=True)
class SignedRequest:
    """What a browser must send, with exactly these headers besides its own, to be let in."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class StorageFault:
    """What is wrong with a store that answers. `advice` says what to do."""

    sentence: str
    advice: str


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

    def put_part(
        self,
        key: str,
        upload_id: str,
        number: int,
        body: BinaryIO,
        *,
        expected_sha256: str | None = None,
    ) -> StoredPart:
        """Store part `number`; sending it again replaces it. Durable when it returns.

        Raises ObjectMissing (no such upload) or InvalidInput (number, size or SHA-256 does not
        fit; nothing is kept of such a part, and what was there before stays).
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

    def list_open(self) -> Iterator[OpenUpload]:
        """Every upload under way, whoever began it; for the sweep that aborts what is forgotten."""
        ...


class SignedAddresses(Protocol):
    """Addresses by which a browser reaches the store itself, each for one object and minutes.

    Pure computing, without a request: signing is no reason for a thread.
    """

    def object_address(
        self,
        key: str,
        *,
        method: str = "GET",
        answer_headers: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """Where to GET (or HEAD) an object; the same for a while, so that caches can keep it,
        and good for at most `ADDRESS_SECONDS_MAX` and at least `ADDRESS_SECONDS_MIN` from now on.

        The store answers with `answer_headers` (Content-Type, Content-Disposition, Cache-Control)
        in place of those that the object was stored with.
        """
        ...

    def part_request(self, key: str, upload_id: str, number: int, *, sha256: str) -> SignedRequest:
        """How to PUT one part whose SHA-256 (hexadecimal) the store checks."""
        ...
