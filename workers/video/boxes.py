"""The boxes of an MP4 file (ISO/IEC 14496-12, 4.2), and whether a file that we made is whole."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from portal.errors import ToolFailed

BOXES_MAX = 1000
"""ffmpeg writes about five into a segment."""
_HEAD = struct.Struct(">I4s")


def require_whole_init(stream: BinaryIO, *, name: str) -> None:
    """Raises ToolFailed when it is not an initialisation segment from beginning to end."""
    if not {"ftyp", "moov"}.issubset(box_kinds(stream) or ()):
        raise ToolFailed(f"ffmpeg ended well, but {name} is cut off or damaged.")


def require_whole_segment(stream: BinaryIO, *, name: str) -> None:
    """Raises ToolFailed when it does not consist of whole fragments."""
    kinds = box_kinds(stream) or ()
    fragments = [kind for kind in kinds if kind in {"moof", "mdat"}]
    if not fragments or fragments != ["moof", "mdat"] * (len(fragments) // 2):
        raise ToolFailed(f"ffmpeg ended well, but {name} is cut off or damaged.")


def box_kinds(stream: BinaryIO) -> tuple[str, ...] | None:
    """The kinds of the outermost boxes; None unless the last one ends where the file does."""
    size_bytes = os.fstat(stream.fileno()).st_size
    kinds: list[str] = []
    end = 0
    for kind, end in _outermost(stream):
        if end > size_bytes or len(kinds) == BOXES_MAX:
            return None
        kinds.append(kind)
    return tuple(kinds) if end == size_bytes else None


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Kind and content of each box in `data`; stops at the first that is broken."""
    offset = 0
    while offset + _HEAD.size <= len(data):
        size, kind = _HEAD.unpack_from(data, offset)
        if size < _HEAD.size:
            return
        yield kind.decode("latin-1"), data[offset + _HEAD.size : offset + size]
        offset += size


def _outermost(stream: BinaryIO) -> Iterator[tuple[str, int]]:
    """(kind, where it ends) of each box; stops before a head that is cut off or makes no sense."""
    offset = 0
    while len(head := _read_at(stream, offset, _HEAD.size)) == _HEAD.size:
        size, kind = _HEAD.unpack(head)
        # Size 0, "up to the end", is what a hole in a file looks like, and 1 announces more than
        # 4 GB: ffmpeg writes neither into a segment.
        if size < _HEAD.size:
            return
        offset += size
        yield kind.decode("latin-1"), offset


def _read_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)
