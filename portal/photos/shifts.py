"""How a correction of a clock is written: pure."""

from __future__ import annotations

import re

_SHIFT = re.compile(r"([+-]?)([0-9]{1,6}):([0-5][0-9])(?::([0-5][0-9]))?")


def read_shift(text: str) -> int | None:
    """`+01:00:00` or `-0:02` in seconds; None for what is no shift."""
    match = _SHIFT.fullmatch(text.replace("\N{MINUS SIGN}", "-"))
    if match is None:
        return None
    sign, hours, minutes, seconds = match.groups()
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
    return -total if sign == "-" else total


def shift_text(seconds: int) -> str:
    """`+01:00:00`; nothing for a clock that is right."""
    if seconds == 0:
        return ""
    minutes, left = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{minutes:02}:{left:02}"
