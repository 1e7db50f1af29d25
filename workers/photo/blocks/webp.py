"""WebP: metadata in the RIFF chunks "EXIF" and "XMP ".

https://developers.google.com/speed/webp/docs/riff_container
"""

from __future__ import annotations

from workers.photo.blocks.models import DAMAGED, PARTS_MAX, Blocks, Data, bounded

_FIRST_CHUNK = 12
_EXIF_MARK = b"Exif\0\0"


def webp_blocks(data: Data) -> Blocks:
    found: dict[bytes, bytes] = {}
    notes: list[str] = []
    at = _FIRST_CHUNK
    for _ in range(PARTS_MAX):
        head = data[at : at + 8]
        if len(head) < 8:
            break
        kind, length = head[:4], int.from_bytes(head[4:], "little")
        if kind in {b"EXIF", b"XMP "} and kind not in found:
            found[kind] = bounded(data[at + 8 : at + 8 + length], notes)
        at += 8 + length + length % 2
    if at > len(data) + 1:
        notes.append(DAMAGED)
    return Blocks(
        exif=found.get(b"EXIF", b"").removeprefix(_EXIF_MARK),
        xmp=found.get(b"XMP ", b""),
        notes=tuple(dict.fromkeys(notes)),
    )
