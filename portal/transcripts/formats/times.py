"""Times of cues, read as tolerantly as players do, and written as WebVTT and SubRip want them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TIME = (
    r"([-−]?)\s?(?:([0-9]{1,4})\s?:\s?)?([0-9]{1,3})\s?:\s?([0-9]{1,2})"
    r"(?:\s?[.,]\s?([0-9]{1,9}))?"
)
_ARROW = r"\s*(?:-\s?-?|[–—])\s?>\s*"
_TIMING = re.compile(rf"\s*{_TIME}{_ARROW}{_TIME}(?![0-9:])")
_LOOKS_LIKE_TIMING = re.compile(r"\s*[-−]?[0-9]{1,4}\s?[:.,].*(?:--|[–—])\s?>")


@dataclass(frozen=True)
class Span:
    """A start and an end in milliseconds; either may be wrong."""

    start_ms: int
    end_ms: int


def find_timing(line: str) -> Span | None:
    """The span on a line such as `00:00:04,5 --> 00:00:07 align:start`; None when it has none."""
    match = _TIMING.match(line)
    if match is None:
        return None
    groups = match.groups()
    return Span(_signed(*groups[:5]), _signed(*groups[5:]))


def is_timing(line: str) -> bool:
    """Whether the line was surely meant as a timing, readable or not."""
    return find_timing(line) is not None or _LOOKS_LIKE_TIMING.match(line) is not None


def vtt_time(milliseconds: int) -> str:
    """`3725004` -> `01:02:05.004`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def milliseconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> int:
    # A short fraction is a decimal fraction, as in ISO 8601: `,1` is a tenth of a second, not 1 ms.
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1000 + round(int((fraction or "0").ljust(9, "0")) / 1_000_000)


def _signed(sign: str, hours: str | None, minutes: str, seconds: str, fraction: str | None) -> int:
    value = milliseconds(hours, minutes, seconds, fraction)
    return -value if sign else value
