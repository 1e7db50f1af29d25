"""A file that a worker renews while it lives, for who watches over it from the same machine.

A container's health check looks at its time. Each worker has its own: several may share a folder.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

FOLDER = "alive"
FORGOTTEN_SECONDS = 24 * 3600
"""What workers that were killed left is deleted after so long."""


@dataclass(frozen=True)
class SignOfLife:
    path: Path

    def renew(self) -> None:
        """A full disk or a lost folder is for others to tell: the work may go on."""
        with suppress(OSError):
            self.path.touch(mode=0o600)


@contextmanager
def sign_of_life(data_path: Path) -> Iterator[SignOfLife]:
    """This process's own, gone when it ends; its name starts with the machine's."""
    folder = data_path / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _delete_forgotten(folder)
    sign = SignOfLife(folder / f"{socket.gethostname()}-{os.getpid()}")
    try:
        yield sign
    finally:
        sign.path.unlink(missing_ok=True)


def _delete_forgotten(folder: Path) -> None:
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another worker deletes, too
            if path.stat().st_mtime < time.time() - FORGOTTEN_SECONDS:
                path.unlink()
