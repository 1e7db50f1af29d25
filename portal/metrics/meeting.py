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

from portal.held_folders import alone_in, is_in_use, open_folder
from portal.settings import Settings


@contextmanager
def held_folder(settings: Settings) -> Iterator[Path]:
    """A folder of one's own, deleted afterwards. Raises OSError when it cannot be made."""
    root = settings.data_path / "metrics"
    with alone_in(root):
        _delete_abandoned(root)
        folder = Path(mkdtemp(dir=root))
        lock = open_folder(folder)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _delete_abandoned(root: Path) -> None:
    for folder in root.iterdir():
        if not is_in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)
