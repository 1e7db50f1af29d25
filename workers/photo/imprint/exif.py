"""A small EXIF structure: who took it, when, whose it is, that it is upright and in sRGB.

https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from workers.photo import tiff
from workers.photo.imprint.models import Imprint
from workers.photo.tiff import Field, Order

_ORDER: Order = ">"
_ASCII, _SHORT = 2, 3
_DESCRIPTION, _ORIENTATION, _ARTIST, _COPYRIGHT = 0x010E, 0x0112, 0x013B, 0x8298
_INNER, _TAKEN_AT, _OFFSET_TAKEN_AT, _COLOUR_SPACE = 0x8769, 0x9003, 0x9011, 0xA001
_UPRIGHT, _SRGB = 1, 1


def exif_structure(imprint: Imprint) -> bytes:
    """A TIFF structure, without the name that a container may want before it."""
    outer = [
        *_text(_DESCRIPTION, imprint.caption),
        _number(_ORIENTATION, _UPRIGHT),
        *_text(_ARTIST, imprint.creator),
        *_text(_COPYRIGHT, imprint.copyright),
    ]
    head = tiff.header(_ORDER, tiff.HEADER_BYTES)
    inner_at = len(head) + len(_directory([*outer, _pointer(0)], at=len(head)))
    first = _directory([*outer, _pointer(inner_at)], at=len(head))
    return head + first + _directory(_inner(imprint), at=inner_at)


def _inner(imprint: Imprint) -> list[Field]:
    taken_at = imprint.taken_at
    if taken_at is None:
        return [_number(_COLOUR_SPACE, _SRGB)]
    offset = f"{taken_at:%z}"
    return [
        *_text(_TAKEN_AT, f"{taken_at:%Y:%m:%d %H:%M:%S}"),
        *_text(_OFFSET_TAKEN_AT, f"{offset[:3]}:{offset[3:5]}"),
        _number(_COLOUR_SPACE, _SRGB),
    ]


def _directory(fields: Sequence[Field], *, at: int) -> bytes:
    written = tiff.write_directory(_ORDER, fields, at=at)
    return written + b"\0" * (len(written) % 2)


def _pointer(at: int) -> Field:
    return tiff.pointer(_ORDER, _INNER, at)


def _number(tag: int, value: int) -> Field:
    return Field(tag, _SHORT, 1, struct.pack(f"{_ORDER}H", value))


def _text(tag: int, text: str | None) -> list[Field]:
    if not text:
        return []
    value = text.encode() + b"\0"  # UTF-8, as the Metadata Working Group advises
    return [Field(tag, _ASCII, len(value), value)]
