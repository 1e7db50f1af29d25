"""PNG: metadata in the chunks eXIf and iTXt, and in texts that older programs write in hex.

https://www.w3.org/TR/png-3/, https://exiftool.org/TagNames/PNG.html#TextualData
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress

from workers.photo.blocks import photoshop
from workers.photo.blocks.models import (
    BLOCK_BYTES_MAX,
    DAMAGED,
    PARTS_MAX,
    Blocks,
    Data,
    bounded,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EXIF, _END = b"eXIf", b"IEND"
_TEXTS = frozenset({b"iTXt", b"zTXt", b"tEXt"})
_XMP = b"XML:com.adobe.xmp"
_PROFILE = re.compile(rb"Raw profile type (exif|APP1|iptc|xmp)\0")
_PROFILE_HEAD = re.compile(rb"\s*\w+\s+[0-9]{1,9}\s")
_EXIF_MARK = b"Exif\0\0"
_XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
"""The segment APP1 of a JPEG file holds either."""


def png_blocks(data: Data) -> Blocks:
    found: dict[bytes, bytes] = {}
    notes: list[str] = []
    for kind, start, end in _chunks(data, notes):
        if kind == _EXIF:
            found.setdefault(b"exif", bounded(data[start:end], notes))
        elif kind in _TEXTS:
            _add_text(found, kind, bounded(data[start:end], notes))
    iptc = found.get(b"iptc", b"")
    resources = photoshop.read_resources(iptc)
    return Blocks(
        exif=found.get(b"exif", b"").removeprefix(_EXIF_MARK),
        iptc=resources.get(photoshop.IPTC, iptc),
        iptc_digest=resources.get(photoshop.IPTC_DIGEST, b""),
        xmp=found.get(b"xmp", b""),
        notes=tuple(dict.fromkeys(notes)),
    )


def _chunks(data: Data, notes: list[str]) -> Iterator[tuple[bytes, int, int]]:
    at = len(SIGNATURE)
    for _ in range(PARTS_MAX):
        head = data[at : at + 8]
        length, kind = int.from_bytes(head[:4]), head[4:]
        if len(head) < 8 or at + 8 + length > len(data):
            break
        if kind == _END:
            return
        yield kind, at + 8, at + 8 + length
        at += length + 12
    notes.append(DAMAGED)


def _add_text(found: dict[bytes, bytes], kind: bytes, body: bytes) -> None:
    """The first of each name: unpacking all of them might never end."""
    keyword, _, rest = body.partition(b"\0")
    if kind == b"iTXt" and keyword == _XMP and b"xmp" not in found:
        found[b"xmp"] = _international_text(rest)
    elif kind != b"iTXt" and keyword not in found and (match := _PROFILE.match(body)):
        found[keyword] = b""
        name = match[1].replace(b"APP1", b"exif")
        profile = _from_hex(rest if kind == b"tEXt" else _inflated(rest[1:]))
        if profile.startswith(_XMP_SEGMENT):
            name, profile = b"xmp", profile[len(_XMP_SEGMENT) :]
        found.setdefault(name, profile)


def _international_text(body: bytes) -> bytes:
    """After the keyword: compressed or not, by which method, language, translated keyword."""
    text = body[2:].split(b"\0", 2)[-1]
    return _inflated(text) if body[:1] == b"\1" else text


def _inflated(compressed: bytes) -> bytes:
    """At most as much as a block may have: a bomb is cut, and then fails as XMP or EXIF."""
    with suppress(zlib.error):
        return zlib.decompressobj().decompress(compressed, BLOCK_BYTES_MAX)
    return b""


def _from_hex(profile: bytes) -> bytes:
    match = _PROFILE_HEAD.match(profile)
    if match is None:
        return b""
    with suppress(ValueError):
        return bytes.fromhex(profile[match.end() :].decode("latin-1"))
    return b""
