"""EXIF, IPTC and XMP are read each by itself, and merged in a documented order."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from portal.assets.models import PhotoMetadata
from workers.photo import exif as exif_module
from workers.photo import iptc as iptc_module
from workers.photo import xmp as xmp_module
from workers.photo.exif import Exif, read_exif, tiff_start
from workers.photo.iptc import Iptc, read_iptc
from workers.photo.merge import Merged, Sources, merge
from workers.photo.xmp import Xmp, read_xmp

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
MINSK = timezone(timedelta(hours=3))
NAIVE = datetime.fromisoformat("2019-06-04T10:15")


def exif_block(tags: dict[int, object], inner: dict[int, object] | None = None) -> bytes:
    exif = Image.Exif()
    exif.update(tags)
    exif.get_ifd(0x8769).update(inner or {})
    return exif.tobytes()


def read_block(block: bytes) -> Exif:
    tiff = tiff_start(block)
    assert tiff is not None
    return read_exif(BytesIO(tiff))


def dataset(number: int, value: bytes, *, record: int = 2) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def packet(body: str, attributes: str = "") -> bytes:
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
  xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
  xmlns:exif="http://ns.adobe.com/exif/1.0/">
<rdf:Description rdf:about="" {attributes}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>\0\0""".encode()


def merged(exif: Exif = Exif(), iptc: Iptc = Iptc(), xmp: Xmp = Xmp()) -> Merged:  # noqa: B008
    return merge(Sources(exif, iptc, xmp), now=NOW)


# EXIF


def test_exif_as_a_camera_writes_it() -> None:
    block = exif_block(
        {0x010E: "The scrum", 0x010F: "Canon", 0x0110: "Canon EOS R5", 0x013B: "A. Photographer"},
        {
            0x829A: IFDRational(1, 250),
            0x829D: IFDRational(28, 10),
            0x8827: 400,
            0x9003: "2019:06:04 10:15:00",
            0x9011: "+03:00",
            0x9291: "25",
            0x920A: IFDRational(70),
            0xA434: "RF70-200mm",
        },
    )
    assert read_block(b"Exif\0\0" + block) == Exif(
        description="The scrum",
        artist="A. Photographer",
        make="Canon",
        model="Canon EOS R5",
        lens="RF70-200mm",
        exposure_seconds=Fraction(1, 250),
        f_number=Fraction(14, 5),
        iso=400,
        focal_millimetres=Fraction(70),
        taken_at="2019:06:04 10:15:00.25+03:00",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_exif_texts_in_either_encoding(encoding: str) -> None:
    block = exif_block({0x010E: b"\xff" * 30, 0x010F: "Canon"})
    text = "Вопрос журналиста".encode(encoding).ljust(30, b"\0")[:30]
    exif = read_block(block.replace(b"\xff" * 30, text))
    assert exif.description == "Вопрос журналиста".encode(encoding)[:30].decode(encoding, "replace")
    assert exif.notes == ()


INNER_POINTER = bytes.fromhex("87690004 00000001")
"""The entry that points to the camera's own fields: tag, type, count."""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"MM\0*\0\0\0\x08", b"MM\0*\x7f\0\0\0"),  # points out of the block
        (INNER_POINTER, INNER_POINTER[:-2] + b"\x10\0"),  # exifread raises IndexError
    ],
)
def test_damaged_exif_is_a_note(old: bytes, new: bytes) -> None:
    block = exif_block({0x010F: "Canon"}, {0x9003: "2019:06:04 10:15:00"})
    assert block.count(old) == 1
    assert read_block(block.replace(old, new)) == Exif(notes=(exif_module.DAMAGED,))


def test_exif_that_ends_early_keeps_what_came_before() -> None:
    block = exif_block({0x010F: "Canon"}, {0x9003: "2019:06:04 10:15:00"})
    exif = read_block(block[: block.index(b"Canon\0") + 6])
    assert (exif.make, exif.taken_at) == ("Canon", None)


@given(st.data())
def test_no_damage_breaks_the_reader(data: st.DataObject) -> None:
    block = bytearray(
        exif_block({0x010F: "Canon", 0x0112: 6}, {0x829A: IFDRational(1, 250), 0x8827: 100})
    )
    for _ in range(data.draw(st.integers(1, 6))):
        block[data.draw(st.integers(14, len(block) - 1))] = data.draw(st.integers(0, 255))
    exif = read_block(bytes(block))
    assert isinstance(merged(exif).metadata, PhotoMetadata)


def test_a_ratio_over_zero_is_no_number() -> None:
    assert read_block(exif_block({}, {0x829A: IFDRational(1, 0)})) == Exif()


# IPTC


