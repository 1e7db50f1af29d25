"""A store that remembers which keys were put to it, for whoever may have to delete them again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from portal.storage.interface import ObjectInfo, ObjectStore


class NotedStore(ObjectStore):
    """`noted` holds every key that was ever asked to be put, whether that came to an end or not."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.noted: set[str] = set()

    def put_file(self, key: str, source: Path, *, media_type: str) -> ObjectInfo:
        self.noted.add(key)
        return self._store.put_file(key, source, media_type=media_type)

    def head(self, key: str) -> ObjectInfo:
        return self._store.head(key)

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        return self._store.read(key, start=start, length=length)

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        return self._store.local_copy(key)

    def delete(self, key: str) -> None:
        self._store.delete(key)

    # Last, because from here on `list` names this method within the class.
    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._store.list(prefix)
