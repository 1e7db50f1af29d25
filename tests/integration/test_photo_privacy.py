"""What an original knows besides its picture stays in it; what a picture desk needs is handed on.

The tests look at the bytes: each place of an original that can hold something holds a word.
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational
from sqlalchemy import update

from portal.db import tables
from portal.errors import Conflict
from portal.photos import service as photos
from portal.runtime import Runtime
from tests.photo_runs import PhotoRuns, flag, stored_sizes
from workers.photo.blocks.find import find_blocks
from workers.photo.colours import ADOBE_GAMMA, ADOBE_RGB, matrix_profile
from workers.photo.merge import read_metadata
from workers.photo.step import photo
from workers.run import StepRun
from workers.sandbox import Sandbox, detect_level

pytestmark = pytest.mark.postgres

CANARIES = (
    *("GPSCANARY", "MAKERCANARY", "SERIALCANARY", "OWNERCANARY", "LENSSERIALCANARY"),
    *("THUMBCANARY", "COMMENTCANARY", "HISTORYCANARY", "DOCUMENTCANARY", "XMPGPSCANARY"),
    *("INSTRUCTIONCANARY", "SUBLOCATIONCANARY", "TEXTCANARY", "TAILCANARY", "ftypmp42CANARY"),
    *("PROFILECANARY", "SECONDCANARY", "CONTACTCANARY"),
)
LATITUDE = struct.pack(">6L", 53, 1, 54, 1, 12345, 1000)
"""As EXIF writes 53° 54' 12.345"."""


@pytest.fixture
def take(runtime: Runtime, tmp_path: Path) -> PhotoRuns:
    return PhotoRuns(runtime, Sandbox(detect_level()), tmp_path)


# Originals that tell everything


def exif() -> Image.Exif:
    said = Image.Exif()
    said[0x010F], said[0x0110], said[0x0112] = "Canon", "EOS R5", 6
    said[0x013B] = "A. Photographer"
    said[0xC62F] = "SERIALCANARY"
    said.get_ifd(0x8769).update(
        {
            0x9003: "2019:06:04 10:15:00",
            0x927C: b"MAKERCANARY" * 9,
            0x9286: b"ASCII\0\0\0COMMENTCANARY",
            0xA430: "OWNERCANARY",
            0xA431: "SERIALCANARY",
            0xA435: "LENSSERIALCANARY",
        }
    )
    degrees = (IFDRational(53), IFDRational(54), IFDRational(12345, 1000))
    said.get_ifd(0x8825).update({1: "N", 2: degrees, 3: "E", 4: degrees, 28: b"GPSCANARY"})
    return said


XMP = """<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:crs="http://ns.adobe.com/crs/1.0/"
 xmlns:iptc="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
 xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
 xmpMM:DocumentID="xmp.did:DOCUMENTCANARY" exif:GPSLatitude="53,54.XMPGPSCANARYN"
 iptc:Location="SUBLOCATIONCANARY" crs:RawFileName="a.CR3">
<xmpMM:History><rdf:Seq><rdf:li stEvt:softwareAgent="HISTORYCANARY"/></rdf:Seq></xmpMM:History>
<iptc:CreatorContactInfo iptc:CiEmailWork="CONTACTCANARY"/>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">The chair answers</rdf:li></rdf:Alt>
</dc:description></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"""


def iptc() -> bytes:
    fields = [(40, b"INSTRUCTIONCANARY"), (92, b"SUBLOCATIONCANARY"), (118, b"CONTACTCANARY")]
    fields += [(90, b"Minsk"), (110, b"Press Service")]
    return b"".join(
        struct.pack(">BBBH", 0x1C, 2, number, len(value)) + value for number, value in fields
    )


