"""What is known of a photo once it was read: what the two sides of the sandbox agree on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.assets.models import PhotoMetadata
from portal.photos.models import PhotoClock, SeenCamera

SIDES = (320, 800, 1600, 2560)
"""Longest sides, in pixels, of the sizes that are made."""
JPEG, WEBP = "jpg", "webp"
ENDINGS = (JPEG, WEBP)
"""Every size is made in each: WebP is smaller, JPEG is read by everything."""


def size_name(side: int, ending: str) -> str:
    return f"photo-{side}.{ending}"


@dataclass(frozen=True)
class Size:
    """A file in the output folder."""

    name: str
    width: int
    height: int


@dataclass(frozen=True)
class PhotoReading:
    """`width` and `height` are those of the whole upright photo; `is_cut` means that part of the
    picture is missing.
    """

    metadata: PhotoMetadata
    clock: PhotoClock | None
    camera: SeenCamera | None
    width: int
    height: int
    is_cut: bool
    notes: tuple[str, ...]
    sizes: tuple[Size, ...]

    @property
    def captured_at(self) -> datetime | None:
        """By the camera's clock as it is; naive when the photo names no zone."""
        return None if self.clock is None else self.clock.read
