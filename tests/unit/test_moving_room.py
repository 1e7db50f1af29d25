"""Copies made at once never take more of the disk than there is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock

import pytest

from portal.errors import InsufficientStorage
from portal.moving.room import Room


def test_what_does_not_fit_beside_others_waits_for_them() -> None:
    room = Room(lambda: 120, free_bytes_min=20)
    held, peaks, guard, pause = [0], [0], Lock(), Event()

    def hold(size_bytes: int) -> None:
        with room.held(size_bytes, "object"):
            with guard:
                held[0] += size_bytes
                peaks.append(held[0])
            pause.wait(0.01)
            with guard:
                held[0] -= size_bytes

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(hold, [60, 100, 40, 60, 1, 100, 50, 50]))

    assert len(peaks) == 9
    assert max(peaks) <= 100


def test_what_fits_is_held_together() -> None:
    room = Room(lambda: 100, free_bytes_min=0)
    together = Barrier(2, timeout=30)

    def hold(_number: int) -> None:
        with room.held(50, "object"):
            together.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(hold, range(2)))


def test_what_does_not_fit_alone_is_refused() -> None:
    room = Room(lambda: 120, free_bytes_min=20)
    with pytest.raises(InsufficientStorage, match="The object a "), room.held(101, "object a"):
        pass
    with room.held(100, "object a"):
        pass
