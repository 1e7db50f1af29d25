"""IPTC-IIM, the captions that press agencies write: a reader of its datasets.

https://www.iptc.org/std/IIM/4.2/specification/IIMV4.2.pdf
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5

from workers.photo.charsets import REPLACEMENT, decode_utf8, guess_encoding

DAMAGED = "The IPTC data is damaged in part; what could be read was kept."
UNREADABLE_LETTERS = "Some letters of the IPTC texts cannot be read."

DATASETS_MAX = 5_000
_MARKER = 0x1C
_CHARACTER_SET = (1, 90)
_CITY, _COUNTRY = (2, 90), (2, 101)
_KEYWORDS, _HEADLINE, _CREDIT, _SOURCE = (2, 25), (2, 105), (2, 110), (2, 115)
_BY_LINE, _COPYRIGHT, _CAPTION = (2, 80), (2, 116), (2, 120)
_DATE_CREATED, _TIME_CREATED = (2, 55), (2, 60)
_TEXTS = frozenset(
    {_CITY, _COUNTRY, _KEYWORDS, _HEADLINE, _CREDIT, _SOURCE, _BY_LINE, _COPYRIGHT, _CAPTION}
)
_TAKEN = _TEXTS | {_CHARACTER_SET, _DATE_CREATED, _TIME_CREATED}

_ENCODINGS = {
    b"\x1b.A": "latin-1",
    b"\x1b-A": "latin-1",
    b"\x1b.B": "iso8859-2",
    b"\x1b-B": "iso8859-2",
    b"\x1b-L": "iso8859-5",
}
"""What 1:90 may name besides UTF-8, which needs no name: it is tried first. ISO 2022"""

DataSet = tuple[int, int]
"""Record and number."""


@dataclass(frozen=True)
class Iptc:
    """What is taken of IPTC-IIM, as it stands there.

    `is_newer_than_xmp`: a program that knows no XMP has changed it after the XMP was written.
    """

    caption: str | None = None
    headline: str | None = None
    by_lines: tuple[str, ...] = ()
    credit: str | None = None
    source: str | None = None
    copyright: str | None = None
    keywords: tuple[str, ...] = ()
    city: str | None = None
    country: str | None = None
    created_at: str | None = None
    is_newer_than_xmp: bool = False
    notes: tuple[str, ...] = ()


def read_iptc(data: bytes, *, digest: bytes = b"") -> Iptc:
    """Read a block of datasets; what is broken becomes a note. `digest`: see `Blocks`."""
    if not data:
        return Iptc()
    raw: dict[DataSet, list[bytes]] = {}
    end = 0
    for data_set, value, end in _data_sets(data):  # noqa: B007 - how far it got tells the damage
        if data_set in _TAKEN:
            raw.setdefault(data_set, []).append(value)
    texts = _decoded(raw)
    return Iptc(
        caption=_first(texts, _CAPTION),
        headline=_first(texts, _HEADLINE),
        by_lines=tuple(texts.get(_BY_LINE, ())),
        credit=_first(texts, _CREDIT),
        source=_first(texts, _SOURCE),
        copyright=_first(texts, _COPYRIGHT),
        keywords=tuple(texts.get(_KEYWORDS, ())),
        city=_first(texts, _CITY),
        country=_first(texts, _COUNTRY),
        created_at=_created_at(texts),
        is_newer_than_xmp=_is_changed(data, digest),
        notes=tuple(_notes(data[end:], texts)),
    )


def _data_sets(data: bytes) -> Iterator[tuple[DataSet, bytes, int]]:
    """Each dataset with its value and where it ends; stops at the first that is broken."""
    at = 0
    for _ in range(DATASETS_MAX):
        if at + 5 > len(data) or data[at] != _MARKER:
            return
        record, number = data[at + 1], data[at + 2]
        length, at = int.from_bytes(data[at + 3 : at + 5]), at + 5
        if length & 0x8000:  # an extended dataset: this is the length of the length
            length_bytes = length & 0x7FFF
            length, at = int.from_bytes(data[at : at + length_bytes]), at + length_bytes
        if at + length > len(data):
            return
        yield (record, number), data[at : at + length], at + length
        at += length


def _decoded(raw: Mapping[DataSet, Sequence[bytes]]) -> dict[DataSet, list[str]]:
    """Each text as UTF-8 when it is that, whatever is declared; the others in one encoding.

    Programs that write UTF-8 leave older datasets as they are, and some declare nothing.
    """
    utf8 = {key: [decode_utf8(value) for value in values] for key, values in raw.items()}
    if all(text is not None for texts in utf8.values() for text in texts):
        return {key: [text or "" for text in texts] for key, texts in utf8.items()}
    declared = _ENCODINGS.get(raw.get(_CHARACTER_SET, [b""])[-1])
    encoding = declared or guess_encoding(
        value
        for key, values in raw.items()
        for value, text in zip(values, utf8[key], strict=True)
        if text is None and key in _TEXTS
    )
    return {
        key: [
            value.decode(encoding, errors="replace") if text is None else text
            for value, text in zip(values, utf8[key], strict=True)
        ]
        for key, values in raw.items()
    }


def _first(texts: Mapping[DataSet, Sequence[str]], data_set: DataSet) -> str | None:
    return next((text for text in texts.get(data_set, ()) if text.strip("\0 \t\r\n")), None)


def _created_at(texts: Mapping[DataSet, Sequence[str]]) -> str | None:
    date, time = _first(texts, _DATE_CREATED), _first(texts, _TIME_CREATED)
    return f"{date} {time}" if date and time else None


def _is_changed(data: bytes, digest: bytes) -> bool:
    """https://exiftool.org/TagNames/Photoshop.html: all zeros, or none, says nothing."""
    if not any(digest):
        return False
    return md5(data, usedforsecurity=False).digest() != digest


def _notes(rest: bytes, texts: Mapping[DataSet, Sequence[str]]) -> Iterator[str]:
    if rest.strip(b"\0"):
        yield DAMAGED
    if any(REPLACEMENT in text for key in _TEXTS for text in texts.get(key, ())):
        yield UNREADABLE_LETTERS