def test_iptc_in_utf8() -> None:
    data = (
        dataset(90, b"\x1b%G", record=1)
        + dataset(120, "Подпись\rв две строки".encode())
        + dataset(25, "саммит".encode())
        + dataset(25, b"press")
        + dataset(80, b"A. Photographer")
        + dataset(105, b"Headline")
        + dataset(110, b"Press office")
        + dataset(116, "© 2019".encode())
        + dataset(90, "Минск".encode())
        + dataset(101, "Беларусь".encode())
        + dataset(55, b"20190604")
        + dataset(60, b"101500+0300")
    )
    assert read_iptc(data) == Iptc(
        caption="Подпись\rв две строки",
        headline="Headline",
        by_lines=("A. Photographer",),
        credit="Press office",
        copyright="© 2019",
        keywords=("саммит", "press"),
        city="Минск",
        country="Беларусь",
        created_at="20190604 101500+0300",
    )


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1251", "Открытие конференции"), ("latin-1", "Conférence à Minsk, déjà vue")],
)
def test_iptc_that_names_no_encoding(encoding: str, text: str) -> None:
    iptc = read_iptc(dataset(120, text.encode(encoding)) + dataset(90, b"Minsk"))
    assert (iptc.caption, iptc.city) == (text, "Minsk")


def test_iptc_with_an_extended_length() -> None:
    value = b"x" * 40_000
    data = b"\x1c\x02\x78\x80\x04" + len(value).to_bytes(4) + value + dataset(90, b"Minsk")
    iptc = read_iptc(data)
    assert iptc.caption == value.decode()
    assert iptc.city == "Minsk"


@pytest.mark.parametrize(
    "rest", [b"\x1c\x02\x78\x7f\xff", b"garbage", b"\x1c\x02\x78\x80\x04\xff\xff\xff\xff"]
)
def test_damaged_iptc_keeps_what_came_before(rest: bytes) -> None:
    iptc = read_iptc(dataset(90, b"Minsk") + rest)
    assert (iptc.city, iptc.notes) == ("Minsk", (iptc_module.DAMAGED,))


def test_iptc_may_be_padded() -> None:
    assert read_iptc(dataset(90, b"Minsk") + b"\0\0\0").notes == ()


@given(st.binary(max_size=200))
def test_no_bytes_break_the_iptc_reader(data: bytes) -> None:
    merged(iptc=read_iptc(data))


# XMP


def test_xmp_with_lists_and_languages() -> None:
    xmp = read_xmp(
        packet(
            """<dc:description><rdf:Alt><rdf:li xml:lang="ru">Подпись</rdf:li>
            <rdf:li xml:lang="x-default">Caption &lt;b&gt;</rdf:li></rdf:Alt></dc:description>
            <dc:creator><rdf:Seq><rdf:li>One</rdf:li><rdf:li>Two</rdf:li></rdf:Seq></dc:creator>
            <dc:rights><rdf:Alt><rdf:li>© Office</rdf:li></rdf:Alt></dc:rights>
            <dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Bag></dc:subject>
            <photoshop:City>Минск</photoshop:City>""",
            'photoshop:Headline="Headline" photoshop:Credit="Credit" photoshop:Country="Belarus"'
            ' photoshop:DateCreated="2019-06-04T10:15:00+03:00"',
        )
    )
    assert xmp == Xmp(
        description="Caption <b>",
        headline="Headline",
        creators=("One", "Two"),
        credit="Credit",
        rights="© Office",
        subjects=("a", "b"),
        city="Минск",
        country="Belarus",
        created_at="2019-06-04T10:15:00+03:00",
    )


def test_xmp_simple_properties() -> None:
    xmp = read_xmp(packet("<dc:creator>One</dc:creator><dc:description>Text</dc:description>"))
    assert (xmp.creators, xmp.description) == (("One",), "Text")


@pytest.mark.parametrize(
    "data",
    [
        b"<rdf:RDF",
        b"\xff\xfe\xfa",
        packet("<dc:creator>"),
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        '<!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="no-such"?><x/>',
        b"<x>" + b" " * xmp_module.XMP_BYTES_MAX + b"</x>",
    ],
)
def test_xmp_that_cannot_be_read_is_a_note(data: bytes) -> None:
    assert read_xmp(data) == Xmp(notes=(xmp_module.DAMAGED,))


@pytest.mark.parametrize("data", [b"", b"\0\0 \n"])
def test_no_xmp_is_no_fault(data: bytes) -> None:
    assert read_xmp(data) == Xmp()


@given(st.binary(max_size=100))
def test_no_bytes_break_the_xmp_reader(data: bytes) -> None:
    merged(xmp=read_xmp(data))


# All three


