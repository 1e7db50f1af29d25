"""How long the sound of a WAV file should be by its own head: pure.

ffmpeg goes by the size of the file, so that one that was cut off looks whole to it.
https://tech.ebu.ch/docs/tech/tech3306v1_1.pdf (RF64, for more than 4 GB)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

from workers.video.probe import Probe
from workers.video.raw_values import seconds

CONTAINER = "wav"
HEAD_BYTES = 64 * 1024
"""The chunks that broadcasters put before the sound take a few kilobytes."""
_HEAD = struct.Struct("<4sI")
_SIZE_LIMITS = (1 << 31, 1 << 32)
_NEAR_LIMIT_BYTES = 64 * 1024
"""Who writes before he knows how long it will be states nothing, or nearly as much as fits."""
_BYTE_RATE_AT = 8
_LARGE_SIZE_AT = 8


def with_stated_duration(found: Probe, head: bytes) -> Probe:
    """What a WAV file that begins with `head` promises, where less of it is there.

    Only of samples as they are: what is compressed has no rate that its head could tell.
    """
    is_plain = all(stream.codec.startswith("pcm_") for stream in found.audio_streams)
    stated = stated_seconds(head) if is_plain else None
    if stated is None or stated <= (found.duration_seconds or 0.0):
        return found
    return replace(
        found,
        duration_seconds=stated,
        is_duration_estimated=False,
        audio_streams=tuple(replace(s, duration_seconds=stated) for s in found.audio_streams),
    )


def stated_seconds(head: bytes) -> float | None:
    """None when it says nothing, or is no WAV file."""
    if head[:4] not in {b"RIFF", b"RF64"} or head[8:12] != b"WAVE":
        return None
    chunks = dict(_chunks(head))
    try:
        (byte_rate,) = struct.unpack_from("<I", chunks[b"fmt "][1], _BYTE_RATE_AT)
        size_bytes, _ = chunks[b"data"]
        if _is_open(size_bytes):
            (size_bytes,) = struct.unpack_from("<Q", chunks[b"ds64"][1], _LARGE_SIZE_AT)
    except (KeyError, struct.error):
        return None
    return seconds(size_bytes / byte_rate) if byte_rate else None


def _is_open(size_bytes: int) -> bool:
    return not size_bytes or any(
        limit - _NEAR_LIMIT_BYTES <= size_bytes <= limit for limit in _SIZE_LIMITS
    )


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
