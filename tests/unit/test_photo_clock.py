"""What a clock showed, with zone and correction -> an instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.photos.models import PhotoClock
from portal.photos.shifts import read_shift, shift_text

MINSK = ZoneInfo("Europe/Minsk")
BERLIN = ZoneInfo("Europe/Berlin")
SHOWN = datetime.fromisoformat("2019-06-04T10:15")


def test_the_events_zone_counts_when_the_photo_names_none() -> None:
    assert PhotoClock(SHOWN).instant(zone=MINSK) == datetime(2019, 6, 4, 7, 15, tzinfo=UTC)
    with_offset = PhotoClock(SHOWN, 2 * 3600)
    assert with_offset.instant(zone=MINSK) == datetime(2019, 6, 4, 8, 15, tzinfo=UTC)


def test_a_slow_clock_is_put_forward() -> None:
    instant = PhotoClock(SHOWN).instant(zone=MINSK, shift_seconds=3600)
    assert instant == datetime(2019, 6, 4, 8, 15, tzinfo=UTC)


def test_the_clock_is_corrected_before_the_zone_is_asked() -> None:
    """On the day before, Berlin was an hour nearer to UTC."""
    before = PhotoClock(datetime.fromisoformat("2019-03-30T12:00"))
    instant = before.instant(zone=BERLIN, shift_seconds=24 * 3600)
    assert instant == datetime(2019, 3, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [10**12, -(10**12)])
def test_no_clock_is_put_out_of_the_calendar(seconds: int) -> None:
    assert PhotoClock(SHOWN, 0).instant(zone=MINSK, shift_seconds=seconds) is None


@pytest.mark.parametrize(
    ("shown", "offset"), [(SHOWN.replace(tzinfo=UTC), None), (SHOWN, 86_400), (SHOWN, -86_400)]
)
def test_what_no_clock_shows_is_refused(shown: datetime, offset: int | None) -> None:
    with pytest.raises(ValueError, match="not what a clock shows"):
        PhotoClock(shown, offset)


@given(
    shift=st.integers(-(10**8), 10**8),
    offset=st.none() | st.integers(-12, 14).map(lambda hours: hours * 3600),
)
def test_a_photo_of_a_clock_corrects_to_what_that_clock_showed(
    shift: int, offset: int | None
) -> None:
    clock = PhotoClock(SHOWN, offset)
    true_time = clock.instant(zone=MINSK, shift_seconds=shift)
    assert true_time is not None
    seconds = clock.behind_seconds(true_time, zone=MINSK)
    assert clock.instant(zone=MINSK, shift_seconds=seconds) == true_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("+01:00:00", 3600), ("-00:02", -120), ("0:00", 0), ("26:00:01", 93_601)],
)
def test_a_shift_is_read(text: str, seconds: int) -> None:
    assert read_shift(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "1h", "01:60", "01:00:60", "+-1:00", "1:00:00:00"])
def test_a_shift_that_is_none(text: str) -> None:
    assert read_shift(text) is None


@given(st.integers(-(10**9), 10**9))
def test_a_shift_is_told_as_it_is_read(seconds: int) -> None:
    assert read_shift(shift_text(seconds) or "0:00") == seconds


def test_satellites_and_clock_agree_whatever_the_day() -> None:
    later = SHOWN + timedelta(days=1)
    assert PhotoClock(later).behind_seconds(SHOWN, zone=MINSK) == -86_400
