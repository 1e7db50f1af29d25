"""Whether a frame is worth showing, from what ffmpeg's `signalstats` measures: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

DARK_AVERAGE = 24.0
"""Of 255. White words on black have 15 to 30, pictures of places 100 to 150 (measured)."""
FLAT_SPREAD = 16.0
"""Between the darkest and the brightest tenth: an empty road has 31 (measured)."""
_VALUE = re.compile(
    r"^lavfi\.signalstats\.(YAVG|YLOW|YHIGH)=(\d{1,5}(?:\.\d{1,9})?)$", re.MULTILINE
)


@dataclass(frozen=True)
class Luma:
    """Brightness from 0 to 255: the average, and the borders of the outer tenths."""

    average: float
    low: float
    high: float

    @property
    def is_dull(self) -> bool:
        """Black, nearly so, or one colour all over."""
        return self.average < DARK_AVERAGE or self.spread < FLAT_SPREAD

    @property
    def spread(self) -> float:
        return self.high - self.low

    @property
    def worth(self) -> tuple[bool, float]:
        """To compare: something to be seen before anything else, then contrast."""
        return self.average >= DARK_AVERAGE, self.spread


def read_luma(printed: str) -> Luma | None:
    """Of the last frame that `metadata` has printed; None when it tells no such thing."""
    found = dict(_VALUE.findall(printed))
    if len(found) < len(("YAVG", "YLOW", "YHIGH")):
        return None
    return Luma(float(found["YAVG"]), float(found["YLOW"]), float(found["YHIGH"]))
