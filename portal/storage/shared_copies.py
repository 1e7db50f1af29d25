"""Local copies of far objects that all processes of one machine share while any of them reads.

A copy is the file `object` in a folder of its own, locked by flock(2): exclusively while it is
downloaded, shared while it is read. Whoever leaves last deletes it; what a killed process left
is deleted by `delete_abandoned`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OBJECT = "object"
PARTIAL = "partial"
FOLDER_MODE = 0o700

Download = Callable[[Path], None]
"""Writes the whole object to a path that does not exist yet."""


class SharedCopies:
    """Under `root`, one folder per copy."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def held(self, key: str, *, version: str, download: Download) -> Iterator[Path]:
        """A path to the object, downloaded unless another process of the machine has it now.

        `version` tells the contents of one key apart, such as an ETag in hexadecimal.
        """
        folder = self._root / copy_name(key, version=version)
        lock = _shared_lock(folder, download)
        try:
            yield folder / OBJECT
        finally:
            if _try_lock(lock):
                shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)

    def used_bytes(self, key: str) -> int:
        """What copies of `key` take on the disk now, half a download included."""
        folders = self._root.glob(copy_name(key, version="*"))
        return sum(_size_bytes(path) for folder in folders for path in folder.glob("*"))

    def delete_abandoned(self) -> None:
        """Delete the copies that nobody holds."""
        for folder in self._root.glob("*"):
            try:
                lock = _open_folder(folder)
            except FileNotFoundError:  # its last reader has just removed it
                continue
            if _try_lock(lock):
                shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def copy_name(key: str, *, version: str) -> str:
    """One name for a key; "~" is in no key."""
    return key.replace("/", "~") + "~" + version


def _shared_lock(folder: Path, download: Download) -> int:
    """A shared lock on a folder that holds the whole object."""
    while True:
        folder.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        try:
            with suppress(FileExistsError):
                os.mkdir(folder, FOLDER_MODE)  # noqa: PTH102 - Path.mkdir(exist_ok) is no atom
            lock = _open_folder(folder)
        except FileNotFoundError:  # deleted since
            continue
        try:
            if _holds_object(lock, folder, download):
                return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)


def _holds_object(lock: int, folder: Path, download: Download) -> bool:
    """Lock and, if need be, fill the folder; false when a cleaner has deleted it meanwhile."""
    fcntl.flock(lock, fcntl.LOCK_SH)
    if not (folder / OBJECT).exists():
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_current(lock, folder):
            return False
        _complete(folder, download)
        # Not atomic (flock(2)): a cleaner may come between.
        fcntl.flock(lock, fcntl.LOCK_SH)
    return _is_current(lock, folder) and (folder / OBJECT).exists()


def _complete(folder: Path, download: Download) -> None:
    if (folder / OBJECT).exists():
        return
    partial = folder / PARTIAL
    partial.unlink(missing_ok=True)
    try:
        download(partial)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    partial.rename(folder / OBJECT)


def _is_current(lock: int, folder: Path) -> bool:
    """Whether the folder of that name is still the one that is locked."""
    try:
        return os.path.samestat(os.fstat(lock), folder.stat())
    except FileNotFoundError:
        return False


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0
