"""Room on a disk for copies that several threads make at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from portal.errors import InsufficientStorage
from portal.settings import Settings, variable_name


@dataclass
class Room:
    """What does not fit beside the copies of others waits for them to go.

    A copy counts in full until it goes, though part of it may be on the disk already.
    """

    free_bytes: Callable[[], int]
    free_bytes_min: int
    _held: list[int] = field(default_factory=list, init=False)
    _changed: Condition = field(default_factory=Condition, init=False)

    @contextmanager
    def held(self, size_bytes: int, what: str) -> Iterator[None]:
        """Raises InsufficientStorage for what does not even fit alone."""
        with self._changed:
            while not self._fits(size_bytes):
                if not self._held:
                    raise self._refusal(size_bytes, what)
                self._changed.wait()
            self._held.append(size_bytes)
        try:
            yield
        finally:
            with self._changed:
                self._held.remove(size_bytes)
                self._changed.notify_all()

    def _fits(self, size_bytes: int) -> bool:
        return size_bytes <= self.free_bytes() - self.free_bytes_min - sum(self._held)

    def _refusal(self, size_bytes: int, what: str) -> InsufficientStorage:
        usable = max(0, self.free_bytes() - self.free_bytes_min)
        return InsufficientStorage(
            f"The {what} is copied by way of the data folder's disk here and has {size_bytes:,d} "
            f"bytes; {usable:,d} may be used, because {variable_name('disk_free_bytes_min')} must "
            "stay free. Make room."
        )


def scratch_room(settings: Settings) -> Room:
    """Of the folder that copies of a store's objects go to."""
    return Room(lambda: _free_bytes(settings.scratch_path), settings.disk_free_bytes_min)


def _free_bytes(folder: Path) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return shutil.disk_usage(folder).free
