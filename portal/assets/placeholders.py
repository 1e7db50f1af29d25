"""A photo's stand-in until it is there: its blurhash as a few pixels that CSS can stretch."""

from __future__ import annotations

import base64
import struct
import zlib
from functools import lru_cache

from portal.assets.blurhash import decoded, is_blurhash

WIDTH, HEIGHT = 6, 4
"""Pixels. Browsers stretch them smoothly, and a blurhash of 4 by 3 waves has no more to say."""
_EIGHT_BITS_RGB = b"\x08\x02\0\0\0"


@lru_cache(maxsize=4096)
def css_image(placeholder: str | None) -> str:
    """For `background-image`, safe in an attribute as it is; "none" when there is nothing to show.

    Of about 220 characters. To be stretched: `background-size: 100% 100%`.
    """
    if placeholder is None or not is_blurhash(placeholder):
        return "none"
    image = base64.b64encode(_png(placeholder)).decode()
    return f"url(data:image/png;base64,{image})"


def _png(placeholder: str) -> bytes:
    """https://www.w3.org/TR/png-3/"""
    rows = decoded(placeholder, width=WIDTH, height=HEIGHT)
    unfiltered = b"".join(b"\0" + bytes(part for colour in row for part in colour) for row in rows)
    header = struct.pack(">II", WIDTH, HEIGHT) + _EIGHT_BITS_RGB
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(unfiltered, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
