"""How long a sender is waited for, and what a full disk is called."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import InsufficientStorage
from portal.web.body_spool import (
    BYTES_PER_SECOND_MIN,
    SILENCE_SECONDS_MAX,
    Pace,
    closed_in_the_end,
    full_disk_told,
    open_file,
)


def seconds_until_cut_off(bytes_per_second: float, *, every_seconds: float) -> float | None:
    """None when it lasts an hour."""
    pace = Pace()
    while pace.patience_seconds >= every_seconds:
        pace.note(int(bytes_per_second * every_seconds), seconds=every_seconds)
        if pace.waited_seconds > 3600:
            return None
    return pace.waited_seconds


@given(st.integers(BYTES_PER_SECOND_MIN, 10**9))
def test_who_keeps_the_lowest_speed_is_waited_for(bytes_per_second: int) -> None:
    assert seconds_until_cut_off(bytes_per_second, every_seconds=10) is None


@given(st.floats(0, 0.9))
def test_who_is_slower_is_cut_off_however_large_the_body_may_be(share: float) -> None:
    cut_off = seconds_until_cut_off(share * BYTES_PER_SECOND_MIN, every_seconds=1)
    assert cut_off is not None
    assert cut_off == pytest.approx(SILENCE_SECONDS_MAX / (1 - share), rel=0.05, abs=3)


def test_nobody_may_be_silent_for_long_whatever_came_before() -> None:
    pace = Pace()
    pace.note(10**12, seconds=1)
    assert pace.patience_seconds == SILENCE_SECONDS_MAX


def write_to(path: Path) -> None:
    with closed_in_the_end(path.open("wb")) as file, full_disk_told():
        file.write(b"x")
        file.flush()


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(InsufficientStorage, match="no room"):
        write_to(Path("/dev/full"))
    with pytest.raises(OSError, match="I/O"), full_disk_told():
        raise OSError(errno.EIO, "I/O error")
    with pytest.raises(InsufficientStorage):
        open_file(tmp_path, size_bytes=1, free_bytes_min=2**62)
