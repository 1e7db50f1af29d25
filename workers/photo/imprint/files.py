"""Puts an imprint into a JPEG or WebP file that has nothing in it but the picture."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from portal.errors import ToolFailed
from workers.photo.imprint.exif import exif_structure
from workers.photo.imprint.iptc import photoshop_resources
from workers.photo.imprint.models import Imprint
from workers.photo.imprint.xmp import xmp_packet
from workers.photo.models import JPEG, WEBP, Size

_JPEG_START = b"\xff\xd8\xff\xe0\x00\x10JFIF\0"
_JFIF_BYTES = 20
_JPEG_END = b"\xff\xd9"
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_APP1, _APP13 = 0xE1, 0xED
_WEBP_HAS_EXIF, _WEBP_HAS_XMP = 0x08, 0x04


def with_imprint(picture: bytes, size: Size, imprint: Imprint) -> bytes:
    """Raises ToolFailed when `picture` is not whole, or not as we write them."""
    return _WRITERS[size.name.rpartition(".")[2]](picture, size, imprint)


def _jpeg(picture: bytes, size: Size, imprint: Imprint) -> bytes:
    """After JFIF's own segment, which must be the first; the order of the others is custom."""
    if not (picture.startswith(_JPEG_START) and picture.endswith(_JPEG_END)):
        raise _not_whole(size)
    xmp = xmp_packet(imprint)
    segments = _segment(_APP1, _EXIF + exif_structure(imprint))
    segments += _segment(_APP1, _XMP + xmp) if xmp else b""
    segments += _segment(_APP13, photoshop_resources(imprint))
    return picture[:_JFIF_BYTES] + segments + picture[_JFIF_BYTES:]


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body if body else b""


def _webp(picture: bytes, size: Size, imprint: Imprint) -> bytes:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    pixels = picture[12:]
    length = int.from_bytes(pixels[4:8], "little")
    is_simple = (picture[:4], picture[8:16]) == (b"RIFF", b"WEBPVP8 ")
    if not is_simple or len(pixels) != 8 + length + length % 2:
        raise _not_whole(size)
    xmp = xmp_packet(imprint)
    chunks = _extended(size, has_xmp=bool(xmp)) + pixels
    chunks += _chunk(b"EXIF", exif_structure(imprint))
    chunks += _chunk(b"XMP ", xmp) if xmp else b""
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def _extended(size: Size, *, has_xmp: bool) -> bytes:
    flags = _WEBP_HAS_EXIF | (_WEBP_HAS_XMP if has_xmp else 0)
    width, height = ((length - 1).to_bytes(3, "little") for length in (size.width, size.height))
    return _chunk(b"VP8X", struct.pack("<I", flags) + width + height)


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _not_whole(size: Size) -> ToolFailed:
    return ToolFailed(f"{size.name}, which the program wrote, is not a whole picture.")


_WRITERS: Mapping[str, Callable[[bytes, Size, Imprint], bytes]] = {JPEG: _jpeg, WEBP: _webp}
