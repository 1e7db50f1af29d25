"""A file's bytes -> its blocks of metadata, by what the file is, not by its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path

from workers.photo.blocks.isobmff import isobmff_blocks
from workers.photo.blocks.jpeg import jpeg_blocks
from workers.photo.blocks.models import Blocks, Data
from workers.photo.blocks.png import SIGNATURE as PNG
from workers.photo.blocks.png import png_blocks
from workers.photo.blocks.tiff_file import tiff_blocks
from workers.photo.blocks.webp import webp_blocks


@contextmanager
def opened(path: Path) -> Iterator[Data]:
    """The file's bytes, of which only those are read that are looked at."""
    with path.open("rb", buffering=0) as file:
        if path.stat().st_size == 0:  # cannot be mapped
            yield b""
            return
        with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            yield data


def find_blocks(data: Data) -> Blocks:
    """Nothing for what is none of the containers that are known."""
    head = data[:12]
    if head.startswith(b"\xff\xd8\xff"):
        return jpeg_blocks(data)
    if head.startswith(PNG):
        return png_blocks(data)
    if head.startswith(b"RIFF") and head.endswith(b"WEBP"):
        return webp_blocks(data)
    if head[4:8] == b"ftyp":
        return isobmff_blocks(data)
    return tiff_blocks(data)