def test_xmp_comes_before_iptc_before_exif() -> None:
    exif = Exif(description="exif", artist="exif", copyright="exif")
    iptc = Iptc(caption="iptc", by_lines=("iptc",), copyright="iptc", keywords=("iptc",))
    xmp = Xmp(description="xmp", creators=("x", "mp"), rights="xmp", subjects=("xmp",))
    assert merged(exif, iptc, xmp).metadata == PhotoMetadata(
        "xmp", None, "x, mp", None, "xmp", ("xmp",)
    )
    assert merged(exif, iptc).metadata == PhotoMetadata(
        "iptc", None, "iptc", None, "iptc", ("iptc",)
    )
    assert merged(exif).metadata == PhotoMetadata("exif", None, "exif", None, "exif")


def test_an_empty_field_gives_way() -> None:
    metadata = merged(
        Exif(description="exif"), Iptc(caption="\0 "), Xmp(description=" \n ")
    ).metadata
    assert metadata.caption == "exif"


@pytest.mark.parametrize("text", ["OLYMPUS DIGITAL CAMERA", "          ", "\0\0"])
def test_what_cameras_write_is_no_caption(text: str) -> None:
    assert merged(Exif(description=text)).metadata.caption is None


def test_texts_are_plain_and_bounded() -> None:
    xmp = Xmp(description='<script>alert(1)</script>\r\n\x1b[31m"&\0', headline="x" * 9000)
    metadata = merged(xmp=xmp).metadata
    assert metadata.caption == '<script>alert(1)</script>\n[31m"&'
    assert metadata.headline == "x" * 500
    assert len(merged(iptc=Iptc(keywords=tuple(map(str, range(999))))).metadata.keywords) == 200


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
    assert merged(Exif(make=make, model=model)).metadata.camera == camera


@pytest.mark.parametrize(
    ("exif", "exposure"),
    [
        (Exif(exposure_seconds=Fraction(1, 160), f_number=Fraction(71, 10)), "1/160 s · f/7.1"),
        (Exif(exposure_seconds=Fraction(10, 1600), iso=100), "1/160 s · ISO 100"),
        (Exif(exposure_seconds=Fraction(5, 2)), "2.5 s"),
        (Exif(exposure_seconds=Fraction(30)), "30 s"),
        (Exif(f_number=Fraction(2), focal_millimetres=Fraction(425, 100)), "f/2 · 4.25 mm"),
        (Exif(), None),
    ],
)
def test_the_exposure(exif: Exif, exposure: str | None) -> None:
    assert merged(exif).metadata.exposure == exposure


@pytest.mark.parametrize(
    ("sources", "captured_at"),
    [
        ({"exif": Exif(taken_at="2019:06:04 10:15:00")}, NAIVE),
        (
            {"exif": Exif(taken_at="2019:06:04 10:15:00.25+03:00")},
            datetime(2019, 6, 4, 10, 15, 0, 250_000, MINSK),
        ),
        ({"xmp": Xmp(created_at="2019-06-04T10:15:00Z")}, datetime(2019, 6, 4, 10, 15, tzinfo=UTC)),
        ({"xmp": Xmp(created_at="2019-06-04T10:15")}, NAIVE),
        (
            {"iptc": Iptc(created_at="20190604 101500+0300")},
            datetime(2019, 6, 4, 10, 15, tzinfo=MINSK),
        ),
        ({"exif": Exif(digitized_at="2019:06:04 10:15:00")}, NAIVE),
        (
            {
                "exif": Exif(taken_at="2019:06:04 10:15:00.5"),
                "xmp": Xmp(taken_at="2019-06-04T10:15:00+03:00"),
            },
            datetime(2019, 6, 4, 10, 15, 0, 500_000, MINSK),
        ),
        (
            {
                "exif": Exif(taken_at="2019:06:04 10:15:00"),
                "xmp": Xmp(taken_at="2019-06-04T11:15:00+03:00"),
            },
            NAIVE,
        ),
        ({"exif": Exif(taken_at="0000:00:00 00:00:00")}, None),
        ({"exif": Exif(taken_at="    :  :     :  :  ")}, None),
        ({"xmp": Xmp(created_at="2003-08-31")}, None),
        (
            {"exif": Exif(taken_at="2024:05:02 11:00:00")},
            datetime.fromisoformat("2024-05-02T11:00"),
        ),
    ],
)
def test_when_it_was_taken(sources: dict[str, object], captured_at: datetime | None) -> None:
    found = merged(**sources)  # type: ignore[arg-type]
    assert found.captured_at == captured_at
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
        "yesterday at noon",
    ],
)
def test_an_impossible_time_is_a_note(text: str) -> None:
    found = merged(Exif(taken_at=text, digitized_at="2019:06:04 10:15:00"))
    assert found.captured_at == NAIVE
    assert found.notes == (f"The time '{text}' in the photo cannot be when it was taken.",)
