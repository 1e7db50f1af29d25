"""The disk of the scratch folder: how much is free, and whether a failure is its fault."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.errors import InsufficientStorage, MediaRefused, ToolFailed

NEARLY_FULL_BYTES = 16 * 1024**2
"""Below this much a write may just have failed, whatever minimum is set."""
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FULL_SIGNS = tuple(map(os.strerror, _FULL))


def require_room(folder: Path, *, free_bytes_min: int) -> None:
    """Raises InsufficientStorage when less than that is free on the disk of `folder`."""
    found_bytes = free_bytes(folder)
    if found_bytes < free_bytes_min:
        raise _no_room(found_bytes, free_bytes_min)


@contextmanager
def blaming_full_disk(folder: Path, *, free_bytes_min: int) -> Iterator[None]:
    """Raise InsufficientStorage for what fails while the disk of `folder` is nearly full.

    Programs seldom tell: ffmpeg's HLS muxer drops what it cannot write and ends well, and what is
    read back then looks as if the recording or the program were at fault.
    """
    free_bytes_min = max(free_bytes_min, NEARLY_FULL_BYTES)
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _no_room(free_bytes(folder), free_bytes_min) from error
    except (ToolFailed, MediaRefused) as error:
        found_bytes = free_bytes(folder)
        if found_bytes >= free_bytes_min and not _says_full(error):
            raise
        raise _no_room(found_bytes, free_bytes_min) from error


def free_bytes(folder: Path) -> int:
    """What an unprivileged process may still write to the disk of `folder`."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def disk_bytes(folder: Path) -> int:
    """The size of that disk."""
    found = os.statvfs(folder)
    return found.f_blocks * found.f_frsize


def _says_full(error: ToolFailed | MediaRefused) -> bool:
    said = error.stderr_tail if isinstance(error, ToolFailed) else ""
    return any(sign in said for sign in _FULL_SIGNS)


def _no_room(found_bytes: int, free_bytes_min: int) -> InsufficientStorage:
    free_megabytes, least_megabytes = (n // 1024**2 for n in (found_bytes, free_bytes_min))
    return InsufficientStorage(
        "The disk with the worker's scratch folder (in PORTAL_DATA_DIR) is full or was just now: "
        f"{free_megabytes:,d} MiB are free and {least_megabytes:,d} MiB must stay so. Make room."
    )
