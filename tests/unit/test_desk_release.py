"""When an editor asks for an event to be published."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.desk.pages import check_is_ahead, release_instant
from portal.errors import InvalidInput

NOW = datetime(2024, 5, 6, 7, 0, tzinfo=UTC)


def test_an_instant_is_on_the_clocks_of_the_event() -> None:
    assert release_instant("2024-05-06T10:00", time_zone="Europe/Minsk") == NOW


@pytest.mark.parametrize("given", ["tomorrow", "2024-13-01T10:00"])
def test_what_is_no_instant_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput, match="not a date and time"):
        release_instant(given, time_zone="Europe/Minsk")


def test_a_past_instant_is_refused_but_not_the_minute_under_way() -> None:
    check_is_ahead(NOW + timedelta(days=1), now=NOW)
    check_is_ahead(NOW - timedelta(seconds=59), now=NOW)
    with pytest.raises(InvalidInput, match="past"):
        check_is_ahead(NOW - timedelta(seconds=61), now=NOW)
