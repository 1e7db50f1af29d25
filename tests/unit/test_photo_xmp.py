"""XMP in the shapes in which programs write it, and in those of an attacker."""

from __future__ import annotations

import pytest

from tests.photo_blocks import alternatives, packet
from workers.photo import xmp as xmp_module
from workers.photo.blocks.models import BLOCK_BYTES_MAX
from workers.photo.xmp import Path, Xmp, read_xmp

DOCTYPES = [
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
    b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
    '<!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>'.encode("utf-16"),
    b"<!DOCTYPE x [<!ENTITY % a SYSTEM 'http://127.0.0.1/'> %a;]><x/>",
]


def texts(xmp: Xmp) -> dict[Path, tuple[str, ...]]:
    return {path: tuple(value.text for value in values) for path, values in xmp.values.items()}


def test_lists_languages_and_attributes() -> None:
    xmp = read_xmp(
        packet(
            alternatives("dc:description", {"ru-RU": "Подпись", "x-default": "Caption &lt;b&gt;"})
            + """<dc:creator><rdf:Seq><rdf:li>One</rdf:li><rdf:li>Two</rdf:li></rdf:Seq>
            </dc:creator>
            <dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Bag></dc:subject>
            <photoshop:City>Минск</photoshop:City>""",
            'photoshop:Headline="Headline" photoshop:DateCreated="2019-06-04T10:15:00+03:00"',
        )
    )
    assert xmp.text(xmp_module.DESCRIPTION) == "Caption <b>"
    assert xmp.in_languages(xmp_module.DESCRIPTION) == {
        "ru-RU": "Подпись",
        "x-default": "Caption <b>",
    }
    assert xmp.texts(xmp_module.CREATORS) == ("One", "Two")
    assert xmp.texts(xmp_module.SUBJECTS) == ("a", "b")
    assert xmp.text(xmp_module.CITY) == "Минск"
    assert xmp.text(xmp_module.HEADLINE) == "Headline"
    assert xmp.text(xmp_module.CREATED_AT) == "2019-06-04T10:15:00+03:00"
    assert xmp.notes == ()


def test_simple_properties_and_qualified_ones() -> None:
    xmp = read_xmp(
        packet(
            "<dc:creator>One</dc:creator><dc:description>Text</dc:description>"
            "<photoshop:Credit><rdf:Description><rdf:value>Office</rdf:value></rdf:Description>"
            "</photoshop:Credit>"
        )
    )
    assert texts(xmp) == {
        xmp_module.CREATORS: ("One",),
        xmp_module.DESCRIPTION: ("Text",),
        xmp_module.CREDIT: ("Office",),
    }


def test_only_what_is_taken_is_kept() -> None:
    place = 'exif:GPSLatitude="53,54.27N" aux:SerialNumber="012345" aux:OwnerName="Somebody"'
    history = "<xmpMM:History><rdf:Seq><rdf:li>saved</rdf:li></rdf:Seq></xmpMM:History>"
    assert texts(read_xmp(packet(history + "<dc:format>image/jpeg</dc:format>", place))) == {}


def test_people_shown_and_faces_in_regions() -> None:
    region = """<rdf:li><rdf:Description mwg-rs:Name="{}" {}>
        <mwg-rs:Area stArea:x="0.5"/></rdf:Description></rdf:li>"""
    xmp = read_xmp(
        packet(
            "<Iptc4xmpExt:PersonInImage><rdf:Bag><rdf:li>Anna Berg</rdf:li></rdf:Bag>"
            "</Iptc4xmpExt:PersonInImage><Iptc4xmpExt:PersonInImageWDetails><rdf:Bag><rdf:li "
            'rdf:parseType="Resource">'
            + alternatives("Iptc4xmpExt:PersonName", {"x-default": "Boris Clark"})
            + "</rdf:li></rdf:Bag></Iptc4xmpExt:PersonInImageWDetails>"
            '<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag>'
            + region.format("Clara Dahl", 'mwg-rs:Type="Face"')
            + region.format("Rex", 'mwg-rs:Type="Pet"')
            + "<rdf:li rdf:parseType='Resource'><mwg-rs:Name>Daria Eng</mwg-rs:Name></rdf:li>"
            + "</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"
        )
    )
    assert xmp.people == ("Anna Berg", "Boris Clark", "Clara Dahl", "Daria Eng")


