"""The step "photo" on real and on made photos, in the real sandbox, with the real database."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from portal.assets.blurhash import is_blurhash
from portal.assets.models import Outcome, RenditionKind
from portal.db import tables
from portal.errors import Interrupted, MediaRefused
from portal.runtime import Runtime
from portal.settings import Settings
from tests.photo_runs import PhotoRuns, flag
from workers.photo.models import PhotoReading
from workers.photo.reading import read_photo
from workers.photo.step import photo
from workers.run import StepResult, StepRun
from workers.sandbox import Sandbox, detect_level

Read = Callable[[Path], PhotoReading]


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(detect_level())


@pytest.fixture
def read(sandbox: Sandbox, tmp_path: Path) -> Read:
    """Read a photo in the sandbox; its sizes are in `tmp_path / "sizes"`."""
    sizes = tmp_path / "sizes"
    sizes.mkdir()
    return lambda path: read_in(sandbox, path, sizes)


def read_in(sandbox: Sandbox, path: Path, sizes: Path) -> PhotoReading:
    return read_photo(
        sandbox,
        path,
        filename=path.name,
        output=sizes,
        settings=Settings(),
        stop=threading.Event(),
    )


@pytest.fixture
def take(runtime: Runtime, sandbox: Sandbox, tmp_path: Path) -> PhotoRuns:
    return PhotoRuns(runtime, sandbox, tmp_path)


def published(run: StepRun, result: StepResult) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The rows of the asset and of its metadata once the result is applied."""
    assert result.apply is not None
    with run.runtime.engine.begin() as connection:
        result.apply(connection)
        of_asset = tables.assets.c.id == run.asset.id
        asset = connection.execute(select(tables.assets).where(of_asset)).one()
        of_photo = tables.photo_metadata.c.asset_id == run.asset.id
        metadata = connection.execute(select(tables.photo_metadata).where(of_photo)).one()
        return dict(asset._mapping), dict(metadata._mapping)


# Made photos, through the reader


def with_iptc(path: Path, *datasets: tuple[int, int, bytes]) -> Path:
    block = b"".join(
        struct.pack(">BBBH", 0x1C, record, number, len(value)) + value
        for record, number, value in datasets
    )
    resource = b"8BIM\x04\x04\0\0" + len(block).to_bytes(4) + block + b"\0" * (len(block) % 2)
    segment = b"Photoshop 3.0\0" + resource
    flag().save(path)
    jpeg = path.read_bytes()
    app13 = b"\xff\xed" + (len(segment) + 2).to_bytes(2) + segment
    path.write_bytes(jpeg[:2] + app13 + jpeg[2:])
    return path


def test_iptc_in_utf8_and_in_windows_1251(read: Read, tmp_path: Path) -> None:
    text = "Председатель отвечает на вопросы"
    declared = with_iptc(
        tmp_path / "utf8.jpg",
        (1, 90, b"\x1b%G"),
        (2, 120, text.encode()),
        (2, 25, "саммит".encode()),
    )
    undeclared = with_iptc(
        tmp_path / "cp1251.jpg", (2, 120, text.encode("cp1251")), (2, 90, b"Minsk")
    )
    assert read(declared).metadata.caption == text
    assert read(declared).metadata.keywords == ("саммит",)
    assert read(undeclared).metadata.caption == text
    assert read(undeclared).metadata.city == "Minsk"


def test_iptc_in_a_tiff(read: Read, tmp_path: Path) -> None:
    block = struct.pack(">BBBH", 0x1C, 2, 90, 5) + b"Minsk"
    flag().save(tmp_path / "a.tif", tiffinfo={33723: block})
    assert read(tmp_path / "a.tif").metadata.city == "Minsk"


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="">
 <dc:description><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:description>
 </rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif", "heic"])
def test_xmp_and_exif_in_every_format(read: Read, tmp_path: Path, suffix: str) -> None:
    from pillow_heif import register_heif_opener  # noqa: PLC0415 - only this test writes HEIC

    register_heif_opener()
    exif = Image.Exif()
    exif[0x010F] = "Canon"
    markup = "&lt;img src=x onerror=alert(1)&gt; &amp; вопросы"
    if suffix == "tif":
        flag().save(
            tmp_path / "a.tif", exif=exif, tiffinfo={700: (XMP % markup).encode(), 271: "Canon"}
        )
    elif suffix == "png":
        from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415 - only this case writes PNG texts

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP % markup)
        flag().save(tmp_path / "a.png", exif=exif, pnginfo=info)
    else:
        flag().save(tmp_path / f"a.{suffix}", exif=exif, xmp=(XMP % markup).encode())
    metadata = read(tmp_path / f"a.{suffix}").metadata
    assert metadata.caption == "<img src=x onerror=alert(1)> & вопросы"
    assert metadata.camera == "Canon"


