"""IPTC-IIM, the captions that press agencies write: a reader of its datasets.

https://www.iptc.org/std/IIM/4.2/specification/IIMV4.2.pdf
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from portal.transcripts.formats.decode import decode_text

DAMAGED = "The IPTC data is damaged in part; what could be read was kept."

_MARKER = 0x1C
_UTF8 = b"\x1b%G"
_CHARACTER_SET = (1, 90)
_CITY, _COUNTRY = (2, 90), (2, 101)
_KEYWORDS, _HEADLINE, _CREDIT = (2, 25), (2, 105), (2, 110)
_BY_LINE, _COPYRIGHT, _CAPTION = (2, 80), (2, 116), (2, 120)
_DATE_CREATED, _TIME_CREATED = (2, 55), (2, 60)

DataSet = tuple[int, int]
"""Record and number."""


@dataclass(frozen=True)
class Iptc:
    """What is taken of IPTC-IIM, as it stands there."""

    caption: str | None = None
    headline: str | None = None
    by_lines: tuple[str, ...] = ()
    credit: str | None = None
    copyright: str | None = None
    keywords: tuple[str, ...] = ()
    city: str | None = None
    country: str | None = None
    created_at: str | None = None
    notes: tuple[str, ...] = ()


def read_iptc(data: bytes) -> Iptc:
    """Read a block of datasets; what is broken becomes a note."""
    raw: dict[DataSet, list[bytes]] = {}
    end = 0
    for data_set, value, end in _data_sets(data):  # noqa: B007 - how far it got tells the damage
        raw.setdefault(data_set, []).append(value)
    texts = _decoded(raw)
    return Iptc(
        caption=_first(texts, _CAPTION),
        headline=_first(texts, _HEADLINE),
        by_lines=tuple(texts.get(_BY_LINE, ())),
        credit=_first(texts, _CREDIT),
        copyright=_first(texts, _COPYRIGHT),
        keywords=tuple(texts.get(_KEYWORDS, ())),
        city=_first(texts, _CITY),
        country=_first(texts, _COUNTRY),
        created_at=_created_at(texts),
        notes=(DAMAGED,) if data[end:].strip(b"\0") else (),
    )


def _data_sets(data: bytes) -> Iterator[tuple[DataSet, bytes, int]]:
    """Each dataset with its value and where it ends; stops at the first that is broken."""
    at = 0
    while at + 5 <= len(data) and data[at] == _MARKER:
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
    """All texts in one encoding: the declared UTF-8, else the likeliest for all of them."""
    if raw.get(_CHARACTER_SET, [b""])[-1] == _UTF8:
        encoding = "utf-8"
    else:
        values = (value for (record, _), values in raw.items() if record == 2 for value in values)
        encoding = decode_text(b"\n".join(values).replace(b"\0", b"")).encoding
    return {
        data_set: [value.decode(encoding, errors="replace") for value in values]
        for data_set, values in raw.items()
    }


def _first(texts: Mapping[DataSet, Sequence[str]], data_set: DataSet) -> str | None:
    return next((text for text in texts.get(data_set, ()) if text.strip()), None)


def _created_at(texts: Mapping[DataSet, Sequence[str]]) -> str | None:
    date, time = _first(texts, _DATE_CREATED), _first(texts, _TIME_CREATED)
    return f"{date} {time}" if date and time else None
