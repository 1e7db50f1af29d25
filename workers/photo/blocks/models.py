"""What a container holds of metadata, not yet read; and how much of it is taken at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from mmap import mmap

Data = bytes | mmap
"""A whole file, of which only slices are taken."""

BLOCK_BYTES_MAX = 4 * 1024**2
"""Of one block. Programs that keep a photo's whole history write hundreds of kilobytes."""
BLOCKS_BYTES_MAX = 4 * BLOCK_BYTES_MAX
"""Of all that one file has."""
PARTS_MAX = 20_000
"""Segments, chunks or items of one file."""

DAMAGED = "The photo's parts are damaged; metadata that came after is not read."
TOO_LARGE = "A block of metadata is larger than 4 MiB and was not read."


@dataclass(frozen=True)
class Blocks:
    """`exif` is a TIFF structure, `iptc` a run of datasets.

    `iptc_digest` is the MD5 of the IPTC data that the last program which knew both wrote its XMP
    from. `xmp_extensions` are what did not fit into the packet `xmp`, by the names it gives them.
    """

    exif: Data = b""
    iptc: bytes = b""
    iptc_digest: bytes = b""
    xmp: bytes = b""
    xmp_extensions: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def bounded(block: bytes, notes: list[str]) -> bytes:
    """The block, or nothing when it is too large, which is noted."""
    if len(block) <= BLOCK_BYTES_MAX:
        return block
    notes.append(TOO_LARGE)
    return b""
