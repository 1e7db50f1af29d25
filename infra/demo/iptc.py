"""Writes IPTC-IIM metadata into a JPEG file.

IIM: https://www.iptc.org/std/IIM/4.2/specification/IIMV4.2.pdf. In JPEG it is resource 0x0404 of
a Photoshop block, which is segment APP13.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

UTF8 = b"\x1b%G"
IIM_RESOURCE = 0x0404
JPEG_START = b"\xff\xd8"
APP0, APP1, APP13 = 0xE0, 0xE1, 0xED


@dataclass(frozen=True)
class Record:
    headline: str
    caption: str
    by_line: str
    credit: str
    copyright_notice: str
    city: str
    country: str
    keywords: tuple[str, ...]
    created_at: datetime


def embed(jpeg: bytes, record: Record) -> bytes:
    """The same file with `record` behind its other metadata; the picture is untouched."""
    place = _end_of_leading_metadata(jpeg)
    return jpeg[:place] + _segment(_photoshop_block(_datasets(record))) + jpeg[place:]


def _datasets(record: Record) -> bytes:
    """Record 1 says how the text is encoded, record 2 is the text."""
    envelope = _dataset(1, 90, UTF8)
    version = _dataset(2, 0, struct.pack(">H", 4))
    texts = (_dataset(2, number, text.encode()) for number, text in _texts(record))
    return envelope + version + b"".join(texts)


def _texts(record: Record) -> Iterator[tuple[int, str]]:
    yield 5, record.headline
    for keyword in record.keywords:
        yield 25, keyword
    yield 55, f"{record.created_at:%Y%m%d}"
    yield 60, f"{record.created_at:%H%M%S%z}"
    yield 80, record.by_line
    yield 90, record.city
    yield 101, record.country
    yield 105, record.headline
    yield 110, record.credit
    yield 116, record.copyright_notice
    yield 120, record.caption


def _dataset(record: int, number: int, value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def _photoshop_block(datasets: bytes) -> bytes:
    resource = struct.pack(">4sH2xI", b"8BIM", IIM_RESOURCE, len(datasets)) + datasets
    padding = b"\0" * (len(datasets) % 2)
    return b"Photoshop 3.0\0" + resource + padding


def _segment(payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, APP13, len(payload) + 2) + payload


def _end_of_leading_metadata(jpeg: bytes) -> int:
    """Where the first segment begins that is neither JFIF (APP0) nor EXIF (APP1)."""
    place = len(JPEG_START)
    while jpeg[place + 1] in {APP0, APP1}:
        (length,) = struct.unpack_from(">H", jpeg, place + 2)
        place += 2 + length
    return place
