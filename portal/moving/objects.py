"""Copies objects from one store to another and reads each one back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from portal.assets.made_files import media_type_of
from portal.errors import ObjectMissing, StorageCorrupt
from portal.moving.room import Room
from portal.storage.interface import ObjectInfo, ObjectStore

PARALLEL_OBJECTS = 4
READ_BYTES = 8 * 1024**2


@dataclass(frozen=True)
class Copied:
    """An object and the SHA-256 of its bytes on either side."""

    info: ObjectInfo
    source_sha256: str
    target_sha256: str
    was_there: bool


@dataclass(frozen=True)
class ObjectCopier:
    """`digests` and `media_types` are what the database knows, by key.

    `room` is that of the source's local copies; None where its files are read where they lie.
    """

    source: ObjectStore
    target: ObjectStore
    digests: Mapping[str, str]
    media_types: Mapping[str, str]
    room: Room | None

    def copy_all(self, infos: Iterable[ObjectInfo], on_copied: Callable[[Copied], None]) -> None:
        """Copy what is not there yet, a few at once; in whatever order they end."""
        remaining = iter(infos)
        with ThreadPoolExecutor(PARALLEL_OBJECTS) as pool:
            under_way = {
                pool.submit(self.copy, info) for info in islice(remaining, 2 * PARALLEL_OBJECTS)
            }
            while under_way:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for copied in _results(done):
                    on_copied(copied)
                more = islice(remaining, len(done))
                under_way |= {pool.submit(self.copy, info) for info in more}

    def copy(self, info: ObjectInfo) -> Copied:
        """Raises StorageCorrupt when the source is not what the database knows.

        Raises InsufficientStorage when there is no room for a local copy.
        """
        room = self.room.held(info.size_bytes, f"object {info.key}") if self.room else nullcontext()
        with room, self.source.local_copy(info.key) as path:
            sha256 = _file_sha256(path)
            known = self.digests.get(info.key)
            if known not in {None, sha256}:
                raise StorageCorrupt(
                    f"The object {info.key} is damaged where it lies: its SHA-256 is {sha256}, "
                    f"the database knows {known}. Nothing was changed there; restore it first."
                )
            if self._target_sha256(info) == sha256:
                return Copied(info, sha256, sha256, was_there=True)
            self.target.put_file(info.key, path, media_type=self._media_type(info.key))
        return Copied(info, sha256, self._target_sha256(info) or "", was_there=False)

    def _target_sha256(self, info: ObjectInfo) -> str | None:
        """Read back what is there; None when it is missing or of another size."""
        try:
            if self.target.head(info.key).size_bytes != info.size_bytes:
                return None
            return _object_sha256(self.target, info)
        except ObjectMissing:
            return None

    def _media_type(self, key: str) -> str:
        return self.media_types.get(key) or media_type_of(key)


def _results(done: Iterable[Future[Copied]]) -> Iterator[Copied]:
    for future in done:
        yield future.result()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _object_sha256(store: ObjectStore, info: ObjectInfo) -> str:
    digest = hashlib.sha256()
    for start in range(0, info.size_bytes, READ_BYTES):
        digest.update(store.read(info.key, start=start, length=READ_BYTES))
    return digest.hexdigest()
