"""The folder where the processes that one exporter speaks for have their sockets.

An exporter holds a flock(2) on its folder for as long as it lives: a data folder may be shared by
machines and containers, whose names and process ids say nothing. What a killed one left, the next
one deletes. In the data folder, because what lies long in /tmp is cleared away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from portal.settings import Settings


@contextmanager
def held_folder(settings: Settings) -> Iterator[Path]:
    """A folder of one's own, deleted afterwards. Raises OSError when it cannot be made."""
    root = settings.data_path / "metrics"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(root):
        _delete_abandoned(root)
        folder = Path(mkdtemp(dir=root))
        lock = _open_folder(folder)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One exporter at a time: nobody takes for abandoned what is only about to be locked."""
    lock = _open_folder(root)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _delete_abandoned(root: Path) -> None:
    for folder in root.iterdir():
        if not _is_in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)


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
