"""Folders that a living process holds by a lock, which a killed one loses by itself.

They are made and locked within `alone_in` their root: else another process would take for
abandoned what is only about to be locked.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone_in(root: Path) -> Iterator[None]:
    """Make the folder if need be, and keep all other processes out that ask the same."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = open_folder(root)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def is_in_use(folder: Path) -> bool:
    """Whether a living process holds a lock on it."""
    try:
        lock = open_folder(folder)
    except FileNotFoundError:  # its owner has just removed it
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
