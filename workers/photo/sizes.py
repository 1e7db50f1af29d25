"""The sizes of a photo that are shown: upright JPEG files with nothing in them but the picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from PIL import Image

from workers.photo.models import SIDES, Size, size_name
from workers.photo.picture import fitted

QUALITY = 82


def wanted_sides(longest: int) -> list[int]:
    """Sides for a photo whose longest is `longest`: all that are smaller, and one that shows all
    of it, so that a small photo is neither enlarged nor lost.
    """
    return [SIDES[0], *(side for smaller, side in pairwise(SIDES) if smaller < longest)]


def write_sizes(pixels: Image.Image, folder: Path) -> Iterator[Size]:
    """Write each size into `folder`, largest first, each out of the one before."""
    for side in reversed(wanted_sides(max(pixels.size))):
        pixels = fitted(pixels, side)
        _write(pixels, folder / size_name(side))
        yield Size(size_name(side), *pixels.size)


def _write(pixels: Image.Image, path: Path) -> None:
    # A new image: `info` of the old one holds comments, EXIF and profiles that savers may copy.
    bare = Image.frombytes("RGB", pixels.size, pixels.tobytes())
    bare.save(path, "JPEG", quality=QUALITY, progressive=True, exif=b"")
