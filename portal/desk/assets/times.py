"""A time in a recording, as editors write it: pure."""

from __future__ import annotations

import re

from portal.errors import InvalidInput
from portal.web.i18n import msg

BAD_TIME = msg("Write a time as seconds, or as hours, minutes and seconds: 62.5 or 00:01:02.5.")
BEYOND_THE_END = msg("The recording is not that long.")
_TIME = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,6}(?:[.,]\d{1,9})?)", re.ASCII)


def read_time(given: str, *, field: str) -> float:
    """`62.5`, `1:02.5`, `00:01:02,5` -> 62.5. Raises InvalidInput."""
    match = _TIME.fullmatch(given.strip())
    if match is None:
        raise InvalidInput(BAD_TIME, fields={field: BAD_TIME})
    hours, minutes, seconds = match.groups()
    return (int(hours or 0) * 60 + int(minutes or 0)) * 60 + float(seconds.replace(",", "."))


def check_is_within(at_seconds: float, duration_seconds: float | None, *, field: str) -> None:
    """Of a recording whose length is not known nothing is refused. Raises InvalidInput."""
    if duration_seconds is not None and at_seconds >= duration_seconds:
        raise InvalidInput(BEYOND_THE_END, fields={field: BEYOND_THE_END})