def test_the_location_shown() -> None:
    xmp = read_xmp(
        packet(
            """<Iptc4xmpExt:LocationShown><rdf:Bag>
            <rdf:li rdf:parseType="Resource"><Iptc4xmpExt:City>Минск</Iptc4xmpExt:City>
            <Iptc4xmpExt:Sublocation>the very door</Iptc4xmpExt:Sublocation></rdf:li>
            <rdf:li Iptc4xmpExt:City="Riga" Iptc4xmpExt:CountryName="Latvia"/>
            </rdf:Bag></Iptc4xmpExt:LocationShown>"""
        )
    )
    assert texts(xmp) == {
        xmp_module.SHOWN_CITY: ("Минск", "Riga"),
        xmp_module.SHOWN_COUNTRY: ("Latvia",),
    }
    cities = xmp.values[xmp_module.SHOWN_CITY]
    assert cities[0].item != cities[1].item == xmp.values[xmp_module.SHOWN_COUNTRY][0].item


def test_a_packet_goes_on_in_its_extension() -> None:
    main = packet("", 'xmpNote:HasExtendedXMP="NAME" photoshop:City="Minsk"')
    rest = packet("<dc:creator>One</dc:creator>")
    xmp = read_xmp(main, {"NAME": rest, "OTHER": packet("<dc:creator>Two</dc:creator>")})
    assert (xmp.text(xmp_module.CITY), xmp.texts(xmp_module.CREATORS)) == ("Minsk", ("One",))
    assert xmp.notes == ()
    assert read_xmp(main, {"NAME": b""}).notes == (xmp_module.PARTLY_DAMAGED,)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_of_unicode(encoding: str) -> None:
    text = packet("<dc:creator>Ярош</dc:creator>").decode().strip("\0")
    assert read_xmp(text.encode(encoding)).texts(xmp_module.CREATORS) == ("Ярош",)


@pytest.mark.parametrize(
    "packet",
    [
        packet("<dc:creator>Яр\0ош</dc:creator>").strip(b"\0"),
        packet("<dc:creator>Ярош</dc:creator>")
        .decode()
        .lstrip("\ufeff")
        .replace("\ufeff", "")
        .strip("\0")
        .encode("cp1251"),
        packet("<dc:creator>Ярош</dc:creator><dc:subject>"),
    ],
)
def test_what_can_be_read_of_a_damaged_packet_is_kept(packet: bytes) -> None:
    xmp = read_xmp(packet)
    assert (xmp.texts(xmp_module.CREATORS), xmp.notes) == (
        ("Ярош",),
        (xmp_module.PARTLY_DAMAGED,),
    )


@pytest.mark.parametrize(
    "data",
    [
        b"<rdf:RDF",
        b"\xff\xfe\xfa",
        packet("<dc:creator>"),
        *DOCTYPES,
        b'<?xml version="1.0" encoding="no-such"?><x/>',
        packet("<dc:creator>" * 10_000),
    ],
)
def test_xmp_that_cannot_be_read_is_a_note(data: bytes) -> None:
    assert read_xmp(data) == Xmp(notes=(xmp_module.DAMAGED,))


@pytest.mark.parametrize("doctype", DOCTYPES[:2])
def test_no_entity_is_ever_put_in(doctype: bytes) -> None:
    head = doctype[: doctype.index(b"<x")]
    laughs = head + packet("<dc:creator>&b;&amp;</dc:creator>").replace(b"\xef\xbb\xbf", b"")
    assert read_xmp(laughs) == Xmp(notes=(xmp_module.DAMAGED,))


def test_a_list_without_end_is_cut() -> None:
    entries = "<rdf:li>x</rdf:li>" * 20_000
    xmp = read_xmp(packet(f"<dc:subject><rdf:Bag>{entries}</rdf:Bag></dc:subject>"))
    assert len(xmp.texts(xmp_module.SUBJECTS)) == 5_000


def test_a_long_history_is_passed_over() -> None:
    entries = "<rdf:li>0123456789ABCDEF</rdf:li>" * (BLOCK_BYTES_MAX // 40)
    history = (
        f"<photoshop:DocumentAncestors><rdf:Bag>{entries}</rdf:Bag></photoshop:DocumentAncestors>"
    )
    xmp = read_xmp(packet(history + "<dc:creator>One</dc:creator>"))
    assert texts(xmp) == {xmp_module.CREATORS: ("One",)}


@pytest.mark.parametrize("data", [b"", b"\0\0 \n"])
def test_no_xmp_is_no_fault(data: bytes) -> None:
    assert read_xmp(data) == Xmp()
