"""The codec strings of RFC 6381, read from the initialisation segment that ffmpeg wrote."""

from __future__ import annotations

from portal.errors import ToolFailed
from workers.hls.boxes import boxes, find

AAC_LC = "mp4a.40.2"
"""The only sound that our commands make."""
_STSD_HEAD_BYTES = 8
_VISUAL_ENTRY_BYTES = 78
"""Fixed fields of a VisualSampleEntry (ISO/IEC 14496-12, 12.1.3) before its boxes."""


def codecs_of(init: bytes) -> str:
    """Comma-separated codecs of every track, such as "avc1.64001f,mp4a.40.2"."""
    found = [
        _codec(kind, entry)
        for track in find(init, "moov", "trak")
        for table in find(track, "mdia", "minf", "stbl", "stsd")
        for kind, entry in boxes(table[_STSD_HEAD_BYTES:])
    ]
    if not found:
        raise ToolFailed("ffmpeg wrote an initialisation segment without tracks.")
    return ",".join(found)


def _codec(kind: str, entry: bytes) -> str:
    if kind == "mp4a":
        return AAC_LC
    if kind in {"avc1", "avc3"}:
        configuration = next(find(entry[_VISUAL_ENTRY_BYTES:], "avcC"), b"")
        if len(configuration) >= 4:
            # Profile, constraints and level stand in the record as the string wants them.
            return f"{kind}.{configuration[1:4].hex()}"
    raise ToolFailed(f"ffmpeg wrote a track of an unexpected kind ({kind}).")
