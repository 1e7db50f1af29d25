"""Which rungs a picture gets: pure, from its size and rate; never enlarged.

Why these heights and rates: docs/decisions/0004-ladder.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from workers.video.probe import VideoStream

SHORT_SIDES = (2160, 1440, 1080, 720, 480, 360, 240)
"""Those above `PORTAL_MAX_RUNG` are left out."""
LAST_RESORT_SHORT_SIDE = 144
"""Made only where there would be a single rung otherwise."""
SHORT_SIDE_MAX = 1080
"""What `PORTAL_MAX_RUNG` is when nobody sets it."""
LONG_SIDE_MAX = 4096
"""What hardware decoders of H.264 take."""
STEP_RATIO = Fraction(85, 100)
"""A rung nearer to the top one than this is not worth its bytes."""
FRAME_RATE_MAX = 60
REFERENCE_PIXELS = 1920 * 1080
REFERENCE_BITS_PER_PIXEL = 0.1
SMALL_PICTURE_EXPONENT = 0.16
"""Small pictures need more bits per pixel: their detail is coarser."""
FULL_COST_FRAME_RATE = 30
UNKNOWN_FRAME_RATE = 30
BITRATE_BPS_MIN = 100_000


@dataclass(frozen=True)
class Rung:
    """One size of a recording, named by its short side. Both sides are even."""

    name: str
    width: int
    height: int
    bitrate_bps_max: int


def ladder(source: VideoStream, *, short_side_max: int = SHORT_SIDE_MAX) -> tuple[Rung, ...]:
    """The rungs of `source`, largest first; the first has its own size, capped."""
    top = _top_short_side(source, short_side_max)
    worthwhile = STEP_RATIO * top
    sides = [top, *(side for side in SHORT_SIDES if side < worthwhile)]
    if len(sides) < 2 and worthwhile > LAST_RESORT_SHORT_SIDE:
        sides.append(LAST_RESORT_SHORT_SIDE)
    return tuple(_rung(source, side) for side in sides)


def preview_rung(rungs: tuple[Rung, ...]) -> Rung:
    """The one that is made fastest."""
    return rungs[-1]


def kept_rate(rate: Fraction) -> Fraction:
    """Every frame, or every second, third, … one when there are more than 60 per second."""
    return rate / math.ceil(rate / FRAME_RATE_MAX)


def is_rate_capped(source: VideoStream) -> bool:
    """Whether `source` shows more frames per second than we keep."""
    return source.frame_rate is not None and source.frame_rate > FRAME_RATE_MAX


def shown_frame_rate(source: VideoStream) -> float | None:
    return None if source.frame_rate is None else round(float(kept_rate(source.frame_rate)), 3)


def _top_short_side(source: VideoStream, short_side_max: int) -> int:
    short_side, long_side = sorted((source.width, source.height))
    fitting = Fraction(short_side * LONG_SIDE_MAX, max(long_side, LONG_SIDE_MAX))
    return min(_even(fitting), short_side_max)


def _rung(source: VideoStream, side: int) -> Rung:
    short_side, long_side = sorted((source.width, source.height))
    other = min(_even(Fraction(long_side * side, short_side)), LONG_SIDE_MAX)
    width, height = (other, side) if source.width >= source.height else (side, other)
    return Rung(f"{side}p", width, height, _bitrate_bps_max(width, height, source.frame_rate))


def _bitrate_bps_max(width: int, height: int, frame_rate: Fraction | None) -> int:
    pixels = width * height
    density: float = (
        REFERENCE_BITS_PER_PIXEL * (REFERENCE_PIXELS / pixels) ** SMALL_PICTURE_EXPONENT
    )
    rate = float(kept_rate(frame_rate or Fraction(UNKNOWN_FRAME_RATE)))
    # A frame above 30 per second repeats more of the one before it: it costs half.
    paid_rate = min(rate, FULL_COST_FRAME_RATE) + max(0.0, rate - FULL_COST_FRAME_RATE) / 2
    return max(BITRATE_BPS_MIN, round(pixels * density * paid_rate / 1000) * 1000)


def _even(pixels: Fraction) -> int:
    return max(1, int(pixels / 2 + Fraction(1, 2))) * 2
