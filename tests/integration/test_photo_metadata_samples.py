"""What is read of twenty real photos is what exiftool reads; where it is not, it is said why."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from portal.assets.models import CapturedAtSource
from workers.photo import xmp
from workers.photo.blocks.find import opened
from workers.photo.merge import merge
from workers.photo.sources import Sources, read_sources

Tags = Mapping[str, Any]
Value = str | float | None


def _text(value: object) -> str | None:
    """As it is compared: lists joined, without what only fills up, lines ended alike."""
    text = "|".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
    return re.sub(r"\r\n?", "\n", text).strip("\0 \n") or None


def _number(value: object) -> float | None:
    return float(f"{float(value):.6g}") if isinstance(value, int | float | Fraction) else None


def _moment(value: object) -> str | None:
    """As exiftool writes XMP's dates."""
    text = _text(value)
    return text and re.sub(r"^(\d{4})-(\d{2})(?:-(\d{2}))?T?", r"\1:\2:\3 ", text).strip(" :")


def _of_exif(tags: Tags, which: str) -> str | None:
    """Date and time with the fraction and the zone, which stand in fields of their own."""
    subsec = {"Original": "SubSecTimeOriginal", "Digitized": "SubSecTimeDigitized"}[which]
    date = "DateTimeOriginal" if which == "Original" else "CreateDate"
    moment = _text(tags.get(f"ExifIFD:{date}"))
    fraction, zone = tags.get(f"ExifIFD:{subsec}"), tags.get(f"ExifIFD:OffsetTime{which}")
    digits = "" if fraction in {None, ""} else f".{str(fraction).strip()}"
    return moment and moment + digits + (zone or "")


def _of_gps(tags: Tags) -> str | None:
    date, time = tags.get("GPS:GPSDateStamp"), tags.get("GPS:GPSTimeStamp")
    return f"{date.replace(':', '-')} {time[:8]}Z" if date and time else None


Reader = Callable[[Sources, Tags], tuple[Value, Value]]


def _text_of(tag: str, ours: Callable[[Sources], object]) -> Reader:
    return lambda sources, tags: (_text(ours(sources)), _text(tags.get(tag)))


def _number_of(tag: str, ours: Callable[[Sources], object]) -> Reader:
    return lambda sources, tags: (_number(ours(sources)), _number(tags.get(tag)))


def _xmp_text(tag: str, path: xmp.Path) -> Reader:
    return _text_of(tag, lambda sources: sources.xmp.text(path))


def _xmp_moment(tag: str, path: xmp.Path) -> Reader:
    return lambda sources, tags: (_moment(sources.xmp.text(path)), _moment(tags.get(tag)))


def _xmp_list(tag: str, path: xmp.Path) -> Reader:
    return _text_of(tag, lambda sources: sources.xmp.texts(path))


FIELDS: Mapping[str, Reader] = {
    "exif description": _text_of("IFD0:ImageDescription", lambda s: s.exif.description),
    "exif artist": _text_of("IFD0:Artist", lambda s: s.exif.artist),
    "exif copyright": _text_of("IFD0:Copyright", lambda s: s.exif.copyright),
    "exif make": _text_of("IFD0:Make", lambda s: s.exif.make),
    "exif model": _text_of("IFD0:Model", lambda s: s.exif.model),
    "exif serial number": _text_of("ExifIFD:SerialNumber", lambda s: s.exif.serial_number),
    "exif lens": _text_of("ExifIFD:LensModel", lambda s: s.exif.lens),
    "exif orientation": _number_of("IFD0:Orientation", lambda s: s.exif.orientation),
    "exif exposure": _number_of("ExifIFD:ExposureTime", lambda s: s.exif.exposure_seconds),
    "exif f-number": _number_of("ExifIFD:FNumber", lambda s: s.exif.f_number),
    "exif sensitivity": _number_of("ExifIFD:ISO", lambda s: s.exif.iso),
    "exif focal length": _number_of("ExifIFD:FocalLength", lambda s: s.exif.focal_millimetres),
    "exif taken": lambda s, tags: (s.exif.taken_at, _of_exif(tags, "Original")),
    "exif digitized": lambda s, tags: (s.exif.digitized_at, _of_exif(tags, "Digitized")),
    "exif satellites": lambda s, tags: (s.exif.gps_at, _of_gps(tags)),
    "iptc caption": _text_of("IPTC:Caption-Abstract", lambda s: s.iptc.caption),
    "iptc headline": _text_of("IPTC:Headline", lambda s: s.iptc.headline),
    "iptc by-line": _text_of("IPTC:By-line", lambda s: s.iptc.by_lines),
    "iptc credit": _text_of("IPTC:Credit", lambda s: s.iptc.credit),
    "iptc source": _text_of("IPTC:Source", lambda s: s.iptc.source),
    "iptc copyright": _text_of("IPTC:CopyrightNotice", lambda s: s.iptc.copyright),
    "iptc keywords": _text_of("IPTC:Keywords", lambda s: s.iptc.keywords),
    "iptc city": _text_of("IPTC:City", lambda s: s.iptc.city),
    "iptc country": _text_of("IPTC:Country-PrimaryLocationName", lambda s: s.iptc.country),
    "iptc digest": lambda s, tags: (
        str(s.iptc.is_newer_than_xmp),
        str(tags.get("Photoshop:IPTCDigest") not in {None, tags.get("File:CurrentIPTCDigest")}),
    ),
    "xmp description": _xmp_text("XMP-dc:Description", xmp.DESCRIPTION),
    "xmp rights": _xmp_text("XMP-dc:Rights", xmp.RIGHTS),
    "xmp creators": _xmp_list("XMP-dc:Creator", xmp.CREATORS),
    "xmp subjects": _xmp_list("XMP-dc:Subject", xmp.SUBJECTS),
    "xmp headline": _xmp_text("XMP-photoshop:Headline", xmp.HEADLINE),
    "xmp credit": _xmp_text("XMP-photoshop:Credit", xmp.CREDIT),
    "xmp source": _xmp_text("XMP-photoshop:Source", xmp.SOURCE),
    "xmp city": _xmp_text("XMP-photoshop:City", xmp.CITY),
    "xmp country": _xmp_text("XMP-photoshop:Country", xmp.COUNTRY),
    "xmp created": _xmp_moment("XMP-photoshop:DateCreated", xmp.CREATED_AT),
    "xmp taken": _xmp_moment("XMP-exif:DateTimeOriginal", xmp.TAKEN_AT),
    "xmp lens": _xmp_text("XMP-aux:Lens", xmp.LENS),
    "xmp file name": _xmp_text("XMP-xmpMM:PreservedFileName", xmp.PRESERVED_FILENAME),
    "xmp raw file name": _xmp_text("XMP-crs:RawFileName", xmp.RAW_FILENAME),
    "xmp people shown": _xmp_list("XMP-iptcExt:PersonInImage", xmp.SHOWN),
    "xmp regions": _xmp_list("XMP-mwg-rs:RegionName", xmp.REGION_NAME),
}

