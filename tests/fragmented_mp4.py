"""Fragmented MP4 as ffmpeg writes it, built box by box for tests."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

NOT_A_KEY_FRAME = 0x01010000
KEY_FRAME = 0x02000000


@dataclass(frozen=True)
class Sample:
    size_bytes: int = 10
    duration: int = 1
    shift: int = 0


def box(kind: str, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", len(content) + 8, kind.encode()) + content


def full_box(kind: str, *contents: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *contents)


def init_of(*tracks: bytes) -> bytes:
    trex = [
        full_box("trex", struct.pack(">5I", number, 1, 0, 0, 0))
        for number in range(1, len(tracks) + 1)
    ]
    return box("ftyp", b"iso5\0\0\2\0") + box("moov", *tracks, box("mvex", *trex))


def track(number: int = 1, *, timescale: int = 1000, begins_at: int = 0) -> bytes:
    header = full_box("tkhd", struct.pack(">3I", 0, 0, number))
    edits = full_box("elst", struct.pack(">IIiI", 1, 0, begins_at, 1 << 16))
    clock = full_box("mdhd", struct.pack(">3I", 0, 0, timescale))
    return box("trak", header, box("edts", edits), box("mdia", clock))


def fragment(
    samples: Sequence[Sample],
    *,
    decode_time: int,
    track_number: int = 1,
    flags: int = KEY_FRAME,
    sequence_number: int = 1,
    short_time: bool = False,
) -> bytes:
    """A moof of one track with its mdat; the first sample is a key frame unless `flags` differ."""
    table = b"".join(struct.pack(">IIi", s.duration, s.size_bytes, s.shift) for s in samples)
    length = 8 + 16 + 8 + (8 + 12) + (8 + 8 if short_time else 8 + 12) + (8 + 16 + len(table))
    head = full_box("tfhd", struct.pack(">II", track_number, NOT_A_KEY_FRAME), flags=0x20020)
    time = struct.pack(">I" if short_time else ">Q", decode_time)
    decode = full_box("tfdt", time, version=0 if short_time else 1)
    run_head = struct.pack(">IiI", len(samples), length + 8, flags)
    run = full_box("trun", run_head, table, flags=0xB05)
    number = full_box("mfhd", struct.pack(">I", sequence_number))
    moof = box("moof", number, box("traf", head, decode, run))
    assert len(moof) == length
    return moof + box("mdat", bytes(sum(s.size_bytes for s in samples)))


def ending() -> bytes:
    return box("mfra", full_box("mfro", struct.pack(">I", 24)))


def file_of(*fragments: bytes, init: bytes | None = None) -> bytes:
    return b"".join([init_of(track()) if init is None else init, *fragments, ending()])
