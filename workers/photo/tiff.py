"""TIFF structures, in which EXIF is written: directories of fields, read and written in small.

https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from workers.photo.blocks.models import Data

Order = Literal["<", ">"]

HEADER_BYTES = 8
ENTRIES_MAX = 1000
LONG, ASCII = 4, 2
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of one value, by the type of the field."""
_POINTERS = frozenset({4, 13})
_ENTRY_BYTES = 12


@dataclass(frozen=True)
class Field:
    """`value` is in the byte order of the structure."""

    tag: int
    type: int
    count: int
    value: bytes


@dataclass(frozen=True)
class Directory:
    """Those of its fields that were wanted; `is_damaged`: some could not be read."""

    fields: dict[int, Field]
    is_damaged: bool = False


def byte_order(data: Data) -> Order | None:
    """None when it is no TIFF structure."""
    head = data[:4]
    if head == b"II*\0":
        return "<"
    return ">" if head == b"MM\0*" else None


def first_directory(data: Data, order: Order) -> int:
    (offset,) = struct.unpack(f"{order}I", data[4:8].ljust(4, b"\0"))
    return int(offset)


def read_directory(
    data: Data, order: Order, offset: int, wanted: Collection[int], *, value_bytes_max: int
) -> Directory:
    """The directory at `offset`; the first counts when a field is there twice."""
    if offset < HEADER_BYTES or offset + 2 > len(data):
        return Directory({}, is_damaged=True)
    (count,) = struct.unpack(f"{order}H", data[offset : offset + 2])
    start = offset + 2
    table = data[start : start + _ENTRY_BYTES * min(count, ENTRIES_MAX)]
    whole = table[: len(table) // _ENTRY_BYTES * _ENTRY_BYTES]
    fields: dict[int, Field] = {}
    is_damaged = len(whole) < _ENTRY_BYTES * count
    for tag, kind, values, place in struct.iter_unpack(f"{order}HHI4s", whole):
        if tag not in wanted or tag in fields:
            continue
        length = SIZES.get(kind, 0) * values
        value = place[:length] if length <= 4 else _far_value(data, order, place, length)
        if not value or len(value) != length or length > value_bytes_max:
            is_damaged = is_damaged or values > 0
        else:
            fields[tag] = Field(tag, kind, values, value)
    return Directory(fields, is_damaged)


def pointed_at(field: Field | None, order: Order) -> int | None:
    """The offset of another directory. `None` when it is not there, or of the wrong type."""
    if field is None or field.type not in _POINTERS or field.count != 1:
        return None
    return int.from_bytes(field.value, "little" if order == "<" else "big")


def header(order: Order, first_at: int) -> bytes:
    """The head of a structure whose first directory stands at `first_at`."""
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", first_at)


def pointer(order: Order, tag: int, at: int) -> Field:
    return Field(tag, LONG, 1, struct.pack(f"{order}I", at))


def write_directory(order: Order, fields: Sequence[Field], *, at: int) -> bytes:
    """A directory, with its long values after it, to stand at `at`; it is the last one."""
    values_at = at + 2 + _ENTRY_BYTES * len(fields) + 4
    table, values = [struct.pack(f"{order}H", len(fields))], bytearray()
    for field in fields:
        place = field.value
        if len(place) > 4:
            place = struct.pack(f"{order}I", values_at + len(values))
            values += field.value
        table.append(struct.pack(f"{order}HHI4s", field.tag, field.type, field.count, place))
    return b"".join(table) + bytes(4) + values


def _far_value(data: Data, order: Order, place: bytes, length: int) -> bytes:
    (offset,) = struct.unpack(f"{order}I", place)
    return data[offset : offset + min(length, len(data))]
