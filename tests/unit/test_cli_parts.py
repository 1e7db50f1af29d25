"""Small rules of single commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from portal.cli.config import MASK, setting_rows, shown
from portal.cli.events import checked_title, in_zone, read_instant, read_release
from portal.cli.failures import UsageError
from portal.cli.main import refuse_garbled
from portal.cli.search import clock
from portal.cli.serve import public_address
from portal.cli.users import checked_role
from portal.cli.worker import checked_lanes
from portal.settings import Settings
from portal.visibility import Role


def test_a_secret_setting_is_masked() -> None:
    rows = {
        row.name: row for row in setting_rows(Settings(database_url=SecretStr("postgres://x:y@z")))
    }

    assert rows["PORTAL_DATABASE_URL"].value == MASK
    assert rows["PORTAL_DATABASE_URL"].default == ""


def test_every_setting_has_a_meaning() -> None:
    assert all(row.help for row in setting_rows(Settings()))


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (("a", "b"), "a,b"), (True, "true"), (5, "5")]
)
def test_values_are_shown_as_one_would_write_them(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("base_url", "host", "address"),
    [
        (None, "127.0.0.1", "http://127.0.0.1:8000"),
        (None, "::", "http://127.0.0.1:8000"),
        (None, "::1", "http://[::1]:8000"),
        ("https://press.example.org", "127.0.0.1", "https://press.example.org"),
    ],
)
def test_the_address_that_is_printed(base_url: str | None, host: str, address: str) -> None:
    assert public_address(Settings(base_url=base_url), host=host, port=8000) == address


def test_a_release_without_offset_is_in_the_events_time_zone() -> None:
    zone = ZoneInfo("Europe/Minsk")

    assert read_instant("2019-06-04T14:00", zone=zone) == datetime(2019, 6, 4, 11, tzinfo=UTC)
    assert read_instant("2019-06-04T14:00+01:00", zone=zone) == datetime(
        2019, 6, 4, 14, tzinfo=timezone(timedelta(hours=1))
    )


def test_a_release_that_is_past_is_refused() -> None:
    zone = ZoneInfo("Europe/Minsk")
    just_now = datetime.now(UTC) - timedelta(seconds=30)

    assert read_release(just_now.isoformat(), zone=zone) == just_now
    assert read_release("2190-06-04T14:00", zone=zone) > just_now
    with pytest.raises(UsageError, match=r"^2019-06-04 14:00\+03:00 is past; leave --at out"):
        read_release("2019-06-04T14:00", zone=zone)


def test_an_instant_is_shown_in_the_events_time_zone_with_its_offset() -> None:
    instant = datetime(2019, 6, 4, 11, tzinfo=UTC)

    assert in_zone(instant, ZoneInfo("Europe/Minsk")) == "2019-06-04 14:00+03:00"
    assert in_zone(instant, UTC) == "2019-06-04 11:00+00:00"


@pytest.mark.parametrize("text", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_release_far_from_our_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="not in the years from 1900 to 2200"):
        read_instant(text, zone=UTC)


@pytest.mark.parametrize("title", ["", " ", "a\0b", "\x1b[2J", "t" * 301])
def test_titles_that_nobody_could_read_are_wrong_usage(title: str) -> None:
    with pytest.raises(UsageError, match=r"^--title "):
        checked_title(title)


def test_names_of_files_alone_may_be_other_than_text() -> None:
    refuse_garbled(["ingest", "caf\udce9.mp4"])
    refuse_garbled([])
    with pytest.raises(UsageError, match="is not text"):
        refuse_garbled(["search", "caf\udce9"])


def test_what_is_no_time_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="'soon' is no time"):
        read_instant("soon", zone=UTC)


def test_lanes_are_named_with_commas() -> None:
    assert checked_lanes(" media,light ") == ["media", "light"]
    assert checked_lanes("") == []
    with pytest.raises(UsageError, match="media, light, index"):
        checked_lanes("media,heavy")


def test_roles() -> None:
    assert checked_role("editor") is Role.EDITOR
    with pytest.raises(UsageError):
        checked_role("anonymous")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00:00.000"),
        (4.1, "00:00:04.100"),
        (59.9996, "00:01:00.000"),
        (7325.5, "02:02:05.500"),
    ],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@given(st.floats(min_value=0, max_value=359_999))
def test_the_clock_is_never_further_off_than_half_a_millisecond(seconds: float) -> None:
    hours, minutes, rest = clock(seconds).split(":")

    assert abs(int(hours) * 3600 + int(minutes) * 60 + float(rest) - seconds) <= 0.00051
