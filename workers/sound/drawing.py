"""The waveform as a PNG: light bars on nothing, the same bytes for the same numbers."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from workers.sound.waveform import FULL_SCALE, Waveform, columns

WIDTH, HEIGHT = 1800, 140
"""Both even, the width a multiple of 8."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ONE_BIT, _PALETTE = 1, 3
_COLOURS = b"\xff\xff\xff" * 2
_OPACITIES = b"\x00\xff"
"""Of the two colours: nothing, and white."""
_UNFILTERED = b"\x00"


def waveform_png(waveform: Waveform) -> bytes:
    """A picture of two colours (PNG specification, 11.2), a pixel for each bit."""
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, _ONE_BIT, _PALETTE, 0, 0, 0)
    rows = b"".join(_UNFILTERED + row for row in _rows(waveform))
    chunks = {
        b"IHDR": head,
        b"PLTE": _COLOURS,
        b"tRNS": _OPACITIES,
        b"IDAT": zlib.compress(rows, 9),
        b"IEND": b"",
    }
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks.items())


def _rows(waveform: Waveform) -> Iterator[bytes]:
    """Every column is a bar around the middle; silence is a line of two pixels."""
    half = HEIGHT // 2
    bars = [max(1, round(peak * half / FULL_SCALE)) for peak in columns(waveform, WIDTH)]
    for row in range(HEIGHT):
        distance = half - row if row < half else row - half + 1
        bits = "".join("1" if bar >= distance else "0" for bar in bars)
        yield int(bits, 2).to_bytes(WIDTH // 8, "big")


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
