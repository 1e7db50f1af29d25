"""XMP: a reader of the few properties that are taken, on a parser without entities.

ISO 16684-1; IPTC Photo Metadata https://www.iptc.org/std/photometadata/specification; regions of
https://www.metadataworkinggroup.org (section 5.9)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from workers.photo.charsets import decode

DAMAGED = "The XMP data is damaged and was not read."
PARTLY_DAMAGED = "The XMP data is damaged in part; what could be read was kept."

DEFAULT_LANGUAGE = "x-default"

_PADDING = b"\0 \r\n\t"
_UTF16_STARTS = frozenset({b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<"})
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DEPTH_MAX = 60
_VALUES_MAX = 5_000

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns# "
_LI, _ROOT = f"{_RDF}li", f"{_RDF}RDF"
_LANGUAGE = "http://www.w3.org/XML/1998/namespace lang"
_DC = "http://purl.org/dc/elements/1.1/ "
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/ "
_EXIF = "http://ns.adobe.com/exif/1.0/ "
_LENS = "http://ns.adobe.com/exif/1.0/aux/ "
_RAW = "http://ns.adobe.com/camera-raw-settings/1.0/ "
_HISTORY = "http://ns.adobe.com/xap/1.0/mm/ "
_NOTE = "http://ns.adobe.com/xmp/note/ "
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/ "
_REGIONS = "http://www.metadataworkinggroup.com/schemas/regions/ "

Path = tuple[str, ...]
"""Names of properties from the outermost inwards, without those of RDF."""

DESCRIPTION: Path = (f"{_DC}description",)
RIGHTS: Path = (f"{_DC}rights",)
CREATORS: Path = (f"{_DC}creator",)
SUBJECTS: Path = (f"{_DC}subject",)
HEADLINE: Path = (f"{_PHOTOSHOP}Headline",)
CREDIT: Path = (f"{_PHOTOSHOP}Credit",)
SOURCE: Path = (f"{_PHOTOSHOP}Source",)
CITY: Path = (f"{_PHOTOSHOP}City",)
COUNTRY: Path = (f"{_PHOTOSHOP}Country",)
CREATED_AT: Path = (f"{_PHOTOSHOP}DateCreated",)
TAKEN_AT: Path = (f"{_EXIF}DateTimeOriginal",)
LENS: Path = (f"{_LENS}Lens",)
PRESERVED_FILENAME: Path = (f"{_HISTORY}PreservedFileName",)
RAW_FILENAME: Path = (f"{_RAW}RawFileName",)
EXTENSION: Path = (f"{_NOTE}HasExtendedXMP",)
SHOWN: Path = (f"{_IPTC}PersonInImage",)
SHOWN_DETAILED: Path = (f"{_IPTC}PersonInImageWDetails", f"{_IPTC}PersonName")
SHOWN_CITY: Path = (f"{_IPTC}LocationShown", f"{_IPTC}City")
SHOWN_COUNTRY: Path = (f"{_IPTC}LocationShown", f"{_IPTC}CountryName")
REGION_NAME: Path = (f"{_REGIONS}Regions", f"{_REGIONS}RegionList", f"{_REGIONS}Name")
REGION_TYPE: Path = (f"{_REGIONS}Regions", f"{_REGIONS}RegionList", f"{_REGIONS}Type")

_WANTED = frozenset(
    {
        *(DESCRIPTION, RIGHTS, CREATORS, SUBJECTS, HEADLINE, CREDIT, SOURCE, CITY, COUNTRY),
        *(CREATED_AT, TAKEN_AT, LENS, PRESERVED_FILENAME, RAW_FILENAME, EXTENSION),
        *(SHOWN, SHOWN_DETAILED, SHOWN_CITY, SHOWN_COUNTRY, REGION_NAME, REGION_TYPE),
    }
)
_OUTERMOST = frozenset(path[0] for path in _WANTED)
_FACE = "Face"


@dataclass(frozen=True)
class Value:
    """`item` counts the entries of the outermost list, so that fields of one entry are told."""

    text: str
    language: str | None
    item: int


@dataclass(frozen=True)
class Xmp:
    """What is taken of XMP, as it stands there: every value of each property."""

    values: Mapping[Path, tuple[Value, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def text(self, *paths: Path) -> str | None:
        """The first of the properties that says something, in its default language."""
        for path in paths:
            found = sorted(self.values.get(path, ()), key=lambda v: v.language != DEFAULT_LANGUAGE)
            if found:
                return found[0].text
        return None

    def texts(self, path: Path) -> tuple[str, ...]:
        return tuple(value.text for value in self.values.get(path, ()))

    def in_languages(self, path: Path) -> dict[str, str]:
        """{language as it is written there: text}, without what names none."""
        found = self.values.get(path, ())
        return {value.language: value.text for value in reversed(found) if value.language}

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody shown, by their names."""
        others = {v.item for v in self.values.get(REGION_TYPE, ()) if v.text != _FACE}
        regions = (v.text for v in self.values.get(REGION_NAME, ()) if v.item not in others)
        return (*self.texts(SHOWN), *self.texts(SHOWN_DETAILED), *regions)


