"""Local copies of far objects that all processes of one machine share while any of them reads.

A copy is the file `object` in a folder of its own. Its readers hold a shared flock(2) on the
folder, and whoever downloads it an exclusive one on a file within. Whoever leaves last deletes
it; what a killed process left is deleted by `delete_abandoned`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

COPIES = "copies"
"""The folder of the copies within a scratch folder."""
OBJECT = "object"
PARTIAL = "partial"
FILLING = "filling"
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
            _leave(lock, folder)

    def used_bytes(self, key: str) -> int:
        """What copies of `key` take on the disk now, half a download included."""
        start = copy_name(key, version="")
        folders = [folder for folder in _entries(self._root) if folder.name.startswith(start)]
        return sum(_size_bytes(path) for folder in folders for path in _entries(folder))

    def delete_abandoned(self) -> None:
        """Delete the copies that nobody holds."""
        for folder in _entries(self._root):
            try:
                lock = _open_folder(folder)
            except FileNotFoundError:  # its last reader has just removed it
                continue
            _leave(lock, folder)


def copy_name(key: str, *, version: str) -> str:
    """One name for a key; "~" is in no key."""
    return key.replace("/", "~") + "~" + version


def _shared_lock(folder: Path, download: Download) -> int:
    """A shared lock on a folder that holds the whole object."""
    while True:
        lock = _locked_folder(folder)
        if lock is None:
            continue
        with ExitStack() as unless_whole:
            unless_whole.callback(_leave, lock, folder)
            _fill(folder, download)
            unless_whole.pop_all()
        return lock


def _locked_folder(folder: Path) -> int | None:
    """A shared lock on the folder, made if need be; None when it is deleted at this moment."""
    folder.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    try:
        with suppress(FileExistsError):
            os.mkdir(folder, FOLDER_MODE)  # noqa: PTH102 - Path.mkdir(exist_ok) is no atom
        lock = _open_folder(folder)
    except FileNotFoundError:
        return None
    fcntl.flock(lock, fcntl.LOCK_SH)
    if _is_current(lock, folder):
        return lock
    os.close(lock)
    return None


def _fill(folder: Path, download: Download) -> None:
    """Download the object unless it is there; whoever comes meanwhile waits for the first."""
    with (folder / FILLING).open("ab") as filling:
        fcntl.flock(filling, fcntl.LOCK_EX)
        if not (folder / OBJECT).exists():
            partial = folder / PARTIAL
            partial.unlink(missing_ok=True)
            download(partial)
            partial.rename(folder / OBJECT)


def _leave(lock: int, folder: Path) -> None:
    """Give a shared lock up; the last one deletes the copy."""
    # The name may belong to a later folder by now, which others hold.
    if _try_lock(lock) and _is_current(lock, folder):
        _remove(folder)
    os.close(lock)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # others have copies there
        folder.parent.rmdir()


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


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, which others may remove at any moment."""
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0
