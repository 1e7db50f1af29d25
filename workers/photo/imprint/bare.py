"""Whether a file is a picture of the size that is said, and nothing besides it.

The sandbox that wrote it may have been taken over by the photo that it read. What is handed out as
a picture without a past must be one: no segments or chunks of others, nothing after its end.
"""

from __future__ import annotations

import re
import struct

from workers.photo.models import Size

JFIF_BYTES = 20
"""Of what a JPEG begins with, which our own segments come after."""
WEBP_HEADER_BYTES = 12

_JFIF = b"\xff\xd8\xff\xe0\x00\x10JFIF\0"
_SEGMENT_HEADER_BYTES = 4
_FRAME, _SCAN = 0xC0, 0xDA
_PICTURE_SEGMENTS = frozenset({_FRAME, _SCAN, 0xC4, 0xDB, 0xDD})
"""Frame, scan, tables of Huffman codes, tables of quantisation, interval of restarts."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")
"""Within a scan: neither a byte of it nor a restart."""
_JPEG_END = b"\xff\xd9"

_WEBP_START = re.compile(rb"RIFF.{4}WEBPVP8 ", re.DOTALL)
_VP8_START = b"\x9d\x01\x2a"
"""https://www.rfc-editor.org/rfc/rfc6386#section-9.1"""
_VP8_SIDE = 0x3FFF
"""The two bits above say how it is to be scaled."""


def is_bare_jpeg(picture: bytes, size: Size) -> bool:
    """Of one scan, as we have them written."""
    if not picture.startswith(_JFIF):
        return False
    measures, at, kind = b"", JFIF_BYTES, 0
    while kind != _SCAN:
        header = picture[at : at + _SEGMENT_HEADER_BYTES]
        kind = header[1] if len(header) == _SEGMENT_HEADER_BYTES else 0
        if header[:1] != b"\xff" or kind not in _PICTURE_SEGMENTS:
            return False
        if kind == _FRAME:
            measures = picture[at + 5 : at + 9]
        at += 2 + int.from_bytes(header[2:])
    end = _MARKER.search(picture, at)
    is_whole = end is not None and picture[end.start() :] == _JPEG_END
    return is_whole and measures == struct.pack(">HH", size.height, size.width)


def is_bare_webp(picture: bytes, size: Size) -> bool:
    """Of one lossy picture, as we have them written."""
    chunk = picture[WEBP_HEADER_BYTES:]
    length, start = int.from_bytes(chunk[4:8], "little"), chunk[11:14]
    if not _WEBP_START.match(picture) or start != _VP8_START or len(chunk) < 18:
        return False
    sides = (side & _VP8_SIDE for side in struct.unpack("<HH", chunk[14:18]))
    return len(chunk) == 8 + length + length % 2 and (*sides,) == (size.width, size.height)