def profile() -> bytes:
    return matrix_profile(ADOBE_RGB, gamma=ADOBE_GAMMA) + b"PROFILECANARY"


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def saved(image: Image.Image, format_: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def telling_jpeg() -> bytes:
    """With a thumbnail, a second picture, and a film after its end, as phones write them."""
    plain = saved(flag(), "JPEG", exif=exif(), icc_profile=profile(), comment=b"COMMENTCANARY")
    resources = b"Photoshop 3.0\0" + b"".join(
        struct.pack(">4sH2sI", b"8BIM", number, b"\0\0", len(body)) + body + b"\0" * (len(body) % 2)
        for number, body in ((0x0404, iptc()), (0x040C, b"THUMBCANARY" * 5))
    )
    inserted = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP.encode())
    inserted += segment(0xED, resources)
    inserted += segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\0SECONDCANARY")
    second = saved(flag(64, 64), "JPEG", comment=b"SECONDCANARY")
    film = b"\0\0\0\x18ftypmp42CANARY\0\0\0\x08mdat"
    return plain[:20] + inserted + plain[20:] + second + film + b"TAILCANARY"


def telling_png() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "TEXTCANARY")
    texts.add_itxt("Author", "OWNERCANARY", zip=True)
    texts.add_itxt("XML:com.adobe.xmp", XMP)
    whole = saved(flag(), "PNG", exif=exif(), pnginfo=texts, icc_profile=profile())
    return whole + b"TAILCANARY"


def telling_webp() -> bytes:
    return saved(flag(), "WEBP", exif=exif(), xmp=XMP.encode(), icc_profile=profile())


def telling_tiff() -> bytes:
    said = exif()
    said[700], said[33723], said[270] = XMP.encode(), iptc(), "The chair answers"
    return saved(flag(), "TIFF", exif=said, icc_profile=profile()) + b"TAILCANARY"


def telling_heic() -> bytes:
    from pillow_heif import register_heif_opener  # noqa: PLC0415 - only here

    register_heif_opener()
    return saved(flag(), "HEIF", exif=exif(), xmp=XMP.encode()) + b"TAILCANARY"


ORIGINALS: Mapping[str, Callable[[], bytes]] = {
    "jpg": telling_jpeg,
    "png": telling_png,
    "webp": telling_webp,
    "tif": telling_tiff,
    "heic": telling_heic,
}


@pytest.mark.parametrize("suffix", ORIGINALS)
def test_nothing_private_is_in_any_public_size(
    take: PhotoRuns, tmp_path: Path, suffix: str
) -> None:
    original = ORIGINALS[suffix]()
    planted = [word for word in CANARIES if word.encode() in original]
    assert len(planted) >= 8
    (tmp_path / f"a.{suffix}").write_bytes(original)
    run = take(tmp_path / f"a.{suffix}")
    sizes = stored_sizes(run, photo(run))
    assert len(sizes) == 4
    for name, data in sizes.items():
        for secret in (*(word.encode() for word in CANARIES), LATITUDE, b"53,54", b"ICC_PROFILE"):
            assert secret not in data, (name, secret)
        assert data.count(b"\xff\xd8\xff\xe0") == (1 if name.endswith("jpg") else 0)
    for name, data in sizes.items():
        tags = exiftool(data, tmp_path / name)
        assert not {tag for tag in tags if is_private(tag)}
        assert tags["IFD0:Orientation"] == 1


def is_private(tag: str) -> bool:
    group, _, name = tag.partition(":")
    return group in {
        "GPS",
        "IFD1",
        "MakerNotes",
        "XMP-xmpMM",
        "XMP-exif",
        "Trailer",
        "MPF0",
    } or any(
        word in name for word in ("Serial", "Thumbnail", "GPS", "History", "DocumentID", "Owner")
    )


def test_a_real_phones_photo_tells_nothing_of_where_it_was(
    take: PhotoRuns, samples: Path, tmp_path: Path
) -> None:
    run = take(samples / "photos/IMG_5195.HEIC")
    assert "GPS:GPSLatitude" in exiftool(
        (samples / "photos/IMG_5195.HEIC").read_bytes(), tmp_path / "a"
    )
    for name, data in stored_sizes(run, photo(run)).items():
        tags = exiftool(data, tmp_path / name)
        assert not {tag for tag in tags if is_private(tag)}
        assert b"iPhone" not in data


# What is handed on


def exiftool(data: bytes, path: Path) -> Mapping[str, Any]:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed; it is the second opinion on metadata")
    path.write_bytes(data)
    command = ["exiftool", "-j", "-G1", "-n", "-a", "-struct", "-charset", "iptc=UTF8", str(path)]
    answer = subprocess.run(command, capture_output=True, check=True).stdout
    found: list[dict[str, Any]] = json.loads(answer)
    return found[0]


