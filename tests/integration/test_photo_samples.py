"""Twenty real photos in the real sandbox: upright and bare, and read as exiftool reads them."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from portal.settings import Settings
from workers.photo.models import PhotoReading
from workers.photo.reading import read_photo
from workers.sandbox import Sandbox, detect_level

SAMPLES = (
    "30-type_error.jpg 45-gps_ifd.jpg BlueSquare.jpg Canon_40D.jpg Canon_40D_photoshop_import.jpg "
    "DSCN0010.jpg DSCN0012.jpg DSCN0042.jpg IMG_5195.HEIC Jobagent.tiff image00971.jpg "
    "image01137.jpg iphone_hdr_NO.jpg jolla.jpg landscape_1.jpg landscape_6.jpg "
    "long_description.jpg nikon-e950.jpg portrait_3.jpg portrait_8.jpg"
)
LANDSCAPES = {"landscape_1.jpg", "landscape_6.jpg"}
PORTRAITS = {"portrait_3.jpg", "portrait_8.jpg"}


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(detect_level())


@dataclass(frozen=True)
class Sample:
    path: Path
    reading: PhotoReading
    sizes: Path


@pytest.fixture(scope="module", params=SAMPLES.split())
def sample(
    request: pytest.FixtureRequest,
    samples: Path,
    sandbox: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Sample:
    path = samples / "photos" / request.param
    sizes = tmp_path_factory.mktemp("sizes")
    return Sample(path, read_in(sandbox, path, sizes), sizes)


def read_in(sandbox: Sandbox, path: Path, sizes: Path) -> PhotoReading:
    return read_photo(
        sandbox,
        path,
        filename=path.name,
        output=sizes,
        settings=Settings(),
        stop=threading.Event(),
    )


def test_every_real_photo_is_done_upright_and_bare(sample: Sample) -> None:
    reading, name = sample.reading, sample.path.name
    assert not reading.is_cut
    assert reading.sizes
    for size in reading.sizes:
        data = (sample.sizes / size.name).read_bytes()
        for trace in (b"Exif", b"ns.adobe.com", b"Photoshop", b"http://", b"Apple", b"NIKON"):
            assert trace not in data
        with Image.open(sample.sizes / size.name) as image:
            assert image.format == {"jpg": "JPEG", "webp": "WEBP"}[size.name.rpartition(".")[2]]
            assert image.size == (size.width, size.height)
            assert set(image.info) <= {
                *("jfif", "jfif_version", "jfif_unit", "jfif_density"),
                *("loop", "background"),
            }
            assert not image.getexif()
        assert max(size.width, size.height) <= max(reading.width, reading.height)
        assert (size.width > size.height) == (reading.width > reading.height)
    if name in LANDSCAPES:
        assert (reading.width, reading.height) == (600, 450)
    if name in PORTRAITS:
        assert (reading.width, reading.height) == (450, 600)


def test_pictures_that_were_stored_turned_show_the_same_as_the_one_that_was_not(
    samples: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    small: list[bytes] = []
    for name in ("landscape_1.jpg", "landscape_6.jpg"):
        read_in(sandbox, samples / "photos" / name, tmp_path)
        with Image.open(tmp_path / "photo-320.jpg") as image:
            small.append(image.convert("L").resize((8, 6)).tobytes())
    assert max(abs(a - b) for a, b in zip(*small, strict=True)) < 24


def _exiftool(path: Path) -> Mapping[str, Any]:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed; it is the second opinion on metadata")
    command = ["exiftool", "-j", "-G1", "-n", "-charset", "iptc=UTF8", str(path)]
    answer = subprocess.run(command, capture_output=True, check=True).stdout
    found: list[dict[str, Any]] = json.loads(answer)
    return found[0]


def _said(tags: Mapping[str, Any], *names: str) -> str | None:
    """The first of the tags that says something, as we tidy texts."""
    for name in names:
        value = tags.get(name)
        text = ", ".join(value) if isinstance(value, list) else str(value or "")
        if text.strip():
            return text.replace("\r", "\n").strip()
    return None


def test_metadata_is_what_exiftool_reads(sample: Sample) -> None:
    tags, metadata = _exiftool(sample.path), sample.reading.metadata
    assert (
        metadata.caption,
        metadata.headline,
        metadata.creator,
        metadata.credit,
        metadata.copyright,
        metadata.city,
        metadata.country,
        metadata.lens,
    ) == (
        _said(tags, "XMP-dc:Description", "IPTC:Caption-Abstract", "IFD0:ImageDescription"),
        _said(tags, "XMP-photoshop:Headline", "IPTC:Headline"),
        _said(tags, "XMP-dc:Creator", "IPTC:By-line", "IFD0:Artist"),
        _said(tags, "XMP-photoshop:Credit", "IPTC:Credit"),
        _said(tags, "XMP-dc:Rights", "IPTC:CopyrightNotice", "IFD0:Copyright"),
        _said(tags, "XMP-photoshop:City", "IPTC:City"),
        _said(tags, "XMP-photoshop:Country", "IPTC:Country-PrimaryLocationName"),
        _said(tags, "ExifIFD:LensModel"),
    )
    assert ", ".join(metadata.keywords) == (_said(tags, "XMP-dc:Subject", "IPTC:Keywords") or "")
    assert (metadata.camera or "").endswith(_said(tags, "IFD0:Model", "IFD0:Make") or "")
    if "ExifIFD:FNumber" in tags:
        assert f"f/{tags['ExifIFD:FNumber']}" in (metadata.exposure or "")
    if "ExifIFD:ISO" in tags:
        assert f"ISO {tags['ExifIFD:ISO']}" in (metadata.exposure or "")


def test_the_time_is_what_exiftool_reads(sample: Sample) -> None:
    tags, captured_at = _exiftool(sample.path), sample.reading.captured_at
    said = _said(tags, "ExifIFD:DateTimeOriginal", "XMP-exif:DateTimeOriginal")
    expected = None if said is None else said[:19]
    assert (captured_at and f"{captured_at:%Y:%m:%d %H:%M:%S}") == expected
