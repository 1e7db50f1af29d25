"""Whether an MP4 file is whole and can be played while it arrives: pure."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from portal.errors import ToolFailed

BOXES_MAX = 16
"""ffmpeg writes four."""
_HEAD, _LARGE_SIZE = struct.Struct(">I4s"), struct.Struct(">Q")
_IS_LARGE = 1
"""A size that follows in eight bytes (ISO/IEC 14496-12, 4.2): more than 4 GB of pictures."""


def require_fast_start(stream: BinaryIO, *, name: str) -> None:
    """Raises ToolFailed unless its index is whole and comes before its pictures and sound."""
    kinds = list(_kinds(stream))
    if not {"ftyp", "moov", "mdat"} <= set(kinds) or kinds.index("moov") > kinds.index("mdat"):
        raise ToolFailed(f"ffmpeg ended well, but {name} is cut off or damaged.")


def _kinds(stream: BinaryIO) -> Iterator[str]:
    """The kinds of the outermost boxes, of those that lie within the file."""
    size_bytes = stream.seek(0, os.SEEK_END)
    offset = 0
    for _ in range(BOXES_MAX):
        stream.seek(offset)
        head = stream.read(_HEAD.size + _LARGE_SIZE.size)
        if len(head) < _HEAD.size:
            return
        length, kind = _HEAD.unpack_from(head)
        if length == _IS_LARGE and len(head) == _HEAD.size + _LARGE_SIZE.size:
            (length,) = _LARGE_SIZE.unpack_from(head, _HEAD.size)
        offset += length
        if length < _HEAD.size or offset > size_bytes:
            return
        yield kind.decode("latin-1")
