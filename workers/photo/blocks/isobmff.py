"""HEIC and AVIF: metadata as items of the file's `meta` box. ISO/IEC 14496-12, 8.11"""

from __future__ import annotations

from collections.abc import Iterator

from workers.photo.blocks.models import (
    BLOCK_BYTES_MAX,
    DAMAGED,
    PARTS_MAX,
    TOO_LARGE,
    Blocks,
    Data,
)

_XMP_TYPE = b"application/rdf+xml"
_FULL_BOX_BYTES = 4
_IN_FILE, _IN_META = 0, 1
"""What the offsets of an item count from: the beginning of the file, or of the box `idat`."""


class _BrokenError(Exception):
    """The boxes contradict themselves."""


class _Numbers:
    """Numbers of any size, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, length: int) -> int:
        start, self._at = self._at, self._at + length
        if self._at > len(self._data):
            raise _BrokenError
        return int.from_bytes(self._data[start : self._at])


def isobmff_blocks(data: Data) -> Blocks:
    try:
        return _blocks(data)
    except _BrokenError:
        return Blocks(notes=(DAMAGED,))


def _blocks(data: Data) -> Blocks:
    places = (place for kind, place in _boxes(data) if kind == b"meta")
    meta = data[next(places, slice(0))][_FULL_BOX_BYTES:]
    boxes = {kind: meta[place] for kind, place in _boxes(meta)}
    exif, xmp = _metadata_items(boxes.get(b"iinf", b""))
    if exif is None and xmp is None:
        return Blocks()
    sources = {_IN_FILE: data, _IN_META: boxes.get(b"idat", b"")}
    found: dict[int, bytes] = {}
    for item, method, extents in _locations(boxes.get(b"iloc", b"")):
        if item in {exif, xmp} and method in sources:
            found[item] = _joined(sources[method], extents)
    tiff = found.get(exif, b"") if exif is not None else b""
    return Blocks(
        exif=tiff[4 + int.from_bytes(tiff[:4]) :],  # the item says where its TIFF header stands
        xmp=found.get(xmp, b"") if xmp is not None else b"",
        notes=(TOO_LARGE,) if any(not block for block in found.values()) else (),
    )


def _boxes(data: Data) -> Iterator[tuple[bytes, slice]]:
    """Each box with where its contents stand."""
    at = 0
    for _ in range(PARTS_MAX):
        head = data[at : at + 16]
        length, kind, header_bytes = int.from_bytes(head[:4]), head[4:8], 8
        if len(head) < header_bytes:
            return
        if length == 1:
            length, header_bytes = int.from_bytes(head[8:]), 16
        end = at + length if length else len(data)
        if end < at + header_bytes or end > len(data):
            raise _BrokenError
        yield kind, slice(at + header_bytes, end)
        at = end


def _metadata_items(box: bytes) -> tuple[int | None, int | None]:
    """The items with EXIF and with XMP."""
    exif = xmp = None
    list_head = _FULL_BOX_BYTES + (2 if box[:1] == b"\0" else 4)
    listed = box[list_head:]
    for kind, place in _boxes(listed):
        entry = listed[place]
        if kind != b"infe" or entry[:1] not in {b"\2", b"\3"}:
            continue
        id_bytes = 2 if entry[0] == 2 else 4
        item = int.from_bytes(entry[4 : 4 + id_bytes])
        rest = entry[4 + id_bytes + 2 :]  # after a protection index
        if rest[:4] == b"Exif":
            exif = item if exif is None else exif
        elif rest[:4] == b"mime" and rest[4:].split(b"\0")[1:2] == [_XMP_TYPE]:
            xmp = item if xmp is None else xmp
    return exif, xmp


def _locations(box: bytes) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Each item with its construction method and the offsets and lengths of its parts."""
    numbers = _Numbers(box)
    version = numbers.take(_FULL_BOX_BYTES) >> 24
    sizes = numbers.take(2)
    offset_bytes, length_bytes, base_bytes = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_bytes = sizes & 15 if version else 0
    id_bytes = 2 if version < 2 else 4
    parts = 0
    for _ in range(numbers.take(id_bytes)):
        item = numbers.take(id_bytes)
        method = numbers.take(2) & 15 if version else _IN_FILE
        numbers.take(2)  # in which file; always this one
        base = numbers.take(base_bytes)
        count = numbers.take(2)
        parts += 1 + count
        if parts > PARTS_MAX:  # they may have no bytes each, and so never come to an end
            raise _BrokenError
        extents = []
        for _ in range(count):
            numbers.take(index_bytes)
            extents.append((base + numbers.take(offset_bytes), numbers.take(length_bytes)))
        yield item, method, extents


def _joined(source: Data, extents: list[tuple[int, int]]) -> bytes:
    """The bytes of an item; nothing when they are too many. A length of 0 is all that follows."""
    if sum(length or len(source) for _, length in extents) > BLOCK_BYTES_MAX:
        return b""
    return b"".join(source[offset : offset + (length or len(source))] for offset, length in extents)
