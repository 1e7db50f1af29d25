"""Photoshop's image resources, in which IPTC-IIM stands in JPEG and some TIFF files.

https://www.adobe.com/devnet-apps/photoshop/fileformatashtml/#50577409_46269
"""

from __future__ import annotations

from collections.abc import Iterator

from workers.photo.blocks.models import PARTS_MAX, Data

IPTC = 0x0404
IPTC_DIGEST = 0x0425

_SIGNATURES = frozenset({b"8BIM", b"PHUT", b"DCSR", b"AgHg", b"MeSa"})


def read_resources(data: Data) -> dict[int, bytes]:
    """The first of each of those that are taken; stops at what is broken."""
    found: dict[int, bytes] = {}
    for number, value in _resources(data):
        if number in {IPTC, IPTC_DIGEST}:
            found.setdefault(number, value)
    return found


def _resources(data: Data) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(PARTS_MAX):
        if data[at : at + 4] not in _SIGNATURES or at + 7 > len(data):
            return
        number = int.from_bytes(data[at + 4 : at + 6])
        name_bytes = data[at + 6] + 1
        at += 6 + name_bytes + name_bytes % 2
        length, at = int.from_bytes(data[at : at + 4]), at + 4
        yield number, data[at : at + length]
        at += length + length % 2
