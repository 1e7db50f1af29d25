"""An XMP packet with the properties that picture desks read.

https://www.iptc.org/std/photometadata/specification/IPTC-PhotoMetadata
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from workers.photo.imprint.models import Imprint

PACKET_BYTES_MAX = 65_000
"""What fits into one segment of a JPEG, with its name."""
_LENGTHS = ((10_000, 200), (2_000, 50), (500, 5), (100, 5))
"""How long texts and lists may be, from the longest on, until all of it fits."""

_HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
)
_TAIL = '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
_ESCAPED = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\ufffe": "", "\uffff": ""}
)
"""The last two cannot stand in XML at all."""


def xmp_packet(imprint: Imprint) -> bytes:
    """b"" when there is nothing to say."""
    packet = b""
    for length_max, entries_max in _LENGTHS:
        short = imprint.shortened(length_max=length_max, entries_max=entries_max)
        body = "".join(_properties(short))
        packet = f"{_HEAD}{body}{_TAIL}".encode() if body else b""
        if len(packet) <= PACKET_BYTES_MAX:
            break
    return packet


def _properties(imprint: Imprint) -> Iterator[str]:
    yield _alternatives("dc:description", imprint.caption, imprint.captions)
    yield _list("dc:creator", "Seq", [imprint.creator] if imprint.creator else [])
    yield _alternatives("dc:rights", imprint.copyright, {})
    yield _list("dc:subject", "Bag", imprint.keywords)
    yield _list("Iptc4xmpExt:PersonInImage", "Bag", imprint.people_shown)
    yield _text("photoshop:Headline", imprint.headline)
    yield _text("photoshop:Credit", imprint.credit)
    yield _text("photoshop:Source", imprint.source)
    yield _text("photoshop:City", imprint.city)
    yield _text("photoshop:Country", imprint.country)
    if imprint.taken_at is not None:
        yield _text("photoshop:DateCreated", imprint.taken_at.isoformat(timespec="seconds"))


def _text(name: str, text: str | None) -> str:
    return f"<{name}>{_escaped(text)}</{name}>" if text else ""


def _list(name: str, kind: str, entries: Iterable[str]) -> str:
    items = "".join(f"<rdf:li>{_escaped(entry)}</rdf:li>" for entry in entries)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>" if items else ""


def _alternatives(name: str, default: str | None, texts: Mapping[str, str]) -> str:
    by_language = ({"x-default": default} if default else {}) | dict(texts)
    items = "".join(
        f'<rdf:li xml:lang="{_escaped(language)}">{_escaped(text)}</rdf:li>'
        for language, text in by_language.items()
    )
    return f"<{name}><rdf:Alt>{items}</rdf:Alt></{name}>" if items else ""


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)
