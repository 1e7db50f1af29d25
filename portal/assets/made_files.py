"""The one table of what the portal makes of an asset: names and media types of its files.

Those of uploads are read from their bytes, in `portal.uploads.sniff`.
"""

from __future__ import annotations

from collections.abc import Mapping

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
SEGMENT_TYPE = "video/iso.segment"
JPEG_TYPE = "image/jpeg"
UNKNOWN_TYPE = "application/octet-stream"

INIT = "init.mp4"
"""The initialisation segment of a recording's rendition."""

_TYPE_BY_ENDING: Mapping[str, str] = {"mp4": "video/mp4", "m4s": SEGMENT_TYPE, "jpg": JPEG_TYPE}


def segment_name(number: int) -> str:
    """They count from 1."""
    return f"{number:05d}.m4s"


def segment_names(count: int) -> tuple[str, ...]:
    """All files of a rendition: the initialisation segment, then the others in order."""
    return (INIT, *(segment_name(number) for number in range(1, count + 1)))


def media_type_of(name: str) -> str:
    """Of a file that the portal has made, by its name or key."""
    return _TYPE_BY_ENDING.get(name.rpartition(".")[2], UNKNOWN_TYPE)
