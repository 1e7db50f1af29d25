"""What is known of a photo once it was read: what the two sides of the sandbox agree on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.assets.models import PhotoMetadata

SIDES = (320, 800, 1600)
"""Longest sides, in pixels, of the sizes that are made."""


def size_name(side: int) -> str:
    return f"photo-{side}.jpg"


@dataclass(frozen=True)
class Size:
    """A file in the output folder."""

    name: str
    width: int
    height: int


@dataclass(frozen=True)
class PhotoReading:
    """`width` and `height` are those of the whole upright photo; `captured_at` is naive when the
    photo names no zone; `is_cut` means that part of the picture is missing.
    """

    metadata: PhotoMetadata
    captured_at: datetime | None
    width: int
    height: int
    is_cut: bool
    notes: tuple[str, ...]
    sizes: tuple[Size, ...]
