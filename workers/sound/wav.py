"""How long the sound of a WAV file should be by its own head: pure.

ffmpeg goes by the size of the file, so that one that was cut off looks whole to it.
https://tech.ebu.ch/docs/tech/tech3306v1_1.pdf (RF64, for more than 4 GB)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

CONTAINER = "wav"
HEAD_BYTES = 64 * 1024
"""The chunks that broadcasters put before the sound take a few kilobytes."""
_HEAD = struct.Struct("<4sI")
_OPEN_SIZES = frozenset({0, 0xFFFFFFFF})
"""What is written while nobody knows how long it will be."""
_BYTE_RATE_AT = 8
_LARGE_SIZE_AT = 8


def stated_seconds(head: bytes) -> float | None:
    """None when it says nothing, or is no WAV file."""
    if head[:4] not in {b"RIFF", b"RF64"} or head[8:12] != b"WAVE":
        return None
    chunks = dict(_chunks(head))
    try:
        (byte_rate,) = struct.unpack_from("<I", chunks[b"fmt "][1], _BYTE_RATE_AT)
        size_bytes, _ = chunks[b"data"]
        if size_bytes in _OPEN_SIZES:
            (size_bytes,) = struct.unpack_from("<Q", chunks[b"ds64"][1], _LARGE_SIZE_AT)
    except (KeyError, struct.error):
        return None
    return size_bytes / byte_rate if byte_rate else None


def _chunks(head: bytes) -> Iterator[tuple[bytes, tuple[int, bytes]]]:
    """Kind, stated size and content, as far as it is there, of each chunk up to the sound."""
    offset = 12
    while offset + _HEAD.size <= len(head):
        kind, size_bytes = _HEAD.unpack_from(head, offset)
        start = offset + _HEAD.size
        yield kind, (size_bytes, head[start : start + size_bytes])
        if kind == b"data":
            return
        offset = start + size_bytes + size_bytes % 2