def test_no_metadata_at_all_is_no_fault(read: Read, tmp_path: Path) -> None:
    flag().save(tmp_path / "a.jpg")
    reading = read(tmp_path / "a.jpg")
    assert (reading.notes, reading.captured_at, reading.metadata.caption) == ((), None, None)


# The step


@pytest.mark.postgres
def test_a_photo_becomes_sizes_and_a_row(take: PhotoRuns, samples: Path) -> None:
    run = take(samples / "photos/iphone_hdr_NO.jpg")
    result = photo(run)
    assert (result.outcome, result.detail, result.notes) == (Outcome.DONE, None, ())
    assert [(r.name, r.width, r.height) for r in result.renditions] == [
        (f"photo-{side}.{ending}", side, side * 3 // 4)
        for side in (2560, 1600, 800, 320)
        for ending in ("jpg", "webp")
    ]
    for rendition in result.renditions:
        assert rendition.kind is RenditionKind.IMAGE
        ending = rendition.name.rpartition(".")[2]
        assert rendition.media_type == {"jpg": "image/jpeg", "webp": "image/webp"}[ending]
        assert rendition.key == f"assets/{run.asset.id}/photo/1/{rendition.name}"
        stored = run.runtime.store.head(rendition.key)
        assert stored.size_bytes == rendition.size_bytes
    asset, metadata = published(run, result)
    assert (asset["width"], asset["height"]) == (3264, 2448)
    assert metadata["camera"] == "Apple iPhone 6"
    assert is_blurhash(metadata["placeholder"])
    # It names no zone, but the time of its GPS tells it.
    assert asset["captured_at"] == datetime.fromisoformat("2015-04-10T20:12:23.016+02:00")


@pytest.mark.postgres
def test_a_photo_that_names_its_zone_keeps_it(take: PhotoRuns, samples: Path) -> None:
    run = take(samples / "photos/IMG_5195.HEIC")
    asset, _ = published(run, photo(run))
    assert asset["captured_at"] == datetime.fromisoformat("2021-04-11T15:47:53.054-05:00")


@pytest.mark.postgres
def test_damaged_metadata_is_a_note_on_a_photo_that_is_done(
    take: PhotoRuns, tmp_path: Path
) -> None:
    flag().save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\x7f\0\0\0", xmp=b"<x:xmpmeta")
    run = take(tmp_path / "a.jpg")
    result = photo(run)
    assert result.outcome is Outcome.DONE
    assert result.notes == (
        "The EXIF data is damaged and was not read.",
        "The XMP data is damaged and was not read.",
    )
    _, metadata = published(run, result)
    assert metadata["caption"] is None


@pytest.mark.postgres
def test_markup_in_a_caption_stays_text(take: PhotoRuns, tmp_path: Path) -> None:
    run = take(with_iptc(tmp_path / "a.jpg", (2, 120, b"<script>alert(1)</script>")))
    _, metadata = published(run, photo(run))
    assert metadata["caption"] == "<script>alert(1)</script>"


@pytest.mark.postgres
def test_half_a_photo_is_partial_and_says_so(take: PhotoRuns, tmp_path: Path) -> None:
    flag().save(tmp_path / "half.jpg")
    whole = (tmp_path / "half.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    result = photo(take(tmp_path / "half.jpg"))
    assert result.outcome is Outcome.PARTIAL
    assert result.detail == (
        "half.jpg ends early or is damaged inside: a part of the picture is missing."
    )
    assert result.renditions


@pytest.mark.postgres
def test_what_can_never_be_shown_is_refused_with_its_name(take: PhotoRuns, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    with pytest.raises(MediaRefused, match=r"^empty\.jpg is not a picture that can be decoded\.$"):
        photo(take(tmp_path / "empty.jpg"))
    Image.new("1", (16_000, 16_000)).save(tmp_path / "bomb.png")
    with pytest.raises(MediaRefused, match=r"^bomb\.png has more than 100,000,000 pixels"):
        photo(take(tmp_path / "bomb.png"))


@pytest.mark.postgres
def test_a_stop_ends_it(take: PhotoRuns, samples: Path) -> None:
    run = take(samples / "photos/jolla.jpg")
    run.stop.set()
    with pytest.raises(Interrupted):
        photo(run)
