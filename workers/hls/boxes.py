"""The boxes of an MP4 file (ISO/IEC 14496-12, 4.2): pure readers over bytes and over a file."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from portal.errors import ToolFailed

HEAD_BYTES = 8
_HEAD = struct.Struct(">I4s")


@dataclass(frozen=True)
class Box:
    """Where a box lies, its head included."""

    kind: str
    offset: int
    size_bytes: int

    @property
    def end(self) -> int:
        return self.offset + self.size_bytes


def outermost(stream: BinaryIO, *, name: str) -> Iterator[Box]:
    """The boxes of a file, in order. Raises ToolFailed unless the last ends where the file does."""
    size_bytes = _size_of(stream)
    offset = 0
    while offset < size_bytes:
        stream.seek(offset)
        head = stream.read(HEAD_BYTES)
        box = _box(head, offset) if len(head) == HEAD_BYTES else None
        if box is None or box.end > size_bytes:
            raise cut_off(name)
        yield box
        offset = box.end


def read_box(stream: BinaryIO, box: Box, *, bytes_max: int) -> bytes:
    """The content of a box. Raises ToolFailed when it is larger than it can be."""
    length = box.size_bytes - HEAD_BYTES
    if length > bytes_max:
        raise ToolFailed(f"ffmpeg wrote a box ({box.kind}) that is larger than it can be.")
    stream.seek(box.offset + HEAD_BYTES)
    return stream.read(length)


def places(data: bytes, *, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes between two places of `data`; stops at the first that is broken."""
    end = len(data) if end is None else end
    offset = start
    while offset + HEAD_BYTES <= end:
        box = _box(data[offset : offset + HEAD_BYTES], offset)
        if box is None or box.end > end:
            return
        yield box
        offset = box.end


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Kind and content of each box in `data`; stops at the first that is broken."""
    for box in places(data):
        yield box.kind, data[box.offset + HEAD_BYTES : box.end]


def find(data: bytes, *path: str) -> Iterator[bytes]:
    """The contents of every box at `path` below `data`."""
    for kind, content in boxes(data):
        if kind == path[0]:
            if len(path) == 1:
                yield content
            else:
                yield from find(content, *path[1:])


def cut_off(name: str) -> ToolFailed:
    return ToolFailed(f"ffmpeg ended well, but {name} is cut off or damaged.")


def _box(head: bytes, offset: int) -> Box | None:
    size_bytes, kind = _HEAD.unpack(head)
    # Size 0, "up to the end", is what a hole in a file looks like, and 1 announces more than
    # 4 GB: ffmpeg writes neither into a fragmented file.
    if size_bytes < HEAD_BYTES:
        return None
    return Box(kind.decode("latin-1"), offset, size_bytes)


def _size_of(stream: BinaryIO) -> int:
    return stream.seek(0, os.SEEK_END)
