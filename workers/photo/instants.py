"""When a photo was taken, out of the ways in which EXIF, XMP and IPTC write it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

EARLIEST = datetime(1826, 1, 1, tzinfo=UTC)
"""The oldest photograph that is left is of 1826 or 1827."""
LATEST_AHEAD = timedelta(days=1)
"""A clock may run ahead, and a time without a zone may be up to 14 hours off."""

SATELLITES_OFF_SECONDS_MAX = 120
"""How far a camera's clock may be from that of the satellites, but for the zone."""
_HALF_HOUR, _QUARTER_HOUR = 1800, 900
_OFFSETS = range(-12 * 3600, 14 * 3600 + 1, _HALF_HOUR)
_ODD_OFFSETS = frozenset(
    hours * 3600 + 3 * _QUARTER_HOUR for hours in (5, 8, 12, 13)
)  # Nepal, Eucla, the Chatham Islands

_DATE = r"([0-9]{4})[-:/.]?([0-9]{2})[-:/.]?([0-9]{2})"
_TIME = r"([0-9]{2}):?([0-9]{2})(?::?([0-9]{2}))?(?:\.([0-9]{1,9}))?"
_ZONE = r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
_INSTANT = re.compile(rf"{_DATE}[ T]+{_TIME}\s*{_ZONE}")
_UNSET = re.compile(r"[0:\s/.TZ+-]*")


def is_unset(text: str) -> bool:
    """Whether it is how cameras write "unknown": zeros or blanks between the separators."""
    return _UNSET.fullmatch(text) is not None


def parse_instant(text: str) -> datetime | None:
    """An instant, naive when no zone is given; None when it is no date with a time."""
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        return None
    *numbers, fraction, zone = match.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    microsecond = int((fraction or "0").ljust(6, "0")[:6])
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=_zone(zone))
    except ValueError:
        return None


def is_possible(instant: datetime, *, now: datetime) -> bool:
    """Whether a camera can have taken a photo then."""
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return EARLIEST <= instant <= now + LATEST_AHEAD


def zone_by_satellites(shown: datetime, utc: datetime) -> timedelta | None:
    """The offset of the zone that a clock was set to; None when both do not fit together.

    Satellites' times are some seconds older than the photo, so only whole zones can be told.
    """
    apart = (shown - utc.replace(tzinfo=None)).total_seconds()
    offset = round(apart / _QUARTER_HOUR) * _QUARTER_HOUR
    is_zone = offset in _OFFSETS or offset in _ODD_OFFSETS
    if not is_zone or abs(apart - offset) > SATELLITES_OFF_SECONDS_MAX:
        return None
    return timedelta(seconds=offset)


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
