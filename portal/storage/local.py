"""Objects as files in a folder: `LocalStore` keeps them under their keys, atomically and durably.

Names that start with a dot are no keys: temporary files and unfinished uploads live there.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from portal.ids import new_id
from portal.storage.folders import (
    open_file,
    open_folder,
    place_file,
    split_key,
    storage_errors,
    sync_file,
)
from portal.storage.interface import ObjectInfo, ObjectStore
from portal.storage.keys import checked_prefix, is_key
from portal.storage.local_uploads import LocalUploads
from portal.storage.root import set_up_root

__all__ = ["LocalStore", "LocalUploads"]

TEMPORARY = ".temporary"
TEMPORARY_SECONDS_MAX = 24 * 3600.0
COPY_BYTES = 1024**2


class LocalStore(ObjectStore):
    """Objects are the files `root/<key>`."""

    def __init__(self, root: Path) -> None:
        set_up_root(root)
        self._root = root
        self._is_swept = False

    def put_file(self, key: str, source: Path, *, media_type: str) -> ObjectInfo:
        del media_type  # a file system keeps none; the database does
        split_key(key)
        with (
            source.open("rb") as stream,
            storage_errors(f"object {key}"),
            open_folder(self._root, [TEMPORARY], create=True) as temporary,
        ):
            self._sweep(temporary)
            with _temporary_copy(stream, within=temporary) as (copy, size_bytes):
                place_file(self._root, key, source=copy, source_folder=temporary)
        return ObjectInfo(key=key, size_bytes=size_bytes)

    def head(self, key: str) -> ObjectInfo:
        with self._opened(key) as stream:
            return ObjectInfo(key=key, size_bytes=os.fstat(stream.fileno()).st_size)

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        with self._opened(key) as stream, storage_errors(f"object {key}"):
            stream.seek(start)
            return stream.read(-1 if length is None else length)

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        with self._opened(key):
            pass
        yield self._root / key

    def delete(self, key: str) -> None:
        folders, name = split_key(key)
        with storage_errors(f"object {key}"):
            try:
                with open_folder(self._root, folders) as folder:
                    os.unlink(name, dir_fd=folder)
                    os.fsync(folder)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return
            self._remove_empty(folders)

    @contextmanager
    def _opened(self, key: str) -> Iterator[BinaryIO]:
        folders, name = split_key(key)
        with storage_errors(f"object {key}"), open_folder(self._root, folders) as folder:
            stream = open_file(name, within=folder)
        with stream:
            yield stream

    def _walk(self, folder: str, *, start: str = "") -> Iterator[ObjectInfo]:
        """Key order is that of the names when a folder's name ends with its slash."""
        for name, size_bytes in sorted(self._entries(folder)):
            if not name.startswith(start):
                continue
            path = f"{folder}/{name}" if folder else name
            if name.endswith("/"):
                yield from self._walk(path.removesuffix("/"))
            else:
                yield ObjectInfo(key=path, size_bytes=size_bytes)

    def _entries(self, folder: str) -> Sequence[tuple[str, int]]:
        names = folder.split("/") if folder else []
        with storage_errors(f"folder of objects {folder}"):
            try:
                with open_folder(self._root, names) as descriptor, os.scandir(descriptor) as found:
                    return list(_described(found))
            except (FileNotFoundError, NotADirectoryError):
                return []

    def _remove_empty(self, folders: list[str]) -> None:
        for depth in range(len(folders), 0, -1):
            try:
                with open_folder(self._root, folders[: depth - 1]) as folder:
                    os.rmdir(folders[depth - 1], dir_fd=folder)
            except OSError:
                return  # not empty, or another process was quicker

    def _sweep(self, temporary: int) -> None:
        """Once per process, remove what killed ones left behind."""
        if self._is_swept:
            return
        self._is_swept = True
        oldest = time.time() - TEMPORARY_SECONDS_MAX
        for name in os.listdir(temporary):
            with suppress(FileNotFoundError):
                if os.stat(name, dir_fd=temporary, follow_symlinks=False).st_mtime < oldest:
                    os.unlink(name, dir_fd=temporary)

    # Last, because from here on `list` names this method within the class.
    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        folder, _, start = checked_prefix(prefix).rpartition("/")
        return self._walk(folder, start=start)


@contextmanager
def _temporary_copy(source: BinaryIO, *, within: int) -> Iterator[tuple[str, int]]:
    """(name, size in bytes) of a durable copy; the caller renames it, else it goes away."""
    name = new_id()
    try:
        with open_file(name, within=within, flags=os.O_RDWR | os.O_CREAT | os.O_EXCL) as copy:
            shutil.copyfileobj(source, copy, COPY_BYTES)
            sync_file(copy)
            size_bytes = copy.tell()
        yield name, size_bytes
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=within)


def _described(entries: Iterator[os.DirEntry[str]]) -> Iterator[tuple[str, int]]:
    """(name, size in bytes) of what can belong to a key; a folder's name ends with a slash."""
    for entry in entries:
        if not is_key(entry.name):
            continue
        with suppress(FileNotFoundError):
            if entry.is_dir(follow_symlinks=False):
                yield entry.name + "/", 0
            elif entry.is_file(follow_symlinks=False):
                yield entry.name, entry.stat(follow_symlinks=False).st_size
