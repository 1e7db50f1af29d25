"""Twenty real photos in the real sandbox: upright and bare."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

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
