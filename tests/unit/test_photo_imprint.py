"""What is written into a photo is what its readers find again, and the picture stays as it was."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ImageFile import ImageFile

from portal.assets.models import PhotoMetadata
from portal.errors import ToolFailed
from portal.people.models import Person
from workers.photo.blocks.find import find_blocks
from workers.photo.imprint.exif import exif_structure
from workers.photo.imprint.files import with_imprint
from workers.photo.imprint.iptc import iptc_data, photoshop_resources
from workers.photo.imprint.models import Imprint, imprint_of
from workers.photo.imprint.xmp import PACKET_BYTES_MAX, xmp_packet
from workers.photo.iptc import read_iptc
from workers.photo.models import ENDINGS, Size, size_name
from workers.photo.sizes import SAVED_AS
from workers.photo.xmp import read_xmp

WHOLE = Imprint(
    caption='Председатель <b>отвечает</b> & "смотрит"',
    captions={"ru": 'Председатель <b>отвечает</b> & "смотрит"', "en": "The chair answers"},
    headline="Press scrum",
    creator="А. Сидоренко",
    credit="Press Service",
    source="Press Portal",
    copyright="© 2019 Press Service",
    keywords=("саммит", "press"),
    people_shown=("Gerhard Jarosch", "Ірына Новік"),
    city="Минск",
    country="Беларусь",
    taken_at=datetime.fromisoformat("2019-06-04T10:15:00+03:00"),
)


def bare(ending: str, width: int = 41, height: int = 30) -> tuple[bytes, Size]:
    file = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(file, **SAVED_AS[ending])
    return file.getvalue(), Size(size_name(320, ending), width, height)


def imprinted(ending: str, imprint: Imprint = WHOLE) -> bytes:
    return with_imprint(*bare(ending), imprint)


def opened(data: bytes) -> ImageFile:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("width", [40, 41])
@pytest.mark.parametrize("imprint", [WHOLE, Imprint()], ids=["all", "nothing"])
def test_the_picture_stays_as_it_was(ending: str, width: int, imprint: Imprint) -> None:
    picture, size = bare(ending, width)
    image = opened(with_imprint(picture, size, imprint))
    assert image.size == (width, 30)
    assert image.tobytes() == opened(picture).tobytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_exif_says_who_when_whose_and_that_it_is_upright(ending: str) -> None:
    exif = opened(imprinted(ending)).getexif()
    inner = exif.get_ifd(0x8769)
    assert dict(exif) == {
        0x010E: _as_pillow_reads(WHOLE.caption),
        0x0112: 1,
        0x013B: _as_pillow_reads(WHOLE.creator),
        0x8298: _as_pillow_reads(WHOLE.copyright),
        0x8769: exif[0x8769],
    }
    assert inner == {0x9003: "2019:06:04 10:15:00", 0x9011: "+03:00", 0xA001: 1}


def _as_pillow_reads(text: str | None) -> str:
    return (text or "").encode().decode("latin-1")


@pytest.mark.parametrize("ending", ENDINGS)
def test_xmp_says_all_of_it_in_every_language(ending: str) -> None:
    packet = find_blocks(imprinted(ending)).xmp
    xmp = read_xmp(packet)
    assert xmp.notes == ()
    root = parsed(packet)
    assert texts(root, "dc:description", language="x-default") == [WHOLE.caption]
    for language, caption in WHOLE.captions.items():
        assert texts(root, "dc:description", language=language) == [caption]
    assert texts(root, "dc:creator") == [WHOLE.creator]
    assert texts(root, "dc:rights") == [WHOLE.copyright]
    assert texts(root, "dc:subject") == [*WHOLE.keywords]
    assert texts(root, "Iptc4xmpExt:PersonInImage") == [*WHOLE.people_shown]
    for name in ("Headline", "Credit", "Source", "City", "Country"):
        assert root.findtext(f".//photoshop:{name}", None, SPACES) == getattr(WHOLE, name.lower())
    assert root.findtext(".//photoshop:DateCreated", None, SPACES) == "2019-06-04T10:15:00+03:00"


SPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}


def parsed(packet: bytes) -> ET.Element:
    return ET.fromstring(packet)  # noqa: S314 - our own


def texts(root: ET.Element, name: str, *, language: str | None = None) -> list[str | None]:
    items = root.findall(f".//{name}/*/rdf:li", SPACES)
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    return [item.text for item in items if language in {None, item.get(lang)}]


def test_iptc_says_it_in_utf8_and_that_the_xmp_beside_it_says_the_same() -> None:
    blocks = find_blocks(imprinted("jpg"))
    iptc = read_iptc(blocks.iptc, digest=blocks.iptc_digest)
    assert iptc.caption == WHOLE.caption
    assert iptc.by_lines == (WHOLE.creator,)
    assert iptc.keywords == WHOLE.keywords
    assert (iptc.headline, iptc.credit, iptc.source) == (
        *(WHOLE.headline, WHOLE.credit),
        WHOLE.source,
    )
    assert (iptc.copyright, iptc.city, iptc.country) == (
        *(WHOLE.copyright, WHOLE.city),
        WHOLE.country,
    )
    assert iptc.created_at == "20190604 101500+0300"
    assert not iptc.is_newer_than_xmp
    assert iptc.notes == ()
    assert read_iptc(blocks.iptc, digest=b"-" * 16).is_newer_than_xmp


def test_iptc_is_cut_between_letters() -> None:
    iptc = read_iptc(iptc_data(Imprint(creator="Ж" * 40, caption="é" * 1500)))
    assert iptc.by_lines == ("Ж" * 16,)
    assert iptc.caption == "é" * 1000


def test_nothing_to_say_leaves_only_what_the_picture_is() -> None:
    assert xmp_packet(Imprint()) == b""
    assert photoshop_resources(Imprint()) == b""
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + exif_structure(Imprint()))
    assert (dict(exif)[0x0112], dict(exif.get_ifd(0x8769))) == (1, {0xA001: 1})


def test_texts_without_end_are_cut_until_they_fit() -> None:
    endless = replace(
        WHOLE,
        caption="&" * 10_000,
        captions=dict.fromkeys(("en", "ru", "be"), "&" * 10_000),
        keywords=tuple(f"{number}{'&' * 495}" for number in range(200)),
        people_shown=tuple(f"{number}{'&' * 495}" for number in range(200)),
    )
    packet = xmp_packet(endless)
    assert 10_000 < len(packet) <= PACKET_BYTES_MAX
    assert parsed(packet).tag.endswith("xmpmeta")
    image = opened(imprinted("jpg", endless))
    assert image.info["xmp"] == packet


def test_the_longest_of_everything_fits_into_a_jpeg() -> None:
    """A quotation mark takes six bytes there."""
    most = imprint_of(
        PhotoMetadata(
            **{  # type: ignore[arg-type]
                **dict.fromkeys(
                    ("headline", "creator", "credit", "source", "copyright"), '"' * 500
                ),
                **dict.fromkeys(("city", "country"), '"' * 500),
                **dict.fromkeys(("keywords", "people_shown"), ('"' * 500,) * 100),
            }
        ),
        taken_at=WHOLE.taken_at,
        editors_caption={f"x{number}": '"' * 10_000 for number in range(150)},
        editors_people=(),
        default_language="x0",
        event_credit=None,
    )
    packet = xmp_packet(most)
    assert 5_000 < len(packet) <= PACKET_BYTES_MAX
    assert opened(imprinted("jpg", most)).info["xmp"] == packet


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80)


@given(caption=TEXT, names=st.lists(TEXT, max_size=4))
def test_any_text_comes_back(caption: str, names: list[str]) -> None:
    imprint = Imprint(caption=caption, people_shown=tuple(names), keywords=tuple(names))
    root = parsed(xmp_packet(imprint))
    kept = [name.translate({0xFFFE: None, 0xFFFF: None}) for name in (caption, *names)]
    found = texts(root, "dc:description") + texts(root, "Iptc4xmpExt:PersonInImage")
    assert [text or "" for text in found] == kept


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_picture_that_is_not_whole_is_not_handed_out(ending: str) -> None:
    picture, size = bare(ending)
    for broken in (b"", picture[:-3], b"x" + picture[1:], picture[: len(picture) // 2]):
        assert_is_refused(broken, size)


def assert_is_refused(picture: bytes, size: Size) -> None:
    with pytest.raises(
        ToolFailed, match=rf"^{size.name}, .* is no whole picture or has more in it\.$"
    ):
        with_imprint(picture, size, WHOLE)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_picture_of_another_size_than_is_said_is_not_handed_out(ending: str) -> None:
    """A shrunk photo that decodes to gigabytes would be a weapon against readers."""
    picture, size = bare(ending)
    assert_is_refused(picture, replace(size, height=29))
    assert_is_refused(picture, replace(size, width=40))


def hidden(marker: int) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 8) + b"CANARY"


def test_a_jpeg_with_anything_besides_its_picture_is_not_handed_out() -> None:
    """As a reader that was taken over might write it: the place of the original would get out."""
    picture, size = bare("jpg")
    scan = picture.index(b"\xff\xda")
    middle = (scan + len(picture)) // 2
    for marker in (0xE1, 0xED, 0xFE, 0xE2, 0xC2):
        assert_is_refused(picture[:20] + hidden(marker) + picture[20:], size)
        assert_is_refused(picture[:scan] + hidden(marker) + picture[scan:], size)
        assert_is_refused(picture[:middle] + hidden(marker) + picture[middle:], size)
        assert_is_refused(picture[:-2] + hidden(marker) + picture[-2:], size)
    assert_is_refused(picture + picture, size)
    assert_is_refused(picture + b"CANARY\xff\xd9", size)
    assert_is_refused(picture[:scan] + picture[-2:], size)


def test_a_webp_with_anything_besides_its_picture_is_not_handed_out() -> None:
    picture, size = bare("webp")
    assert_is_refused(picture + b"EXIF\6\0\0\0CANARY", size)
    chunk = b"EXIF" + struct.pack("<I", 6) + b"CANARY"
    assert_is_refused(picture[:12] + chunk + picture[12:], size)
    lossless, file = Image.new("RGB", (41, 30)), io.BytesIO()
    lossless.save(file, "WEBP", lossless=True)
    assert_is_refused(file.getvalue(), size)


# What is said


JAROSCH = Person("1", "gerhard-jarosch", "Gerhard Jarosch", ("Герхард Ярош",))


def said(photo: PhotoMetadata = PhotoMetadata(), **changes: Any) -> Imprint:  # noqa: B008
    given: dict[str, Any] = {
        "taken_at": None,
        "editors_caption": {},
        "editors_people": (),
        "default_language": "ru",
        "event_credit": None,
    }
    return imprint_of(photo, **given | changes)


def test_the_editors_words_come_before_the_photos_own() -> None:
    photo = PhotoMetadata(caption="DSC_0001", captions={"en": "DSC"}, people_shown=("Someone",))
    assert said(photo) == Imprint(
        caption="DSC_0001", captions={"en": "DSC"}, people_shown=("Someone",)
    )
    corrected = said(
        photo,
        editors_caption={"en": "The chair\0", "ru": "Председатель"},
        editors_people=[JAROSCH],
    )
    assert corrected == Imprint(
        caption="Председатель",
        captions={"en": "The chair", "ru": "Председатель"},
        people_shown=("Gerhard Jarosch", "Someone"),
    )


def test_somebody_whom_editors_and_photo_name_is_named_once() -> None:
    """Those whom a photo names are linked by its first run; a second one must not lose others."""
    photo = PhotoMetadata(people_shown=("Someone", "Ярош, Герхард"))
    assert said(photo, editors_people=[JAROSCH]).people_shown == ("Gerhard Jarosch", "Someone")


def test_the_events_credit_stands_in_for_a_photo_without_one() -> None:
    assert said(event_credit="Press Service").credit == "Press Service"
    assert said(PhotoMetadata(credit="AP"), event_credit="Press Service").credit == "AP"


def test_what_is_not_for_the_public_is_not_taken() -> None:
    """Everything that an imprint can hold is listed here; anything new has to be thought about."""
    assert set(Imprint.__dataclass_fields__) == {
        *("caption", "captions", "headline", "creator", "credit", "source", "copyright"),
        *("keywords", "people_shown", "city", "country", "taken_at"),
    }


@given(year=st.integers(1826, 2100))
def test_every_year_is_written_as_readers_expect_it(year: int) -> None:
    imprint = Imprint(taken_at=datetime(year, 1, 2, 3, 4, 5, tzinfo=UTC))
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + exif_structure(imprint))
    assert exif.get_ifd(0x8769)[0x9003] == f"{year:04d}:01:02 03:04:05"
    assert read_iptc(iptc_data(imprint)).created_at == f"{year:04d}0102 030405+0000"


def test_webp_chunks_are_in_the_order_that_the_container_asks_for() -> None:
    data, names, at = imprinted("webp"), [], 12
    while at < len(data):
        names.append(data[at : at + 4])
        (length,) = struct.unpack("<I", data[at + 4 : at + 8])
        at += 8 + length + length % 2
    assert names == [b"VP8X", b"VP8 ", b"EXIF", b"XMP "]
    assert at == len(data)
