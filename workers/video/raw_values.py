"""Reads single values of ffprobe's JSON: pure; nonsense becomes None, never an error."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

Raw = Mapping[str, Any]

TEXT_LENGTH_MAX = 200
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
DURATION_SECONDS_MAX = 30 * 24 * 3600
_COUNT_MAX = 1 << 31
_WORD = re.compile(r"[A-Za-z0-9_.,()+ -]{1,64}")
_UNSAID = frozenset({"unknown", "unspecified", "reserved", "N/A"})


def number(value: object) -> float | None:
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def seconds(value: object) -> float | None:
    """A duration that a recording can have."""
    found = number(value)
    return found if found is not None and 0 < found < DURATION_SECONDS_MAX else None


def count(value: object) -> int:
    """0 for what is none. ffprobe writes some of them as text."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,10}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 < value < _COUNT_MAX else 0


def ratio(value: object, *, separator: str) -> Fraction | None:
    """Never one of 0: what has no extent has no ratio either."""
    if not isinstance(value, str) or not re.fullmatch(rf"\d{{1,12}}{separator}\d{{1,12}}", value):
        return None
    above, below = (int(part) for part in value.split(separator))
    return Fraction(above, below) if above and below else None


def word(value: object) -> str | None:
    """One of ffmpeg's own names, such as "yuv420p" or "5.1(side)"."""
    if not isinstance(value, str) or not _WORD.fullmatch(value) or value in _UNSAID:
        return None
    return value


def text(value: object) -> str | None:
    """What a person wrote, on one line and not too long."""
    if not isinstance(value, str):
        return None
    shown = "".join(letter if letter.isprintable() else " " for letter in value)
    return " ".join(shown.split())[:TEXT_LENGTH_MAX] or None


def language(value: object) -> str | None:
    is_known = isinstance(value, str) and LANGUAGE.fullmatch(value) is not None
    return str(value) if is_known and value != "und" else None


def instant(value: object) -> datetime | None:
    """A moment with its offset, which is UTC where none is written."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def mapping(raw: Raw, key: str) -> Raw:
    value = raw.get(key)
    return value if isinstance(value, Mapping) else {}


def mappings(raw: Raw, key: str) -> list[Raw]:
    value = raw.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