DIFFERENCES: Mapping[tuple[str, str], tuple[Value, Value, str]] = {}
"""{(photo, field): (ours, exiftool's, why)}"""


@pytest.fixture(scope="module")
def said_by_exiftool(samples: Path) -> dict[str, Tags]:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed; it is the second opinion on metadata")
    photos = sorted(map(str, (samples / "photos").iterdir()))
    command = ["exiftool", "-j", "-G1", "-n", *photos]
    answer = subprocess.run(command, capture_output=True, check=True).stdout
    return {Path(tags["SourceFile"]).name: tags for tags in json.loads(answer)}


def read(path: Path) -> Sources:
    with opened(path) as data:
        return read_sources(data)


def _differences(
    samples: Path, said_by_exiftool: Mapping[str, Tags]
) -> Iterator[tuple[tuple[str, str], tuple[Value, Value]]]:
    for name, tags in said_by_exiftool.items():
        sources = read(samples / "photos" / name)
        for field, compare in FIELDS.items():
            ours, theirs = compare(sources, tags)
            if ours != theirs:
                yield (name, field), (ours, theirs)


def test_every_value_is_what_exiftool_reads_or_it_is_said_why(
    samples: Path, said_by_exiftool: Mapping[str, Tags]
) -> None:
    found = dict(_differences(samples, said_by_exiftool))
    assert found == {key: difference[:2] for key, difference in DIFFERENCES.items()}


def test_fields_are_compared_that_are_there(
    said_by_exiftool: Mapping[str, Tags], samples: Path
) -> None:
    """The comparison is worth something only if the photos have something to compare."""
    compared = {
        field
        for name, tags in said_by_exiftool.items()
        for field, compare in FIELDS.items()
        if compare(read(samples / "photos" / name), tags)[1] is not None
    }
    assert len(compared) > 25


@pytest.mark.parametrize(
    ("name", "source", "offset_hours"),
    [
        ("IMG_5195.HEIC", CapturedAtSource.EXIF_OFFSET, -5),
        ("iphone_hdr_NO.jpg", CapturedAtSource.GPS, 2),
        ("jolla.jpg", CapturedAtSource.XMP, 2),
        ("30-type_error.jpg", CapturedAtSource.XMP, 0),
        ("Canon_40D.jpg", CapturedAtSource.EVENT_ZONE, None),
        # Its satellites are a day ahead of its clock: one of them is wrong.
        ("DSCN0010.jpg", CapturedAtSource.EVENT_ZONE, None),
        ("long_description.jpg", None, None),
    ],
)
def test_what_tells_the_zone(
    samples: Path, name: str, source: CapturedAtSource | None, offset_hours: int | None
) -> None:
    merged = merge(read(samples / "photos" / name), now=datetime.now(UTC))
    offset_seconds = merged.clock.offset_seconds if merged.clock else None
    assert merged.metadata.captured_at_source == source
    assert offset_seconds == (None if offset_hours is None else offset_hours * 3600)


def test_nothing_private_is_taken_of_any_photo(
    samples: Path, said_by_exiftool: Mapping[str, Tags]
) -> None:
    private = re.compile("GPS|Serial|Owner|UniqueID|Identifier|MakerNote|Apple:|Nikon:|Canon:")
    looked_for = 0
    for name, tags in said_by_exiftool.items():
        taken = repr(merge(read(samples / "photos" / name), now=datetime.now(UTC)))
        for tag, value in tags.items():
            is_telling = private.search(tag) and len(str(value)) > 6
            if is_telling and not str(value).isalpha():
                looked_for += 1
                assert str(value) not in taken, f"{tag} of {name}"
    assert looked_for > 100
