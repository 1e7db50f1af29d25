"""Raw files of cameras that are built as TIFF (CR2, NEF, ARW, DNG): the preview inside.

Nothing of the sensor's data is decoded: cameras put a JPEG of the whole photo beside it.
https://www.adobe.com/content/dam/acom/en/products/photoshop/pdfs/dng_spec_1.4.0.0.pdf
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.photo import tiff
from workers.photo.blocks.models import Data

DIRECTORIES_MAX = 32
VALUE_BYTES_MAX = 64
"""Of one field: those that matter here are short."""
PREVIEW_BYTES_MAX = 64 * 1024**2

_NEW_SUBFILE_TYPE, _COMPRESSION, _PHOTOMETRIC = 0x00FE, 0x0103, 0x0106
_STRIP_OFFSETS, _ORIENTATION, _STRIP_BYTES = 0x0111, 0x0112, 0x0117
_SUB_DIRECTORIES, _JPEG_OFFSET, _JPEG_BYTES, _DNG_VERSION = 0x014A, 0x0201, 0x0202, 0xC612
_WANTED = frozenset(
    {
        *(_NEW_SUBFILE_TYPE, _COMPRESSION, _PHOTOMETRIC, _STRIP_OFFSETS, _ORIENTATION),
        *(_STRIP_BYTES, _SUB_DIRECTORIES, _JPEG_OFFSET, _JPEG_BYTES, _DNG_VERSION),
    }
)
_JPEG_COMPRESSIONS = frozenset({6, 7})
_SENSOR_DATA = frozenset({32803, 34892})
_CR2_MARK = b"CR\x02"
_SHOWABLE_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Not 0xC3, the lossless JPEG in which sensor data is packed."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class Raw:
    """`preview` is the largest JPEG in it, or None; `orientation` is how that has to be turned."""

    preview: bytes | None
    orientation: int


def read_raw(path: Path) -> Raw | None:
    """None when it is no raw file, or of a kind that is not built as TIFF."""
    with path.open("rb") as file:
        if tiff.byte_order(file.read(tiff.HEADER_BYTES)) is None:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _read(data)


@dataclass(frozen=True)
class _Directory:
    """What one directory says in whole numbers."""

    order: tiff.Order
    found: tiff.Directory

    def numbers(self, tag: int) -> Sequence[int]:
        field = self.found.fields.get(tag)
        letter = {1: "B", 3: "H", 4: "I", 13: "I"}.get(field.type) if field else None
        if field is None or letter is None:
            return ()
        return struct.unpack(f"{self.order}{field.count}{letter}", field.value)


def _read(data: Data) -> Raw | None:
    order = tiff.byte_order(data)
    directories = list(_directories(data, order)) if order else []
    if not directories or not _is_raw(directories[0], data):
        return None
    turned = directories[0].numbers(_ORIENTATION)
    return Raw(_largest_preview(data, directories), turned[0] if turned else 1)


def _is_raw(first: _Directory, data: Data) -> bool:
    """Its first directory is a thumbnail, or sensor data, or its maker says so."""
    is_thumbnail = bool(sum(first.numbers(_NEW_SUBFILE_TYPE)) & 1)
    is_sensor_data = not _SENSOR_DATA.isdisjoint(first.numbers(_PHOTOMETRIC))
    is_marked = data[8:11] == _CR2_MARK or _DNG_VERSION in first.found.fields
    return is_thumbnail or is_sensor_data or is_marked


def _directories(data: Data, order: tiff.Order) -> Iterator[_Directory]:
    """Each directory of the file once, the first one first, those within others too."""
    waiting, seen = [tiff.first_directory(data, order)], set[int]()
    while waiting and len(seen) < DIRECTORIES_MAX:
        at = waiting.pop(0)
        if at in seen or not tiff.HEADER_BYTES <= at < len(data):
            continue
        seen.add(at)
        found = tiff.read_directory(data, order, at, _WANTED, value_bytes_max=VALUE_BYTES_MAX)
        directory = _Directory(order, found)
        yield directory
        waiting += [*directory.numbers(_SUB_DIRECTORIES), _following(data, order, at)]


def _following(data: Data, order: tiff.Order, at: int) -> int:
    """Where the directory after the one at `at` stands; 0 when there is none."""
    (count,) = struct.unpack(f"{order}H", data[at : at + 2].ljust(2, b"\0"))
    end = at + 2 + 12 * count
    (following,) = struct.unpack(f"{order}I", data[end : end + 4].ljust(4, b"\0"))
    return int(following)


def _largest_preview(data: Data, directories: Sequence[_Directory]) -> bytes | None:
    measured = [
        (_pixels(data, offset), offset, length)
        for directory in directories
        for offset, length in _jpegs(directory)
        if length <= PREVIEW_BYTES_MAX
    ]
    pixels, offset, length = max(measured, default=(0, 0, 0))
    return bytes(data[offset : offset + length]) if pixels else None


def _jpegs(directory: _Directory) -> Iterator[tuple[int, int]]:
    """Where whole JPEG files lie, and how long they are."""
    pairs = [(_JPEG_OFFSET, _JPEG_BYTES)]
    if not _JPEG_COMPRESSIONS.isdisjoint(directory.numbers(_COMPRESSION)):
        pairs.append((_STRIP_OFFSETS, _STRIP_BYTES))
    for offsets, lengths in pairs:
        found, long = directory.numbers(offsets), directory.numbers(lengths)
        if len(found) == len(long) == 1:
            yield found[0], long[0]


def _pixels(data: Data, offset: int) -> int:
    """How many pixels the JPEG there has; 0 when it is none that can be shown."""
    at = offset + 2 if data[offset : offset + 3] == b"\xff\xd8\xff" else len(data)
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return height * width if marker in _SHOWABLE_FRAMES else 0
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return 0
