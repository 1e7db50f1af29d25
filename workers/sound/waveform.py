"""The waveform of a sound track, as numbers and as a picture: pure.

`waveform.json` is {"version": 1, "seconds_per_point": 0.1, "peaks": [0, 17, 255, …]}: the loudest
sample of each stretch, whichever channel it is in, 255 being full scale.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

VERSION = 1
FULL_SCALE = 255
POINTS_MAX = 4000
"""Two for each pixel of a wide window, whatever the length of the recording."""
STRETCH_SECONDS = 0.1
"""How much sound ffmpeg measures at a time."""
PEAK_KEY = "lavfi.astats.Overall.Peak_level"
"""The name of the peak, in dB of full scale, that `astats` gives to each stretch."""


@dataclass(frozen=True)
class Waveform:
    seconds_per_point: float
    peaks: tuple[int, ...]


def read_waveform(lines: Iterable[bytes]) -> Waveform:
    """From what `ametadata` has printed of every stretch. Its memory is bounded.

    Whenever there are too many points, each two become one.
    """
    peaks: list[int] = []
    stretches_per_point = 1
    loudest = count = 0
    for line in lines:
        peak = _peak(line)
        if peak is None:
            continue
        loudest, count = max(loudest, peak), count + 1
        if count < stretches_per_point:
            continue
        peaks.append(loudest)
        loudest = count = 0
        if len(peaks) == POINTS_MAX:
            peaks = [max(pair) for pair in zip(peaks[::2], peaks[1::2], strict=True)]
            stretches_per_point *= 2
    if count:
        peaks.append(loudest)
    return Waveform(round(stretches_per_point * STRETCH_SECONDS, 3), tuple(peaks))


def waveform_json(waveform: Waveform) -> bytes:
    fields = {
        "version": VERSION,
        "seconds_per_point": waveform.seconds_per_point,
        "peaks": waveform.peaks,
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def columns(waveform: Waveform, count: int) -> Sequence[int]:
    """The loudest of every column of a picture that is `count` columns wide."""
    peaks = waveform.peaks
    if not peaks:
        return [0] * count
    bounds = [column * len(peaks) / count for column in range(count + 1)]
    return [
        max(peaks[math.floor(start) : max(math.floor(start) + 1, math.ceil(end))])
        for start, end in pairwise(bounds)
    ]


def _peak(line: bytes) -> int | None:
    """0 to 255 from a line that tells a peak; silence is "-inf" dB."""
    name, _, value = line.partition(b"=")
    if name.strip() != PEAK_KEY.encode():
        return None
    try:
        decibels = float(value)
    except ValueError:
        return None
    if math.isnan(decibels):
        return 0
    return round(FULL_SCALE * 10 ** (min(0.0, decibels) / 20))
