"""IPTC-IIM, which picture desks' programs have read for thirty years.

https://www.iptc.org/std/IIM/4.2/specification/IIMV4.2.pdf
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

from workers.photo.imprint.models import Imprint

PHOTOSHOP = b"Photoshop 3.0\0"
_IPTC_RESOURCE, _DIGEST_RESOURCE = 0x0404, 0x0425
_ENVELOPE, _APPLICATION = 1, 2
_CHARACTER_SET, _UTF8 = 90, b"\x1b%G"
_RECORD_VERSION, _VERSION_4 = 0, b"\0\x04"

_Text = tuple[int, str | None, int]
"""Number of the dataset, its value, and how many bytes it may have."""


def photoshop_resources(imprint: Imprint) -> bytes:
    """The body of a JPEG's APP13 segment; b"" when there is nothing to say.

    The digest tells programs that the XMP beside it says the same, so that they believe it: it is
    not cut to a length.
    """
    data = iptc_data(imprint)
    if not data:
        return b""
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    return PHOTOSHOP + _resource(_IPTC_RESOURCE, data) + _resource(_DIGEST_RESOURCE, digest)


def iptc_data(imprint: Imprint) -> bytes:
    said = b"".join(
        _dataset(_APPLICATION, number, _cut(text, bytes_max))
        for number, text, bytes_max in _texts(imprint)
        if text
    )
    if not said:
        return b""
    declared = _dataset(_ENVELOPE, _CHARACTER_SET, _UTF8)
    return declared + _dataset(_APPLICATION, _RECORD_VERSION, _VERSION_4) + said


def _texts(imprint: Imprint) -> Iterator[_Text]:
    for keyword in imprint.keywords:
        yield 25, keyword, 64
    if imprint.taken_at is not None:
        yield 55, f"{imprint.taken_at:%Y%m%d}", 8
        yield 60, f"{imprint.taken_at:%H%M%S%z}"[:11], 11
    yield 80, imprint.creator, 32
    yield 90, imprint.city, 32
    yield 101, imprint.country, 64
    yield 105, imprint.headline, 256
    yield 110, imprint.credit, 32
    yield 115, imprint.source, 32
    yield 116, imprint.copyright, 128
    yield 120, imprint.caption, 2000


def _cut(text: str, bytes_max: int) -> bytes:
    """As UTF-8, cut between characters."""
    return text.encode()[:bytes_max].decode(errors="ignore").encode()


def _dataset(record: int, number: int, value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def _resource(number: int, data: bytes) -> bytes:
    no_name = b"\0\0"
    padding = b"\0" * (len(data) % 2)
    return struct.pack(">4sH2sI", b"8BIM", number, no_name, len(data)) + data + padding
