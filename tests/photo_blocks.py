"""Blocks of photo metadata and the containers that hold them, made byte by byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from PIL import Image

XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
XMP_EXTENSION_SEGMENT = b"http://ns.adobe.com/xmp/extension/\0"
NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
}


def exif_block(
    tags: Mapping[int, object],
    inner: Mapping[int, object] | None = None,
    gps: Mapping[int, object] | None = None,
) -> bytes:
    """A TIFF structure: the first directory, that of the camera and that of the place."""
    exif = Image.Exif()
    exif.update(tags)
    exif.get_ifd(0x8769).update(inner or {})
    exif.get_ifd(0x8825).update(gps or {})
    return exif.tobytes().removeprefix(b"Exif\0\0")


def dataset(number: int, value: bytes, *, record: int = 2) -> bytes:
    """Of IPTC-IIM."""
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def packet(body: str, attributes: str = "") -> bytes:
    """Of XMP."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {declared}>
<rdf:Description rdf:about="" {attributes}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>\0\0""".encode()


def alternatives(name: str, texts: Mapping[str, str]) -> str:
    """A property in several languages."""
    entries = "".join(f'<rdf:li xml:lang="{tag}">{text}</rdf:li>' for tag, text in texts.items())
    return f"<{name}><rdf:Alt>{entries}</rdf:Alt></{name}>"


def resource(number: int, value: bytes) -> bytes:
    """Of Photoshop."""
    padding = b"\0" * (len(value) % 2)
    return b"8BIM" + number.to_bytes(2) + b"\0\0" + len(value).to_bytes(4) + value + padding


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """Its head: the picture is only begun."""
    parts = (b"\xff%c" % marker + (len(body) + 2).to_bytes(2) + body for marker, body in segments)
    return b"\xff\xd8" + b"".join(parts) + b"\xff\xda\0\x02"


def app1(body: bytes) -> tuple[int, bytes]:
    return 0xE1, body


def app13(resources: bytes) -> tuple[int, bytes]:
    return 0xED, b"Photoshop 3.0\0" + resources


def jpeg_with(exif: bytes = b"", iptc: bytes = b"", xmp: bytes = b"") -> bytes:
    segments = []
    if exif:
        segments.append(app1(b"Exif\0\0" + exif))
    if iptc:
        segments.append(app13(resource(0x0404, iptc)))
    if xmp:
        segments.append(app1(XMP_SEGMENT + xmp))
    return jpeg(*segments)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = (
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
        for kind, body in (*chunks, (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = (
        kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)
        for kind, body in chunks
    )
    content = b"WEBP" + b"".join(parts)
    return b"RIFF" + len(content).to_bytes(4, "little") + content


def box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4) + kind + body


def heif(exif: bytes, xmp: bytes, *, in_meta: bool = False) -> bytes:
    """A file with two items, in the file itself or in the box `idat`; no picture."""
    exif_item = (6).to_bytes(4) + b"Exif\0\0" + exif
    entries = box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 1, 0) + b"Exif\0") + box(
        b"infe", b"\2\0\0\0" + struct.pack(">HH", 2, 0) + b"mime\0application/rdf+xml\0"
    )
    listed = box(b"iinf", bytes(4) + (2).to_bytes(2) + entries)
    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def meta(first_at: int) -> bytes:
        second_at = first_at + len(exif_item)
        places = [(1, first_at, len(exif_item)), (2, second_at, len(xmp))]
        table = b"".join(
            struct.pack(">HHHHII", item, int(in_meta), 0, 1, offset, length)
            for item, offset, length in places
        )
        located = box(b"iloc", b"\1\0\0\0\x44\0" + (2).to_bytes(2) + table)
        inside = box(b"idat", exif_item + xmp) if in_meta else b""
        return box(b"meta", bytes(4) + listed + located + inside)

    if in_meta:
        return head + meta(0)
    before = len(head + meta(0)) + 8
    return head + meta(before) + box(b"mdat", exif_item + xmp)


def tiff_file(fields: Mapping[int, tuple[int, bytes]], *, order: str = "<") -> bytes:
    """{tag: (type, value)}"""
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1}
    count = len(fields)
    values_at, table, values = 8 + 2 + 12 * count + 4, b"", b""
    for tag, (kind, value) in sorted(fields.items()):
        place = value.ljust(4, b"\0")
        if len(value) > 4:
            place = struct.pack(f"{order}I", values_at + len(values))
            values += value
        table += struct.pack(f"{order}HHI4s", tag, kind, len(value) // sizes[kind], place)
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(f"{order}I", 8)
    return head + struct.pack(f"{order}H", count) + table + bytes(4) + values
