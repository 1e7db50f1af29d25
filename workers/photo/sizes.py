"""The sizes of a photo that are shown: upright files with nothing in them but the picture.

Settings and what they cost: docs/decisions/0025-photo-sizes.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image

from workers.photo.models import ENDINGS, JPEG, SIDES, WEBP, Size, size_name
from workers.photo.picture import fitted

SAVED_AS: Mapping[str, Mapping[str, Any]] = {
    # Not progressive: a sixth of the time, for 8 % more bytes of what few browsers still fetch.
    JPEG: {"format": "JPEG", "quality": 85},
    # Less than half the time of the default method 4, for 6 % more bytes.
    WEBP: {"format": "WEBP", "quality": 80, "method": 2},
}
_ENCODERS = 2
"""At once: libjpeg and libwebp work outside of Python's lock."""


def wanted_sides(longest: int) -> list[int]:
    """Sides for a photo whose longest is `longest`: all that are smaller, and one that shows all
    of it, so that a small photo is neither enlarged nor lost.
    """
    return [SIDES[0], *(side for smaller, side in pairwise(SIDES) if smaller < longest)]


def write_sizes(pixels: Image.Image, folder: Path) -> list[Size]:
    """Write each size into `folder`, largest first, each out of the one before."""
    with ThreadPoolExecutor(_ENCODERS) as encoders:
        # A list first: the next size is made while the one before is written.
        writes = [
            encoders.submit(_write, made, folder / size_name(side, ending), SAVED_AS[ending])
            for side, made in _shrunk(pixels)
            for ending in ENDINGS
        ]
        return [write.result() for write in writes]


def _shrunk(pixels: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    for side in reversed(wanted_sides(max(pixels.size))):
        pixels = fitted(pixels, side)
        yield side, pixels


def _write(pixels: Image.Image, path: Path, saved_as: Mapping[str, Any]) -> Size:
    # A new image: `info` of the old one holds comments, EXIF and profiles that savers may copy.
    bare = Image.new("RGB", pixels.size)
    bare.paste(pixels)
    bare.save(path, **saved_as, exif=b"")
    return Size(path.name, *bare.size)
