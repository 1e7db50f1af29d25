"""The three places in which a photo says what it shows, each read by itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from workers.photo.blocks.find import find_blocks
from workers.photo.blocks.models import Data
from workers.photo.exif import Exif, read_exif
from workers.photo.iptc import Iptc, read_iptc
from workers.photo.xmp import Xmp, read_xmp


@dataclass(frozen=True)
class Sources:
    """`notes` tells what in each of them, or around them, was unreadable."""

    exif: Exif = field(default_factory=Exif)
    iptc: Iptc = field(default_factory=Iptc)
    xmp: Xmp = field(default_factory=Xmp)
    container_notes: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        every = (*self.container_notes, *self.exif.notes, *self.iptc.notes, *self.xmp.notes)
        return tuple(dict.fromkeys(every))


def read_sources(data: Data) -> Sources:
    """Never raises on what stands in `data`, a whole file."""
    blocks = find_blocks(data)
    return Sources(
        read_exif(blocks.exif),
        read_iptc(blocks.iptc, digest=blocks.iptc_digest),
        read_xmp(blocks.xmp, blocks.xmp_extensions),
        blocks.notes,
    )
