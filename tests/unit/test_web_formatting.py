from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.formatting import (
    format_clock,
    format_day_range,
    format_instant,
    format_number,
    format_time,
)

SCRUM = datetime(2019, 6, 4, 7, 5, tzinfo=UTC)


def plain(shown: str) -> str:
    """With ordinary spaces: CLDR keeps parts of a date together with unbreakable ones."""
    return " ".join(shown.split())


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "4 June 2019, 10:05"),
        ("ru", "4 июня 2019 г., 10:05"),
        ("be", "4 чэрвеня 2019 г., 10:05"),
    ],
)
def test_an_instant_is_shown_by_the_clocks_of_the_event(language: str, shown: str) -> None:
    assert plain(format_instant(SCRUM, language=language, time_zone="Europe/Minsk")) == shown


def test_the_day_is_that_of_the_zone() -> None:
    late = datetime(2019, 6, 4, 23, 30, tzinfo=UTC)
    assert format_instant(late, language="en", time_zone="Europe/Minsk") == "5 June 2019, 02:30"
    assert format_time(late, time_zone="UTC") == "23:30"


@pytest.mark.parametrize(
    ("ends_at", "shown"),
    [
        (None, "4 June 2019"),
        (datetime(2019, 6, 4, 20, tzinfo=UTC), "4 June 2019"),
        (datetime(2019, 6, 6, tzinfo=UTC), "4–6 June 2019"),
        (datetime(2019, 7, 1, tzinfo=UTC), "4 June – 1 July 2019"),
        (datetime(2020, 1, 1, tzinfo=UTC), "4 June 2019 – 1 January 2020"),
    ],
)
def test_day_range(ends_at: datetime | None, shown: str) -> None:
    given_range = format_day_range(SCRUM, ends_at, language="en", time_zone="Europe/Minsk")
    assert given_range == shown


def test_day_range_in_russian_and_belarusian() -> None:
    ends_at = datetime(2019, 7, 1, tzinfo=UTC)
    ru = format_day_range(SCRUM, ends_at, language="ru", time_zone="UTC")
    be = format_day_range(SCRUM, ends_at, language="be", time_zone="UTC")
    assert plain(ru) == "4 июня – 1 июля 2019 г."
    assert plain(be) == "4 чэрвеня – 1 ліпеня 2019 г."


@given(st.floats(min_value=0, max_value=10**6, allow_nan=False))
def test_a_clock_never_runs_ahead(seconds: float) -> None:
    hours, minutes, whole = (int(part) for part in format_clock(seconds).split(":"))
    shown = hours * 3600 + minutes * 60 + whole
    assert shown <= seconds < shown + 1
    assert minutes < 60
    assert whole < 60


def test_numbers() -> None:
    assert format_number(12345, language="en") == "12,345"
    assert format_number(1.5, language="ru") == "1,5"
