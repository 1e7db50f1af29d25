"""The one table of what the portal makes of an asset: names and media types of its files.

Those of uploads are read from their bytes, in `portal.uploads.sniff`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
SEGMENT_TYPE = "video/iso.segment"
JPEG_TYPE = "image/jpeg"
WEBP_TYPE = "image/webp"
UNKNOWN_TYPE = "application/octet-stream"

INIT = "init.mp4"
"""The initialisation segment of a recording's rendition."""

_SEGMENT = re.compile(r"(?P<place>.*/|)(?P<number>[0-9]{5,9})(-[0-9]{1,9})?\.m4s")
_TYPE_BY_ENDING: Mapping[str, str] = {
    "mp4": "video/mp4",
    "m4a": "audio/mp4",
    "m4s": SEGMENT_TYPE,
    "jpg": JPEG_TYPE,
    "webp": WEBP_TYPE,
    "png": "image/png",
    "vtt": "text/vtt",
    "json": "application/json",
}


def segment_name(number: int, *, tries: int = 1) -> str:
    """They count from 1. A later try at a chunk never writes where an earlier one still may."""
    return f"{number:05d}.m4s" if tries == 1 else f"{number:05d}-{tries:d}.m4s"


def hls_files(segment_files: Sequence[str]) -> tuple[str, ...]:
    """All files of a rendition: the initialisation segment, then the others in order."""
    return (INIT, *segment_files)


def same_segment(key: str, *, tries: int) -> str | None:
    """The key under which that try at its chunk stores the segment; None for what is no segment."""
    found = _SEGMENT.fullmatch(key)
    return found["place"] + segment_name(int(found["number"]), tries=tries) if found else None


def stored_files(key: str, segment_files: Sequence[str] | None) -> tuple[str, ...]:
    """The keys of all objects of a rendition, whose `key` may be a prefix."""
    if segment_files is None:
        return (key,)
    return tuple(key + name for name in hls_files(segment_files))


def media_type_of(name: str) -> str:
    """Of a file that the portal has made, by its name or key."""
    return _TYPE_BY_ENDING.get(name.rpartition(".")[2], UNKNOWN_TYPE)
