"""EXIF, read by exifread behind a border: whatever it raises on damaged data becomes a note.

It is given a small structure of the wanted fields alone, each checked to be there and of a
sensible size. So neither a hostile structure nor a long maker note costs time, and the place
(GPS position) and the owner's name are not even decoded.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import Any

import exifread

from workers.photo import tiff
from workers.photo.blocks.models import Data
from workers.photo.charsets import decode
from workers.photo.tiff import ASCII, Directory, Field, Order

DAMAGED = "The EXIF data is damaged and was not read."
PARTLY_DAMAGED = "The EXIF data is damaged in part; what could be read was kept."

_EXIF_POINTER, _GPS_POINTER = 0x8769, 0x8825
_TEXTS_AND_ORIENTATION = frozenset({0x010E, 0x010F, 0x0110, 0x0112, 0x013B, 0x8298})
_IN_FIRST = _TEXTS_AND_ORIENTATION | {_EXIF_POINTER, _GPS_POINTER}
_EXPOSURE = frozenset({0x829A, 0x829D, 0x8827, 0x8832, 0x920A})
_TIMES = frozenset({0x9003, 0x9004, 0x9011, 0x9012, 0x9291, 0x9292})
_LENS, _SERIAL_NUMBER = 0xA434, 0xA431
_IN_EXIF = _EXPOSURE | _TIMES | {_LENS, _SERIAL_NUMBER}
_IN_GPS = frozenset({0x0007, 0x001D})
"""Time and date of the satellites; nothing of the place."""
_VALUE_BYTES_MAX = 64 * 1024
_NUMBERS_MAX = 16

_ISO_IS_ELSEWHERE = 65535
_ZONE = re.compile(r"Z|[+-][0-9]{2}:[0-9]{2}")
_GPS_DATE = re.compile(r"([0-9]{4})[:-]([0-9]{2})[:-]([0-9]{2})")

# It warns of texts that are not UTF-8, which are read here; nobody reads its log in the sandbox.
logging.getLogger("exifread").addHandler(logging.NullHandler())
logging.getLogger("exifread").propagate = False


@dataclass(frozen=True)
class Exif:
    """What is taken of EXIF, as it stands there; None or zero where it says nothing.

    `serial_number` only tells cameras apart; it is never kept or shown.
    """

    description: str | None = None
    artist: str | None = None
    copyright: str | None = None
    make: str | None = None
    model: str | None = None
    serial_number: str | None = None
    lens: str | None = None
    orientation: int | None = None
    exposure_seconds: Fraction | None = None
    f_number: Fraction | None = None
    iso: int | None = None
    focal_millimetres: Fraction | None = None
    taken_at: str | None = None
    digitized_at: str | None = None
    gps_at: str | None = None
    notes: tuple[str, ...] = ()


def read_exif(block: Data) -> Exif:
    """Read an EXIF block, a TIFF structure; never raises on what stands in it."""
    if not block:
        return Exif()
    order = tiff.byte_order(block)
    if order is None:
        return Exif(notes=(DAMAGED,))
    first, exif, gps = _directories(block, order)
    notes = (PARTLY_DAMAGED,) if first.is_damaged or exif.is_damaged else ()
    if not (first.fields or exif.fields):
        return Exif(notes=(DAMAGED,) if notes else ())
    try:
        tags: Mapping[str, Any] = exifread.process_file(
            BytesIO(_only(order, first, exif, gps)), details=False, extract_thumbnail=False
        )
        return _taken_from(tags, notes)
    except Exception:  # noqa: BLE001 - the border: seven kinds of errors were met in the wild
        return Exif(notes=(DAMAGED,))


def _directories(block: Data, order: Order) -> tuple[Directory, Directory, Directory]:
    def read(offset: int | None, wanted: frozenset[int]) -> Directory:
        if offset is None:
            return Directory({})
        return tiff.read_directory(block, order, offset, wanted, value_bytes_max=_VALUE_BYTES_MAX)

    first = read(tiff.first_directory(block, order), _IN_FIRST)
    to_exif, to_gps = first.fields.pop(_EXIF_POINTER, None), first.fields.pop(_GPS_POINTER, None)
    exif = read(tiff.pointed_at(to_exif, order), _IN_EXIF)
    # Some cameras point to an empty place instead of leaving this pointer out.
    gps = Directory(read(tiff.pointed_at(to_gps, order), _IN_GPS).fields)
    is_lost = to_exif is not None and tiff.pointed_at(to_exif, order) is None
    return Directory(first.fields, first.is_damaged or is_lost), exif, gps


def _only(order: Order, first: Directory, exif: Directory, gps: Directory) -> bytes:
    """A structure of these fields alone."""
    exif_at = tiff.HEADER_BYTES
    inner = tiff.write_directory(order, _decodable(exif), at=exif_at)
    gps_at = exif_at + len(inner)
    inner += tiff.write_directory(order, _decodable(gps), at=gps_at)
    pointers = [
        tiff.pointer(order, tag, at)
        for tag, at, directory in ((_EXIF_POINTER, exif_at, exif), (_GPS_POINTER, gps_at, gps))
        if directory.fields
    ]
    first_at = exif_at + len(inner)
    outer = tiff.write_directory(order, [*_decodable(first), *pointers], at=first_at)
    return tiff.header(order, first_at) + inner + outer


def _decodable(directory: Directory) -> list[Field]:
    return [
        field
        for field in directory.fields.values()
        if field.type == ASCII or field.count <= _NUMBERS_MAX
    ]


def _taken_from(tags: Mapping[str, Any], notes: tuple[str, ...]) -> Exif:
    return Exif(
        description=_text(tags, "Image ImageDescription"),
        artist=_text(tags, "Image Artist"),
        copyright=_text(tags, "Image Copyright"),
        make=_text(tags, "Image Make"),
        model=_text(tags, "Image Model"),
        serial_number=_text(tags, "EXIF BodySerialNumber"),
        lens=_text(tags, "EXIF LensModel"),
        orientation=_orientation(tags),
        exposure_seconds=_number(tags, "EXIF ExposureTime"),
        f_number=_number(tags, "EXIF FNumber"),
        iso=_iso(tags),
        focal_millimetres=_number(tags, "EXIF FocalLength"),
        taken_at=_instant(tags, "Original"),
        digitized_at=_instant(tags, "Digitized"),
        gps_at=_gps_instant(tags),
        notes=notes,
    )


def _values(tags: Mapping[str, Any], name: str) -> Any:
    return getattr(tags.get(name), "values", None)


def _text(tags: Mapping[str, Any], name: str) -> str | None:
    values = _values(tags, name)
    if isinstance(values, bytes):
        return decode(values)
    return values if isinstance(values, str) else None


def _numbers(tags: Mapping[str, Any], name: str) -> list[Fraction]:
    """All of them, or none when one is none: 1/0 stands for infinity, 0/0 for unknown."""
    values = _values(tags, name)
    numbers = values if isinstance(values, list) else []
    is_sound = all(isinstance(number, Fraction | int) and number.denominator for number in numbers)
    return [Fraction(number.numerator, number.denominator) for number in numbers if is_sound]


def _number(tags: Mapping[str, Any], name: str) -> Fraction | None:
    first = next(iter(_numbers(tags, name)), Fraction(0))
    return first if first > 0 else None


def _iso(tags: Mapping[str, Any]) -> int | None:
    """The field has 16 bits; cameras write more into another one."""
    iso = _number(tags, "EXIF ISOSpeedRatings")
    if iso == _ISO_IS_ELSEWHERE:
        iso = _number(tags, "EXIF RecommendedExposureIndex") or iso
    return None if iso is None else round(iso)


def _orientation(tags: Mapping[str, Any]) -> int | None:
    number = _number(tags, "Image Orientation")
    return int(number) if number is not None and number in range(1, 9) else None


def _instant(tags: Mapping[str, Any], which: str) -> str | None:
    """The date and time, with its fraction and zone when they are there, as XMP would write it."""
    date_time = _text(tags, f"EXIF DateTime{which}")
    if date_time is None or not date_time.strip():
        return None
    fraction = (_text(tags, f"EXIF SubSecTime{which}") or "").strip()
    zone = (_text(tags, f"EXIF OffsetTime{which}") or "").strip()
    has_fraction = fraction.isascii() and fraction.isdigit()
    has_zone = _ZONE.fullmatch(zone) is not None
    return date_time + (f".{fraction}" if has_fraction else "") + (zone if has_zone else "")


def _gps_instant(tags: Mapping[str, Any]) -> str | None:
    """The satellites' time, which is UTC, when it has a date with it."""
    date = _GPS_DATE.fullmatch((_text(tags, "GPS GPSDate") or "").strip())
    time = _numbers(tags, "GPS GPSTimeStamp")
    if date is None or len(time) != 3 or not all(0 <= number < 60 for number in time):
        return None
    hour, minute, second = (int(number) for number in time)
    return f"{'-'.join(date.groups())} {hour:02}:{minute:02}:{second:02}Z"
