"""EXIF, read by exifread behind a border: whatever it raises on damaged data becomes a note.

The place (GPS) and maker notes are never looked at.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, BinaryIO

import exifread

from portal.transcripts.formats.decode import decode_text

DAMAGED = "The EXIF data is damaged and was not read."
PARTLY_DAMAGED = "The EXIF data is damaged in part; what could be read was kept."

_TIFF_HEADER = re.compile(rb"II\*\0|MM\0\*")
_HEADER_SEARCHED_BYTES = 64
_ZONE = re.compile(r"Z|[+-][0-9]{2}:[0-9]{2}")
_OTHER_ENCODING = "Possibly corrupted field %s in %s IFD"
"""How exifread warns of a text that is not UTF-8; we read those ourselves."""


@dataclass(frozen=True)
class Exif:
    """What is taken of EXIF, as it stands there; None or zero where it says nothing."""

    description: str | None = None
    artist: str | None = None
    copyright: str | None = None
    make: str | None = None
    model: str | None = None
    lens: str | None = None
    exposure_seconds: Fraction | None = None
    f_number: Fraction | None = None
    iso: int | None = None
    focal_millimetres: Fraction | None = None
    taken_at: str | None = None
    digitized_at: str | None = None
    notes: tuple[str, ...] = ()


def tiff_start(block: bytes) -> bytes | None:
    """The TIFF structure in an EXIF block, whatever marker stands before it."""
    match = _TIFF_HEADER.search(block[: _HEADER_SEARCHED_BYTES + 4])
    return None if match is None else block[match.start() :]


def read_exif(tiff: BinaryIO) -> Exif:
    """Read an EXIF block, a TIFF structure; never raises on what stands in it."""
    with _collected_warnings() as warnings:
        try:
            tags: Mapping[str, Any] = exifread.process_file(
                tiff, details=False, extract_thumbnail=False
            )
            exif = _taken_from(tags)
        except Exception:  # noqa: BLE001 - the border: seven kinds of errors were met in the wild
            return Exif(notes=(DAMAGED,))
    if not tags:
        return Exif(notes=(DAMAGED,))
    return replace(exif, notes=(PARTLY_DAMAGED,)) if warnings else exif


def _taken_from(tags: Mapping[str, Any]) -> Exif:
    return Exif(
        description=_text(tags, "Image ImageDescription"),
        artist=_text(tags, "Image Artist"),
        copyright=_text(tags, "Image Copyright"),
        make=_text(tags, "Image Make"),
        model=_text(tags, "Image Model"),
        lens=_text(tags, "EXIF LensModel"),
        exposure_seconds=_number(tags, "EXIF ExposureTime"),
        f_number=_number(tags, "EXIF FNumber"),
        iso=_whole(_number(tags, "EXIF ISOSpeedRatings")),
        focal_millimetres=_number(tags, "EXIF FocalLength"),
        taken_at=_instant(tags, "Original"),
        digitized_at=_instant(tags, "Digitized"),
    )


def _text(tags: Mapping[str, Any], name: str) -> str | None:
    values = getattr(tags.get(name), "values", None)
    if isinstance(values, bytes):
        return decode_text(values).text
    return values if isinstance(values, str) else None


def _number(tags: Mapping[str, Any], name: str) -> Fraction | None:
    values = getattr(tags.get(name), "values", None)
    first = values[0] if isinstance(values, list) and values else None
    if isinstance(first, Fraction | int) and first.denominator != 0 and first > 0:
        return Fraction(first.numerator, first.denominator)
    return None


def _whole(number: Fraction | None) -> int | None:
    return None if number is None else round(number)


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


@contextmanager
def _collected_warnings() -> Iterator[list[str]]:
    """What exifread says of the data goes to its logger; nobody reads that in the sandbox."""
    collected: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.msg != _OTHER_ENCODING:
                collected.append(record.getMessage())

    logger, collector = logging.getLogger("exifread"), Collector(logging.WARNING)
    was_propagated, logger.propagate = logger.propagate, False
    logger.addHandler(collector)
    try:
        yield collected
    finally:
        logger.removeHandler(collector)
        logger.propagate = was_propagated
