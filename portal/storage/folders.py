"""Files reached by folder descriptors: no symbolic link is followed, what is made is durable."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from portal.errors import InsufficientStorage, ObjectMissing, StorageDenied, StorageUnavailable
from portal.storage.keys import checked_key
from portal.storage.root import FILE_MODE, FOLDER_MODE, open_root

PLACING_TRIES_MAX = 20
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP}
_FULL = {errno.ENOSPC, errno.EDQUOT}
_MISSING = {errno.ENOENT, errno.ENOTDIR}


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Translate the operating system's errors; `what` names the object in the sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in _MISSING:
            raise ObjectMissing(f"There is no {what}.") from error
        if error.errno in _DENIED:
            raise StorageDenied(f"The {what} may not be touched: {error.strerror}.") from error
        if error.errno in _FULL:
            raise InsufficientStorage(f"The disk is full; {what} was not stored.") from error
        raise StorageUnavailable(f"The {what} cannot be reached: {error.strerror}.") from error


@contextmanager
def open_folder(root: Path, names: Sequence[str], *, create: bool = False) -> Iterator[int]:
    """A descriptor of the folder `root/names…`. Raises StorageUnavailable without the root."""
    folder = open_root(root)
    try:
        for name in names:
            if create:
                make_folder(name, within=folder)
            inner = os.open(name, _FOLDER_FLAGS, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def make_folder(name: str, *, within: int) -> None:
    """Make the folder unless it is there, and make its name durable.

    Also if it is there: whoever made it may not have come so far yet.
    """
    with suppress(FileExistsError):
        os.mkdir(name, FOLDER_MODE, dir_fd=within)
    os.fsync(within)


def split_key(key: str) -> tuple[list[str], str]:
    """The folders and the file name of a key. Raises ValueError outside of our grammar."""
    *folders, name = checked_key(key).split("/")
    return folders, name


def place_file(root: Path, key: str, *, source: str, source_folder: int) -> None:
    """Rename the file `source` to `root/key`, durably, in place of what was there.

    Folders are made; one that a deletion elsewhere removes at this moment is made again.
    """
    folders, name = split_key(key)
    for is_last_try in (*[False] * PLACING_TRIES_MAX, True):
        try:
            with open_folder(root, folders, create=True) as folder:
                os.rename(source, name, src_dir_fd=source_folder, dst_dir_fd=folder)
                os.fsync(folder)
                return
        except FileNotFoundError:
            if is_last_try:
                raise
        except (NotADirectoryError, IsADirectoryError) as error:
            raise StorageDenied(f"The key {key} clashes with that of another object.") from error


def open_file(name: str, *, within: int, flags: int = os.O_RDONLY) -> BinaryIO:
    """Open a regular file; anything else of that name counts as missing."""
    # O_NONBLOCK: a pipe of that name must not hang us.
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(name, flags, FILE_MODE, dir_fd=within)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "It is not a file")
    is_read_only = flags & os.O_ACCMODE == os.O_RDONLY
    return open(descriptor, "rb") if is_read_only else open(descriptor, "r+b")  # noqa: PTH123


def sync_file(stream: BinaryIO) -> None:
    """Return only when the bytes would survive a loss of power."""
    stream.flush()
    os.fsync(stream.fileno())


def free_bytes(folder: int) -> int:
    """What an unprivileged process may still write to the disk of `folder`."""
    found = os.fstatvfs(folder)
    return found.f_bavail * found.f_frsize
