"""Dates, times and numbers as readers of each page language write them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel import dates, numbers

LOCALE_NAMES = {"en": "en_GB", "ru": "ru_RU", "be": "be_BY"}
"""English as Europe writes it: the day before the month, and 24 hours."""


def format_instant(instant: datetime, *, language: str, time_zone: str) -> str:
    """`4 June 2019, 10:00`, as the clocks of that zone show it."""
    local = instant.astimezone(ZoneInfo(time_zone))
    return f"{format_day(local, language=language, time_zone=time_zone)}, {local:%H:%M}"


def format_time(instant: datetime, *, time_zone: str) -> str:
    """`10:00`"""
    return f"{instant.astimezone(ZoneInfo(time_zone)):%H:%M}"


def format_day(instant: datetime, *, language: str, time_zone: str) -> str:
    """`4 June 2019`"""
    local = instant.astimezone(ZoneInfo(time_zone))
    return dates.format_date(local.date(), "long", locale=LOCALE_NAMES[language])


def format_day_range(
    starts_at: datetime, ends_at: datetime | None, *, language: str, time_zone: str
) -> str:
    """`4–6 June 2019`, or a single day."""
    zone = ZoneInfo(time_zone)
    first = starts_at.astimezone(zone).date()
    last = ends_at.astimezone(zone).date() if ends_at else first
    locale = LOCALE_NAMES[language]
    whole = dates.format_date(max(first, last), "long", locale=locale)
    if last <= first:
        return whole
    if (first.year, first.month) == (last.year, last.month):
        # CLDR has ranges with short months only; all our languages put the day first.
        return f"{first.day}–{whole}"
    if first.year == last.year:
        return f"{dates.format_skeleton('MMMMd', first, locale=locale)} – {whole}"
    return f"{dates.format_date(first, 'long', locale=locale)} – {whole}"


def format_zone_place(time_zone: str, *, language: str) -> str:
    """`Minsk`"""
    return dates.get_timezone_location(
        ZoneInfo(time_zone), locale=LOCALE_NAMES[language], return_city=True
    )


def format_zone_offset(instant: datetime, *, time_zone: str) -> str:
    """`UTC+3`, as it is at that instant."""
    offset = instant.astimezone(ZoneInfo(time_zone)).utcoffset()
    minutes = round(offset.total_seconds() / 60) if offset else 0
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def format_clock(seconds: float) -> str:
    """`01:02:03`; parts of a second are dropped, so that the clock never runs ahead."""
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole % 3600 // 60:02}:{whole % 60:02}"


def format_tenths(value: float, *, language: str) -> str:
    """`7.0`, `−23.1`"""
    written: str = numbers.format_decimal(value, format="#,##0.0", locale=LOCALE_NAMES[language])
    return written.replace("-", "−")


def format_number(value: float, *, language: str) -> str:
    return numbers.format_decimal(value, locale=LOCALE_NAMES[language])
