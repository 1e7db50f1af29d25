"""Reads the loudness that ffmpeg's `ebur128` has measured (EBU R 128): pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

ABSOLUTE_GATE_LUFS = -70.0
"""Blocks below are left out (ITU-R BS.1770); where there are no others, `ebur128` says so much."""
_SUMMARY = "Summary:"
_NUMBER = r"\s{1,40}([-+]?(?:\d{1,6}(?:\.\d{1,6})?|inf|nan))"
_INTEGRATED = re.compile(rf"\bI:{_NUMBER} LUFS")
_RANGE = re.compile(rf"\bLRA:{_NUMBER} LU\b")
_TRUE_PEAK = re.compile(rf"True peak:\s{{1,40}}Peak:{_NUMBER} dBFS")


@dataclass(frozen=True)
class Loudness:
    """Of a whole sound track. None: it holds nothing that could be measured."""

    integrated_lufs: float | None = None
    range_lu: float | None = None
    true_peak_dbtp: float | None = None


def read_loudness(log: str) -> Loudness:
    """What the last summary in ffmpeg's log says.

    `ebur128` writes one whenever it ends, also when ffmpeg only tried how its filters fit.
    """
    _, found, summary = log.rpartition(_SUMMARY)
    integrated_lufs = _number(_INTEGRATED, summary) if found else None
    if integrated_lufs is None or integrated_lufs <= ABSOLUTE_GATE_LUFS:
        return Loudness()
    return Loudness(
        integrated_lufs=integrated_lufs,
        range_lu=_number(_RANGE, summary),
        true_peak_dbtp=_number(_TRUE_PEAK, summary),
    )


def _number(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    value = float(found[1]) if found else math.nan
    return value if math.isfinite(value) else None
