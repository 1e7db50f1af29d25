"""The demonstration material is what the portal takes in, and says what it is."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps
from PIL.IptcImagePlugin import getiptcinfo

from infra.demo import iptc, photo
from infra.demo.album import SHOTS, Shot
from infra.demo.captions import WRITERS
from infra.demo.event_file import SLUG, event_file
from infra.demo.scenery import MOTIFS
from infra.demo.screenplay import LABEL, LANGUAGES, SCENES, SCRUM
from infra.demo.speech import SpokenLine
from portal.events.manifest import read_manifest

SMALL = (120, 80)


def _small(shot: Shot) -> Shot:
    return replace(shot, size=SMALL)


def _files() -> set[str]:
    recordings = {f"{scene.stem}.mp4" for scene in SCENES}
    captions = {
        f"{scene.stem}.{language}.{ending}"
        for scene in SCENES
        for language, ending in scene.captions.items()
    }
    return recordings | captions | {shot.filename for shot in SHOTS}


def test_the_event_file_describes_files_that_are_made() -> None:
    manifest = read_manifest(event_file(), present=_files())
    assert manifest.event.slug == SLUG
    assert LABEL in event_file()
    assert set(manifest.event.title) == set(LANGUAGES)


def test_every_motif_is_photographed_once() -> None:
    assert sorted(shot.motif for shot in SHOTS) == sorted(MOTIFS)


def test_every_line_is_captioned_in_every_language() -> None:
    for scene in SCENES:
        assert all(set(line.texts) == set(LANGUAGES) for line in scene.lines)


def test_a_turned_photo_is_upright_once_its_orientation_is_followed() -> None:
    upright = _small(next(shot for shot in SHOTS if shot.is_turned))
    stored = Image.open(BytesIO(photo.take(upright)))
    assert stored.size == SMALL[::-1]
    assert ImageOps.exif_transpose(stored).size == SMALL


def test_a_photo_says_when_it_was_taken_and_where() -> None:
    exif = Image.open(BytesIO(photo.take(_small(SHOTS[0])))).getexif()
    camera = exif.get_ifd(ExifTags.IFD.Exif)
    assert camera[ExifTags.Base.DateTimeOriginal] == "2019:06:04 09:31:00"
    assert camera[ExifTags.Base.OffsetTimeOriginal] == "+03:00"
    assert ExifTags.GPS.GPSLatitude in exif.get_ifd(ExifTags.IFD.GPSInfo)


def test_a_photo_carries_its_caption_and_the_label() -> None:
    shot = _small(SHOTS[0])
    told = getiptcinfo(Image.open(BytesIO(photo.take(shot))))
    assert told is not None
    caption = told[2, 120]
    assert isinstance(caption, bytes)
    assert caption.decode() == f"{shot.caption} ({LABEL}.)"


@given(caption=st.text(min_size=1, max_size=300))
def test_any_caption_survives_in_a_file_that_still_opens(caption: str) -> None:
    plain = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(plain, "JPEG")
    record = iptc.Record(
        headline="h",
        caption=caption,
        by_line="b",
        credit="c",
        copyright_notice="n",
        city="t",
        country="k",
        keywords=(),
        created_at=SHOTS[0].taken_at,
    )
    picture = Image.open(BytesIO(iptc.embed(plain.getvalue(), record)))
    picture.load()
    told = getiptcinfo(picture)
    assert told is not None
    assert told[2, 120] == caption.encode()


def test_captions_say_when_a_line_is_heard() -> None:
    spoken = [SpokenLine(SCRUM.lines[0], start_seconds=3599.9996, end_seconds=3661.25)]
    assert "01:00:00.000 --> 01:01:01.250" in WRITERS["vtt"](spoken, "en")
    assert "1\n01:00:00,000 --> 01:01:01,250" in WRITERS["srt"](spoken, "ru")