def read_xmp(packet: bytes, extensions: Mapping[str, bytes] | None = None) -> Xmp:
    """Read an XMP packet, and the extension that it names; what cannot be read becomes a note."""
    packet = _without_padding(packet)
    if not packet:
        return Xmp()
    values, is_whole = _read(packet)
    for name in values.get(EXTENSION, ()):
        more, is_rest_whole = _read(_without_padding((extensions or {}).get(name.text, b"")))
        values = {**more, **values}
        is_whole = is_whole and is_rest_whole
    if is_whole:
        return Xmp(values)
    return Xmp(values, notes=(PARTLY_DAMAGED if values else DAMAGED,))


def _without_padding(packet: bytes) -> bytes:
    return packet if packet[:2] in _UTF16_STARTS else packet.strip(_PADDING)


def _read(packet: bytes) -> tuple[dict[Path, tuple[Value, ...]], bool]:
    """What is taken of it, and whether all of it could be read."""
    properties = _Properties()
    is_whole = _parse(properties, packet)
    if not (is_whole or properties.is_refused or packet[:2] in _UTF16_STARTS):
        mended = _Properties()
        _parse(mended, _mended(packet))
        properties = mended
    return {path: tuple(found) for path, found in properties.values.items()}, is_whole


def _mended(packet: bytes) -> bytes:
    """In UTF-8, and without the characters that XML cannot have."""
    return _NO_XML.sub("", decode(packet)).encode(errors="replace")


def _parse(properties: _Properties, packet: bytes) -> bool:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = properties.start
    parser.EndElementHandler = properties.end
    parser.CharacterDataHandler = properties.text
    # Entities are declared in a DOCTYPE; XMP has none. Refusing it here comes before any use.
    parser.StartDoctypeDeclHandler = properties.refuse
    try:
        parser.Parse(packet, True)
    except (expat.ExpatError, _RefusedError, ValueError, LookupError):
        return False
    return True


class _RefusedError(Exception):
    """It is no XMP: it declares entities, or is nested without end."""


class _Properties:
    """Gathers the wanted values while the parser goes through a packet."""

    def __init__(self) -> None:
        self.values: dict[Path, list[Value]] = {}
        self.is_refused = False
        self._item = 0
        self._path: list[str] = []
        self._lengths: list[int] = []  # of the path, before each open element inside rdf:RDF
        self._is_inside = False
        self._depth = 0
        self._skipped_depth = 0  # of the property that is not wanted; 0: none
        self._item_depth = 0  # of the outermost entry of a list; 0: in none
        self._language: str | None = None
        self._text: list[str] = []

    def refuse(self, *_doctype: object) -> None:
        self.is_refused = True
        raise _RefusedError

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._skipped_depth:
            return
        if self._depth > _DEPTH_MAX:
            self.refuse()
        if not self._is_inside:
            self._is_inside = name == _ROOT
            return
        is_rdf = name.startswith(_RDF)
        if not (is_rdf or self._path or name in _OUTERMOST):
            self._skipped_depth = self._depth
            return
        self._text.clear()
        self._lengths.append(len(self._path))
        if not is_rdf:
            self._path.append(name)
        elif name == _LI and not self._item_depth:
            self._item, self._item_depth = self._item + 1, self._depth
        self._language = attributes.get(_LANGUAGE)
        for attribute, text in attributes.items():
            self._add((*self._path, attribute), text)

    def text(self, text: str) -> None:
        if self._path and not self._skipped_depth:
            self._text.append(text)

    def end(self, _name: str) -> None:
        self._depth -= 1
        if self._skipped_depth:
            if self._depth < self._skipped_depth:
                self._skipped_depth = 0
            return
        if self._depth < self._item_depth:
            self._item_depth = 0
        if self._text:
            self._add(tuple(self._path), "".join(self._text))
            self._text.clear()
        self._language = None
        if self._lengths:
            del self._path[self._lengths.pop() :]

    def _add(self, path: Path, text: str) -> None:
        if path not in _WANTED or not text.strip():
            return
        found = self.values.setdefault(path, [])
        if len(found) < _VALUES_MAX:
            found.append(Value(text, self._language, self._item))
