"""EXIF, IPTC and XMP are merged in a documented order; nothing in them breaks it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.assets.models import CapturedAtSource, PhotoMetadata
from portal.photos.models import PhotoClock
from tests.photo_blocks import (
    alternatives,
    app1,
    app13,
    dataset,
    exif_block,
    heif,
    jpeg,
    jpeg_with,
    packet,
    png,
    resource,
    tiff_file,
    webp,
)
from workers.photo.exif import Exif
from workers.photo.iptc import Iptc
from workers.photo.merge import Merged, merge, read_metadata
from workers.photo.sources import Sources, read_sources
from workers.photo.xmp import Xmp, read_xmp

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
SHOWN = datetime.fromisoformat("2019-06-04T10:15")
MINSK = 3 * 3600


def merged(exif: Exif = Exif(), iptc: Iptc = Iptc(), xmp: Xmp = Xmp()) -> Merged:  # noqa: B008
    return merge(Sources(exif, iptc, xmp), now=NOW)


def xmp(body: str = "", attributes: str = "") -> Xmp:
    return read_xmp(packet(body, attributes))


ALL_OF_XMP = xmp(
    alternatives("dc:description", {"x-default": "of xmp"})
    + "<dc:creator><rdf:Seq><rdf:li>x</rdf:li><rdf:li>mp</rdf:li></rdf:Seq></dc:creator>"
    "<dc:rights>of xmp</dc:rights><dc:subject>of xmp</dc:subject>",
    " ".join(
        f'photoshop:{name}="of xmp"' for name in ("Headline", "Credit", "Source", "City", "Country")
    ),
)
ALL_OF_IPTC = Iptc(
    caption="of iptc",
    headline="of iptc",
    by_lines=("ip", "tc"),
    credit="of iptc",
    source="of iptc",
    copyright="of iptc",
    keywords=("of iptc",),
    city="of iptc",
    country="of iptc",
)
ALL_OF_EXIF = Exif(description="of exif", artist="of exif", copyright="of exif")


def said(text: str, creator: str) -> PhotoMetadata:
    return PhotoMetadata(
        caption=text,
        headline=text,
        creator=creator,
        credit=text,
        source=text,
        copyright=text,
        keywords=(text,),
        city=text,
        country=text,
    )


def test_xmp_comes_before_iptc_before_exif() -> None:
    assert merged(ALL_OF_EXIF, ALL_OF_IPTC, ALL_OF_XMP).metadata == said("of xmp", "x, mp")
    assert merged(ALL_OF_EXIF, ALL_OF_IPTC).metadata == said("of iptc", "ip, tc")
    assert merged(ALL_OF_EXIF).metadata == PhotoMetadata(
        caption="of exif", creator="of exif", copyright="of exif"
    )


def test_iptc_that_was_changed_after_the_xmp_comes_first() -> None:
    data = dataset(120, b"Corrected")
    segments = [app13(resource(0x0404, data) + resource(0x0425, b"d" * 16))]
    segments.append(
        app1(b"http://ns.adobe.com/xap/1.0/\0" + packet("<dc:description>Old</dc:description>"))
    )
    found = merge(read_sources(jpeg(*segments)), now=NOW)
    assert found.metadata.caption == "Corrected"


def test_iptc_that_is_only_cut_does_not() -> None:
    whole = "A very long name of a photographer, with all titles"
    newer = Iptc(by_lines=(whole[:32],), is_newer_than_xmp=True)
    assert (
        merged(iptc=newer, xmp=xmp(f"<dc:creator>{whole}</dc:creator>")).metadata.creator == whole
    )


def test_an_empty_field_gives_way() -> None:
    empty = xmp("<dc:description> \n </dc:description>")
    assert merged(Exif(description="exif"), Iptc(caption="\0 "), empty).metadata.caption == "exif"


def test_captions_by_language() -> None:
    written = {"ru-RU": "Подпись", "x-default": "Caption", "be": "Подпіс", "x-repair": "?"}
    metadata = merged(xmp=xmp(alternatives("dc:description", written))).metadata
    assert metadata.caption == "Caption"
    assert metadata.captions == {"ru": "Подпись", "be": "Подпіс"}


def test_who_is_shown_and_where() -> None:
    metadata = merged(
        iptc=Iptc(city="Brest", country="Belarus"),
        xmp=xmp(
            "<Iptc4xmpExt:PersonInImage><rdf:Bag><rdf:li>Anna Berg</rdf:li><rdf:li>Anna Berg"
            "</rdf:li></rdf:Bag></Iptc4xmpExt:PersonInImage><Iptc4xmpExt:LocationShown><rdf:Bag>"
            '<rdf:li Iptc4xmpExt:City="Minsk"/></rdf:Bag></Iptc4xmpExt:LocationShown>'
        ),
    ).metadata
    assert metadata.people_shown == ("Anna Berg",)
    assert (metadata.city, metadata.country) == ("Minsk", "Belarus")


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ('xmpMM:PreservedFileName="IMG_0001.CR3"', "IMG_0001.CR3"),
        (r'crs:RawFileName="C:\\Users\\somebody\\IMG_0001.CR3"', "IMG_0001.CR3"),
        ('xmpMM:PreservedFileName="/Volumes/Somebody/a.jpg" crs:RawFileName="b.jpg"', "a.jpg"),
        ('photoshop:TransmissionReference="AP1234"', None),
    ],
)
def test_the_original_file_name_without_its_folders(attributes: str, name: str | None) -> None:
    assert merged(xmp=xmp("", attributes)).metadata.original_filename == name


@pytest.mark.parametrize("text", ["OLYMPUS DIGITAL CAMERA", "          ", "\0\0"])
def test_what_cameras_write_is_no_caption(text: str) -> None:
    assert merged(Exif(description=text)).metadata.caption is None


def test_texts_are_plain_and_bounded() -> None:
    iptc = Iptc(
        caption='<script>alert(1)</script>\r\n\x1b[31m"&\0',
        headline="x" * 9000,
        keywords=tuple(map(str, range(999))),
    )
    metadata = merged(iptc=iptc).metadata
    assert metadata.caption == '<script>alert(1)</script>\n[31m"&'
    assert metadata.headline == "x" * 500
    assert len(metadata.keywords) == 200


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("Apple", "iPhone 6", "Apple iPhone 6"),
        ("Canon", None, "Canon"),
        (None, "D70", "D70"),
        ("Jolla", "Jolla", "Jolla"),
        (" ", "\0", None),
    ],
)
def test_the_camera(make: str | None, model: str | None, camera: str | None) -> None:
    found = merged(Exif(make=make, model=model, serial_number="012345"))
    assert found.metadata.camera == camera
    assert (found.camera and found.camera.name) == camera


def test_cameras_of_one_model_are_told_apart_without_saying_how() -> None:
    cameras = [
        merged(Exif(make="Canon", model="R5", serial_number=number)).camera
        for number in ("012345", "012346", None)
    ]
    fingerprints = {camera.fingerprint for camera in cameras if camera is not None}
    assert len(fingerprints) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", fingerprint) for fingerprint in fingerprints)


@pytest.mark.parametrize(
    ("exif", "exposure"),
    [
        (Exif(exposure_seconds=Fraction(1, 160), f_number=Fraction(71, 10)), "1/160 s · f/7.1"),
        (Exif(exposure_seconds=Fraction(10, 1600), iso=100), "1/160 s · ISO 100"),
        (Exif(exposure_seconds=Fraction(5, 2)), "2.5 s"),
        (Exif(exposure_seconds=Fraction(30)), "30 s"),
        (Exif(f_number=Fraction(2), focal_millimetres=Fraction(425, 100)), "f/2 · 4.25 mm"),
        (Exif(exposure_seconds=Fraction(1, 2**32 - 1), iso=2**32 - 1), None),
        (Exif(f_number=Fraction(2**32 - 1), focal_millimetres=Fraction(1, 2**31)), None),
        (Exif(), None),
    ],
)
def test_the_exposure(exif: Exif, exposure: str | None) -> None:
    assert merged(exif).metadata.exposure == exposure


SHOWN_HALF = datetime.fromisoformat("2019-06-04T10:15:00.500")
WHEN = CapturedAtSource


@pytest.mark.parametrize(
    ("sources", "clock", "source"),
    [
        ({"exif": Exif(taken_at="2019:06:04 10:15:00")}, PhotoClock(SHOWN), WHEN.EVENT_ZONE),
        (
            {"exif": Exif(taken_at="2019:06:04 10:15:00.5+03:00", gps_at="2019-06-04 08:15:00Z")},
            PhotoClock(SHOWN_HALF, MINSK),
            WHEN.EXIF_OFFSET,
        ),
        (
            {
                "exif": Exif(taken_at="2019:06:04 10:15:00", gps_at="2019-06-04 07:14:31Z"),
                "xmp": xmp("", 'exif:DateTimeOriginal="2019-06-04T10:15:00+02:00"'),
            },
            PhotoClock(SHOWN, MINSK),
            WHEN.GPS,
        ),
        (
            {"exif": Exif(taken_at="2019:06:04 10:15:00", gps_at="2019-06-04 07:07:00Z")},
            PhotoClock(SHOWN),
            WHEN.EVENT_ZONE,
        ),
        (
            {"exif": Exif(taken_at="2019:06:04 10:15:00", gps_at="2019-06-05 07:15:00Z")},
            PhotoClock(SHOWN),
            WHEN.EVENT_ZONE,
        ),
        (
            {"exif": Exif(taken_at="2019:06:04 10:15:00", gps_at="2019-06-04 04:30:00Z")},
            PhotoClock(SHOWN, 5 * 3600 + 45 * 60),
            WHEN.GPS,
        ),
        (
            {"xmp": xmp("", 'photoshop:DateCreated="2019-06-04T10:15:00Z"')},
            PhotoClock(SHOWN, 0),
            WHEN.XMP,
        ),
        (
            {"xmp": xmp("", 'photoshop:DateCreated="2019-06-04T10:15"')},
            PhotoClock(SHOWN),
            WHEN.EVENT_ZONE,
        ),
        ({"iptc": Iptc(created_at="20190604 101500+0300")}, PhotoClock(SHOWN, MINSK), WHEN.IPTC),
        ({"exif": Exif(digitized_at="2019:06:04 10:15:00")}, PhotoClock(SHOWN), WHEN.EVENT_ZONE),
        (
            {
                "exif": Exif(taken_at="2019:06:04 10:15:00.5"),
                "xmp": xmp("", 'exif:DateTimeOriginal="2019-06-04T10:15:00+03:00"'),
            },
            PhotoClock(SHOWN_HALF, MINSK),
            WHEN.XMP,
        ),
        (
            {
                "exif": Exif(taken_at="2019:06:04 10:15:00"),
                "xmp": xmp("", 'exif:DateTimeOriginal="2019-06-04T11:15:00+03:00"'),
            },
            PhotoClock(SHOWN),
            WHEN.EVENT_ZONE,
        ),
        ({"exif": Exif(taken_at="0000:00:00 00:00:00")}, None, None),
        ({"exif": Exif(taken_at="    :  :     :  :  ")}, None, None),
        ({"xmp": xmp("", 'photoshop:DateCreated="2003-08-31"')}, None, None),
    ],
)
def test_when_it_was_taken(
    sources: dict[str, object], clock: PhotoClock | None, source: CapturedAtSource | None
) -> None:
    found = merged(**sources)  # type: ignore[arg-type]
    assert (found.clock, found.metadata.captured_at_source) == (clock, source)
    assert found.notes == ()


@pytest.mark.parametrize(
    "text",
    [
        "2019:13:04 10:15:00",
        "2019:02:30 10:15:00",
        "2019:06:04 25:15:00",
        "171546:01:01 10:15:00",
        "1800:01:01 10:15:00",
        "2031:01:01 10:15:00",
        "2019:06:04 10:15:00+99:99",
        "yesterday at noon",
    ],
)
def test_an_impossible_time_is_a_note(text: str) -> None:
    found = merged(Exif(taken_at=text, digitized_at="2019:06:04 10:15:00"))
    assert found.clock == PhotoClock(SHOWN)
    assert found.notes == (f"The time '{text}' in the photo cannot be when it was taken.",)


# No bytes break it

BLOCKS = (
    exif_block(
        {0x010E: "Scrum", 0x010F: "Canon", 0x0112: 6},
        {0x829A: (1, 250), 0x8827: 100, 0x9003: "2019:06:04 10:15:00", 0xA434: "RF70-200mm"},
        {7: (7.0, 15.0, 0.0), 0x1D: "2019:06:04"},
    ),
    dataset(90, b"\x1b%G", record=1) + dataset(120, "Подпись".encode()) + dataset(25, b"press"),
    packet(alternatives("dc:description", {"x-default": "Caption", "ru": "Подпись"})),
)
HEADS = (
    jpeg_with(*BLOCKS),
    png((b"eXIf", BLOCKS[0]), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + BLOCKS[2])),
    webp((b"VP8X", bytes(10)), (b"EXIF", BLOCKS[0]), (b"XMP ", BLOCKS[2])),
    heif(BLOCKS[0], BLOCKS[2]),
    heif(BLOCKS[0], BLOCKS[2], in_meta=True),
    tiff_file({700: (1, BLOCKS[2]), 33723: (7, BLOCKS[1]), 271: (2, b"Canon\0")}),
)


def damaged(data: st.DataObject, whole: bytes) -> bytes:
    """With some bytes changed, some left out, and perhaps cut."""
    head = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(head) - 1))
        head[at : at + data.draw(st.integers(1, 4))] = data.draw(st.binary(max_size=4))
        head = head or bytearray(b"x")
    return bytes(head[: data.draw(st.integers(1, len(head)))])


def check(head: bytes) -> None:
    found = merge(read_sources(head), now=NOW)
    for text in (found.metadata.caption, *found.metadata.captions.values(), *found.notes):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]", text or "")
    if found.clock is not None:
        assert 1800 < found.clock.shown.year < 2100


@given(st.data(), st.sampled_from(HEADS))
def test_no_damage_breaks_the_reader(data: st.DataObject, head: bytes) -> None:
    check(damaged(data, head))


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=300))
def test_no_blocks_break_the_readers(exif: bytes, iptc: bytes, of_xmp: bytes) -> None:
    check(jpeg_with(b"II*\0\x08\0\0\0" + exif, b"\x1c\x02" + iptc, of_xmp))


def heads(samples: Path) -> Iterator[bytes]:
    for path in sorted((samples / "photos").iterdir()):
        with path.open("rb") as file:
            yield file.read(64 * 1024)


@given(data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_of_a_real_photo_breaks_the_reader(samples: Path, data: st.DataObject) -> None:
    check(damaged(data, data.draw(st.sampled_from(list(heads(samples))))))


def test_a_file_is_read_from_the_disk(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(HEADS[0])
    metadata = read_metadata(tmp_path / "a.jpg", now=NOW).metadata
    assert (metadata.caption, metadata.captions) == ("Caption", {"ru": "Подпись"})
    assert (metadata.keywords, metadata.camera, metadata.orientation) == (("press",), "Canon", 6)
