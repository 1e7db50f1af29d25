"""Looking at a part that may hang, without hanging with it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from portal.errors import PortalError

T = TypeVar("T")


class _Look(Generic[T]):
    """One look under way, in a thread that dies with the process."""

    def __init__(self, look: Callable[[], T]) -> None:
        self._look = look
        self._ended = threading.Event()
        self.seen: T | None = None
        threading.Thread(target=self._run, name="probe", daemon=True).start()

    def _run(self) -> None:
        try:
            self.seen = self._look()
        except (PortalError, SQLAlchemyError, OSError):
            self.seen = None
        finally:
            self._ended.set()

    def is_over(self, *, within_seconds: float) -> bool:
        return self._ended.wait(within_seconds)


class Probe(Generic[T]):
    """At most one look at a time: whoever comes while it hangs waits for the same one."""

    def __init__(self, look: Callable[[], T]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._under_way: _Look[T] | None = None

    def take(self, *, within_seconds: float) -> T | None:
        """What is seen; None when the part is away or does not answer in time."""
        with self._lock:
            look = self._under_way = self._under_way or _Look(self._look)
        if not look.is_over(within_seconds=within_seconds):
            return None
        with self._lock:
            if self._under_way is look:
                self._under_way = None
        return look.seen
