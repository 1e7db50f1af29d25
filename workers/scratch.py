"""Private folders for attempts. What a killed worker left in one is deleted by the next worker."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "job-"


@contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """An empty folder under `root`, removed afterwards."""
    with _held(root):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        lock = _open_folder(folder)
        fcntl.flock(lock, fcntl.LOCK_EX)  # lasts as long as this process does
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def delete_abandoned(root: Path) -> None:
    """Delete the folders under `root` that no living process holds."""
    with _held(root):
        for folder in root.glob(f"{_PREFIX}*"):
            if not _is_in_use(folder):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _held(root: Path) -> Iterator[None]:
    """Between making a folder and locking it, nobody may look."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _open_folder(root)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _is_in_use(folder: Path) -> bool:
    try:
        lock = _open_folder(folder)
    except FileNotFoundError:  # its owner has just removed it
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
