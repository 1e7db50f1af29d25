"""JPEG: metadata in the segments APP1 and APP13 before the picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from workers.photo.blocks import photoshop
from workers.photo.blocks.models import (
    BLOCK_BYTES_MAX,
    BLOCKS_BYTES_MAX,
    DAMAGED,
    PARTS_MAX,
    TOO_LARGE,
    Blocks,
    Data,
    bounded,
)

_APP1, _APP13 = 0xE1, 0xED
_ENDS = frozenset({0xD9, 0xDA})
"""The end of the file, and the beginning of the picture."""
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})

_EXIF = b"Exif\0"
_EXIF_HEADER_BYTES = len(b"Exif\0\0")
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_NAME_BYTES = 32
_PHOTOSHOP = b"Photoshop 3.0\0"


@dataclass
class _Extension:
    """An XMP packet in parts; the file may hold them in any order."""

    length: int
    parts: dict[int, bytes] = field(default_factory=dict)

    def whole(self) -> bytes:
        """The packet, or nothing while a part is missing."""
        packet = b"".join(self.parts[offset] for offset in sorted(self.parts))
        at = 0
        for offset in sorted(self.parts):
            if offset != at:
                return b""
            at += len(self.parts[offset])
        return packet if at == self.length else b""


def jpeg_blocks(data: Data) -> Blocks:
    exif = xmp = b""
    extensions: dict[str, _Extension] = {}
    resources = bytearray()
    notes: list[str] = []
    for marker, body in _segments(data, notes):
        if marker == _APP13 and body.startswith(_PHOTOSHOP):
            resources += body[len(_PHOTOSHOP) :]
        elif marker == _APP13:
            continue
        elif not exif and body.startswith(_EXIF):
            exif = body[_EXIF_HEADER_BYTES:]
        elif not xmp and body.startswith(_XMP):
            xmp = body[len(_XMP) :]
        elif body.startswith(_XMP_EXTENSION):
            _add_part(extensions, body[len(_XMP_EXTENSION) :], notes)
    found = photoshop.read_resources(bounded(bytes(resources), notes))
    return Blocks(
        exif=exif,
        iptc=found.get(photoshop.IPTC, b""),
        iptc_digest=found.get(photoshop.IPTC_DIGEST, b""),
        xmp=xmp,
        xmp_extensions={name: extension.whole() for name, extension in extensions.items()},
        notes=tuple(dict.fromkeys(notes)),
    )


def _segments(data: Data, notes: list[str]) -> Iterator[tuple[int, bytes]]:
    """The bodies of APP1 and APP13."""
    at, taken_bytes = 2, 0
    for _ in range(PARTS_MAX):
        head = data[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF:
            break
        marker = head[1]
        if marker in _ENDS:
            return
        if marker == 0xFF:  # fills up
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        else:
            end = at + 2 + int.from_bytes(head[2:])
            if marker in {_APP1, _APP13}:
                taken_bytes += end - at
                if taken_bytes > BLOCKS_BYTES_MAX:
                    notes.append(TOO_LARGE)
                    return
                yield marker, data[at + 4 : end]
            at = end
    notes.append(DAMAGED)


def _add_part(extensions: dict[str, _Extension], body: bytes, notes: list[str]) -> None:
    """Name, whole length, offset, bytes. XMP specification part 3, 1.1.3.1"""
    name = body[:_NAME_BYTES].decode("latin-1")
    numbers, part = body[_NAME_BYTES : _NAME_BYTES + 8], body[_NAME_BYTES + 8 :]
    length, offset = int.from_bytes(numbers[:4]), int.from_bytes(numbers[4:])
    if length > BLOCK_BYTES_MAX:
        notes.append(TOO_LARGE)
    else:
        extensions.setdefault(name, _Extension(length)).parts[offset] = part
