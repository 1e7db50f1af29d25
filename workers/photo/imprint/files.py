"""Puts an imprint into a JPEG or WebP file that has nothing in it but the picture."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from portal.errors import ToolFailed
from workers.photo.imprint.bare import (
    JFIF_BYTES,
    WEBP_HEADER_BYTES,
    is_bare_jpeg,
    is_bare_webp,
)
from workers.photo.imprint.exif import exif_structure
from workers.photo.imprint.iptc import photoshop_resources
from workers.photo.imprint.models import Imprint
from workers.photo.imprint.xmp import xmp_packet
from workers.photo.models import JPEG, WEBP, Size

_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_APP1, _APP13 = 0xE1, 0xED
_WEBP_HAS_EXIF, _WEBP_HAS_XMP = 0x08, 0x04


def with_imprint(picture: bytes, size: Size, imprint: Imprint) -> bytes:
    """Raises ToolFailed when `picture` is not whole, or has anything else in it."""
    is_bare, write = _CONTAINERS[size.name.rpartition(".")[2]]
    if not is_bare(picture, size):
        raise ToolFailed(
            f"{size.name}, which the program wrote, is no whole picture or has more in it."
        )
    return write(picture, size, imprint)


def _jpeg(picture: bytes, _size: Size, imprint: Imprint) -> bytes:
    """After JFIF's own segment, which must be the first; the order of the others is custom."""
    xmp = xmp_packet(imprint)
    segments = _segment(_APP1, _EXIF + exif_structure(imprint))
    segments += _segment(_APP1, _XMP + xmp) if xmp else b""
    segments += _segment(_APP13, photoshop_resources(imprint))
    return picture[:JFIF_BYTES] + segments + picture[JFIF_BYTES:]


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body if body else b""


def _webp(picture: bytes, size: Size, imprint: Imprint) -> bytes:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    xmp = xmp_packet(imprint)
    chunks = _extended(size, has_xmp=bool(xmp)) + picture[WEBP_HEADER_BYTES:]
    chunks += _chunk(b"EXIF", exif_structure(imprint))
    chunks += _chunk(b"XMP ", xmp) if xmp else b""
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def _extended(size: Size, *, has_xmp: bool) -> bytes:
    flags = _WEBP_HAS_EXIF | (_WEBP_HAS_XMP if has_xmp else 0)
    width, height = ((length - 1).to_bytes(3, "little") for length in (size.width, size.height))
    return _chunk(b"VP8X", struct.pack("<I", flags) + width + height)


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


_Check = Callable[[bytes, Size], bool]
_Writer = Callable[[bytes, Size, Imprint], bytes]
_CONTAINERS: Mapping[str, tuple[_Check, _Writer]] = {
    JPEG: (is_bare_jpeg, _jpeg),
    WEBP: (is_bare_webp, _webp),
}
