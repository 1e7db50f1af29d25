"""The blurred stand-in of a photo, from its pixels."""

from __future__ import annotations

from PIL import Image

from portal.assets.blurhash import Colour, encoded

SIDE = 32
"""Pixels looked at along the longer side; more would not change the hash."""
WAVES, WAVES_ON_SHORT_SIDE = 4, 3


def placeholder_of(pixels: Image.Image) -> str:
    small = pixels.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    data = small.tobytes()
    row_bytes = 3 * small.width
    rows = [
        [_colour(data, at) for at in range(start, start + row_bytes, 3)]
        for start in range(0, len(data), row_bytes)
    ]
    is_wide = small.width >= small.height
    across, down = (WAVES, WAVES_ON_SHORT_SIDE) if is_wide else (WAVES_ON_SHORT_SIDE, WAVES)
    return encoded(rows, across=across, down=down)


def _colour(data: bytes, at: int) -> Colour:
    return data[at], data[at + 1], data[at + 2]
