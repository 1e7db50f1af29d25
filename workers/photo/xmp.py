"""XMP: a reader of the few properties that are taken, on a parser without entities.

https://www.adobe.com/devnet/xmp.html, ISO 16684-1
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

DAMAGED = "The XMP data is damaged and was not read."
XMP_BYTES_MAX = 4 * 1024**2

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
_EXIF = "{http://ns.adobe.com/exif/1.0/}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class Xmp:
    """What is taken of XMP, as it stands there; texts in the default language."""

    description: str | None = None
    headline: str | None = None
    creators: tuple[str, ...] = ()
    credit: str | None = None
    rights: str | None = None
    subjects: tuple[str, ...] = ()
    city: str | None = None
    country: str | None = None
    taken_at: str | None = None
    created_at: str | None = None
    notes: tuple[str, ...] = ()


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:  # noqa: ARG002
        # Entities are declared in a DOCTYPE; XMP has none. Refusing it here comes before any use.
        raise ET.ParseError("XMP has no DOCTYPE")


def read_xmp(packet: bytes) -> Xmp:
    """Read an XMP packet; what cannot be read becomes a note."""
    packet = packet.strip(b"\0 \r\n\t")
    if not packet:
        return Xmp()
    if len(packet) > XMP_BYTES_MAX:
        return Xmp(notes=(DAMAGED,))
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314 - refuses DOCTYPE, thus entities
    try:
        parser.feed(packet)
        root = parser.close()
    except (ET.ParseError, ValueError, LookupError):
        return Xmp(notes=(DAMAGED,))
    return _taken_from(list(root.iter(f"{_RDF}Description")))


def _taken_from(nodes: list[ET.Element]) -> Xmp:
    return Xmp(
        description=_in_default_language(nodes, f"{_DC}description"),
        headline=_text(nodes, f"{_PHOTOSHOP}Headline"),
        creators=tuple(_items(nodes, f"{_DC}creator")),
        credit=_text(nodes, f"{_PHOTOSHOP}Credit"),
        rights=_in_default_language(nodes, f"{_DC}rights"),
        subjects=tuple(_items(nodes, f"{_DC}subject")),
        city=_text(nodes, f"{_PHOTOSHOP}City"),
        country=_text(nodes, f"{_PHOTOSHOP}Country"),
        taken_at=_text(nodes, f"{_EXIF}DateTimeOriginal"),
        created_at=_text(nodes, f"{_PHOTOSHOP}DateCreated"),
    )


def _text(nodes: list[ET.Element], name: str) -> str | None:
    """A simple property: an attribute or an element."""
    for node in nodes:
        if (attribute := node.get(name)) is not None:
            return attribute
        if (child := node.find(name)) is not None and child.text:
            return child.text
    return None


def _entries(nodes: list[ET.Element], name: str) -> Iterator[ET.Element]:
    for node in nodes:
        for child in node.findall(name):
            yield from child.iter(f"{_RDF}li")


def _items(nodes: list[ET.Element], name: str) -> Iterator[str]:
    """A list; some programs write a single entry as a simple property."""
    entries = [entry.text for entry in _entries(nodes, name) if entry.text]
    simple = _text(nodes, name) if not entries else None
    yield from entries or ([simple] if simple and simple.strip() else [])


def _in_default_language(nodes: list[ET.Element], name: str) -> str | None:
    entries = [entry for entry in _entries(nodes, name) if entry.text]
    entries.sort(key=lambda entry: entry.get(_LANGUAGE) != "x-default")
    return entries[0].text if entries else _text(nodes, name)
