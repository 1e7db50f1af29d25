"""Long work in portions, so that it can end early and holds nothing for long."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import TypeVar

T = TypeVar("T")


def until(stop: threading.Event, found: Iterable[T]) -> Iterator[T]:
    """What is found before `stop` is set."""
    return takewhile(lambda _: not stop.is_set(), found)


def portions(found: Iterable[T], *, size: int) -> Iterator[list[T]]:
    rest = iter(found)
    while portion := list(islice(rest, size)):
        yield portion
