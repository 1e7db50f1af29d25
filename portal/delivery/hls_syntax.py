"""Lines of HLS playlists; pure. https://www.rfc-editor.org/rfc/rfc8216#section-4"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

VERSION = 7
"""EXT-X-MAP outside of I-frame playlists needs 6 (RFC 8216, 7); fMP4 players expect 7."""
DECIMALS = 6


def head() -> list[str]:
    """What every playlist of ours begins with."""
    return ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]


def attribute_line(name: str, attributes: Mapping[str, str | None]) -> str:
    listed = ",".join(f"{key}={value}" for key, value in attributes.items() if value is not None)
    return f"#{name}:{listed}"


def quoted(value: str) -> str:
    """A quoted string has no way to hold a quote or a line end (RFC 8216, 4.1 and 4.2)."""
    return '"' + re.sub(r'["\x00-\x1f\x7f-\x9f\u2028\u2029]', "", value) + '"'


def duration_line(seconds: float) -> str:
    return f"#EXTINF:{rounded(seconds):.{DECIMALS}f},"


def date_line(starts_at: datetime) -> str:
    """When the first sample of the segment below was recorded (RFC 8216, 4.3.2.6)."""
    return f"#EXT-X-PROGRAM-DATE-TIME:{starts_at.isoformat(timespec='milliseconds')}"


def rounded(seconds: float) -> float:
    return round(seconds, DECIMALS)


def target_seconds(durations: Iterable[float]) -> int:
    """No segment may be longer once rounded to the nearest second (RFC 8216, 4.3.3.1)."""
    return max(1, math.floor(rounded(max(durations, default=0.0)) + 0.5))


def as_text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