@pytest.fixture
def described(take: PhotoRuns, tmp_path: Path) -> StepRun:
    """A photo that the editors have given captions and the event a credit."""
    (tmp_path / "a.jpg").write_bytes(telling_jpeg())
    run = take(tmp_path / "a.jpg", caption={"en": "She <answers> & smiles", "ru": "Она отвечает"})
    with run.runtime.engine.begin() as connection:
        connection.execute(update(tables.events).values(default_language="ru", credit="Unused"))
    return run


def test_every_public_size_says_what_a_picture_desk_needs(
    described: StepRun, tmp_path: Path
) -> None:
    for name, data in stored_sizes(described, photo(described)).items():
        tags = exiftool(data, tmp_path / name)
        assert "ExifTool:Warning" not in tags
        assert tags["IFD0:ImageDescription"] == tags["XMP-dc:Description"] == "Она отвечает"
        assert tags["XMP-dc:Description-en"] == "She <answers> & smiles"
        assert tags["IFD0:Artist"] == "A. Photographer"
        assert tags["XMP-dc:Creator"] == ["A. Photographer"]
        assert tags["XMP-photoshop:Credit"] == "Press Service"
        assert tags["XMP-photoshop:City"] == "Minsk"
        assert tags["ExifIFD:DateTimeOriginal"] == "2019:06:04 10:15:00"
        assert tags["ExifIFD:OffsetTimeOriginal"] == "+03:00"
        assert tags["XMP-photoshop:DateCreated"] == "2019:06:04 10:15:00+03:00"
        if name.endswith("jpg"):
            assert tags["IPTC:Caption-Abstract"] == "Она отвечает"
            assert tags["IPTC:By-line"] == "A. Photographer"
            assert tags["IPTC:Credit"] == "Press Service"
            assert (tags["IPTC:DateCreated"], tags["IPTC:TimeCreated"]) == (
                "2019:06:04",
                "10:15:00+03:00",
            )
            assert tags["Photoshop:IPTCDigest"] == tags["File:CurrentIPTCDigest"]


def test_a_public_size_that_comes_back_is_read_as_it_was_described(
    described: StepRun, tmp_path: Path
) -> None:
    for name, data in stored_sizes(described, photo(described)).items():
        (tmp_path / name).write_bytes(data)
        merged = read_metadata(tmp_path / name, now=described.asset.created_at)
        assert merged.notes == ()
        assert merged.metadata.caption == "Она отвечает"
        assert merged.metadata.captions["en"] == "She <answers> & smiles"
        assert merged.metadata.creator == "A. Photographer"
        assert merged.metadata.city == "Minsk"
        assert merged.clock is not None
        assert merged.clock.read.isoformat() == "2019-06-04T10:15:00+03:00"
        assert find_blocks(data).notes == ()


def test_a_camera_whose_clock_was_corrected_is_dated_so(take: PhotoRuns, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(telling_jpeg())
    run = take(tmp_path / "a.jpg")
    first = photo(run)
    assert first.apply is not None
    with run.runtime.engine.begin() as connection:
        first.apply(connection)
        (camera,) = photos.list_cameras(connection, run.asset.event_id)
        photos.shift_clock(connection, run.asset.event_id, camera.number, seconds=3600)
    again = take(tmp_path / "a.jpg")
    again = replace(again, asset=replace(again.asset, event_id=run.asset.event_id))
    data = stored_sizes(again, photo(again))["photo-320.jpg"]
    assert b"2019:06:04 11:15:00" in data


def test_files_of_a_clock_that_was_corrected_meanwhile_are_not_published(
    take: PhotoRuns, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(telling_jpeg())
    known, late = take(tmp_path / "a.jpg"), take(tmp_path / "a.jpg")
    first, result = photo(known), photo(late)
    assert first.apply is not None
    assert result.apply is not None
    with known.runtime.engine.begin() as connection:
        first.apply(connection)
        photos.shift_clock(connection, known.asset.event_id, 1, seconds=3600)
    with (
        pytest.raises(Conflict, match=r"^The clock of a\.jpg was corrected while its sizes"),
        late.runtime.engine.begin() as connection,
    ):
        result.apply(connection)
