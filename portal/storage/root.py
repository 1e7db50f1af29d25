"""The root folder of the objects, told from a mount point whose volume is not mounted.

A mark lies within it, and a note beside it says that it was set up once. Without its mark a root
is not read, written or set up a second time: "not mounted" must never look like "missing".
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from portal.errors import StorageUnavailable
from portal.storage.keys import is_key

MARK = ".press-portal"
NOTE_SUFFIX = ".set-up"
FOLDER_MODE = 0o700
FILE_MODE = 0o600
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def set_up_root(root: Path) -> None:
    """Make the root when it never was there. Any number of processes may do so at once.

    What hinders it hinders every use of the root too, and is told there.
    """
    note = root.with_name(root.name + NOTE_SUFFIX)
    with suppress(OSError):
        if note.exists() and not (root / MARK).exists():
            return
        _make_durable_folder(root)
        if (root / MARK).exists() or not _holds_objects(root):
            _make_durable_file(root / MARK)
            _make_durable_file(note)


def holds_objects(root: Path) -> bool:
    """Whether there are objects, with or without a mark. Raises StorageUnavailable."""
    try:
        return _holds_objects(root)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StorageUnavailable(
            f"The folder of stored files cannot be read: {error.strerror}."
        ) from error


def open_root(root: Path) -> int:
    """A descriptor of the root, which may be a link of the operator's. Raises StorageUnavailable.

    The mark is looked for by that descriptor: what is mounted or unmounted later changes nothing.
    """
    try:
        folder = os.open(root, _FOLDER_FLAGS)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StorageUnavailable(
            "The folder of stored files is not there. Is its volume mounted?"
        ) from error
    try:
        os.stat(MARK, dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        os.close(folder)
        if error.errno != errno.ENOENT:
            raise
        raise StorageUnavailable(
            f"The folder of stored files lacks its mark, the empty file {MARK}. Is its volume "
            "mounted? Make that file only if the folder is the right one."
        ) from error
    return folder


def _holds_objects(root: Path) -> bool:
    return any(is_key(entry.name) for entry in root.iterdir())


def _make_durable_folder(path: Path) -> None:
    if not path.is_dir():
        path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        _sync(path.parent)


def _make_durable_file(path: Path) -> None:
    if not path.exists():
        path.touch(mode=FILE_MODE)
        _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, _FOLDER_FLAGS)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
