"""What players are offered, read back as they would."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.assets.models import Rendition, RenditionKind, Step
from portal.delivery.captions import PEAK_BPS
from portal.delivery.multivariant import multivariant_playlist
from portal.delivery.offers import Offer, offered
from tests.hls_lint import Fault, fetch_presentation, lint
from tests.hls_lint.multivariant import Multivariant, read_multivariant
from tests.rendered_hls import (
    LARGE,
    MASTER,
    POSTER,
    PREVIEW,
    SMALL,
    SOUND,
    rendered,
    rendition,
)

MAKING = frozenset({Step.TRANSCODE, Step.SOUND})
RUSSIAN = replace(SOUND, name="sound-2", language="rus", label="Interpretation")
ENGLISH = replace(SOUND, name="sound-10", language="eng", bandwidth_bps=160_000)
FLOOR = replace(SOUND, language="mul", label='The "floor"')


def read(offer: Offer, captions: Sequence[str] = ()) -> Multivariant:
    faults: list[Fault] = []
    found = read_multivariant(MASTER, multivariant_playlist(offer, captions=captions), faults)
    assert faults == []
    return found


def faults_of(offer: Offer, captions: Sequence[str] = ()) -> list[Fault]:
    files = rendered(offer, captions=dict.fromkeys(captions, ()))
    return lint(fetch_presentation(MASTER, files.get))


def offer_of(*renditions: Rendition) -> Offer:
    return offered(renditions, open_steps=())


def test_a_ladder_with_sound() -> None:
    offer = offer_of(LARGE, POSTER, SOUND, SMALL)
    playlist = read(offer)
    assert playlist.media == [
        {
            "TYPE": "AUDIO",
            "GROUP-ID": "sound",
            "NAME": "Русский",
            "LANGUAGE": "ru",
            "DEFAULT": "YES",
            "AUTOSELECT": "YES",
            "CHANNELS": "2",
            "URI": "sound-1.m3u8",
        }
    ]
    assert [(v.address.rpartition("/")[2], v.attributes) for v in playlist.variants] == [
        (
            "360p.m3u8",
            {
                "BANDWIDTH": "930000",
                "AVERAGE-BANDWIDTH": "628000",
                "CODECS": "avc1.64001e,mp4a.40.2",
                "RESOLUTION": "640x360",
                "FRAME-RATE": "25.000",
                "AUDIO": "sound",
                "CLOSED-CAPTIONS": "NONE",
            },
        ),
        (
            "720p.m3u8",
            {
                "BANDWIDTH": "2530000",
                "AVERAGE-BANDWIDTH": "1728000",
                "CODECS": "avc1.64001f,mp4a.40.2",
                "RESOLUTION": "1280x720",
                "FRAME-RATE": "25.000",
                "AUDIO": "sound",
                "CLOSED-CAPTIONS": "NONE",
            },
        ),
    ]
    assert faults_of(offer) == []


def test_every_picture_can_be_wound_by_its_key_frames() -> None:
    [small, large] = read(offer_of(LARGE, SMALL, SOUND)).iframes
    assert small.address.endswith("/360p.iframes.m3u8")
    assert large.attributes == {
        "BANDWIDTH": "60000",
        "AVERAGE-BANDWIDTH": "50526",
        "CODECS": "avc1.64001f",
        "RESOLUTION": "1280x720",
        "URI": "720p.iframes.m3u8",
    }
    assert read(offer_of(replace(LARGE, keyframe_bytes=None))).iframes == []


def test_a_silent_ladder_names_no_sound() -> None:
    playlist = read(offer_of(SMALL))
    assert playlist.media == []
    [variant] = playlist.variants
    assert variant.attributes["BANDWIDTH"] == "800000"
    assert variant.attributes["CODECS"] == "avc1.64001e"
    assert faults_of(offer_of(SMALL)) == []


def test_sound_alone_is_one_variant() -> None:
    offer = offer_of(SOUND, POSTER)
    playlist = read(offer)
    assert playlist.media == []
    [variant] = playlist.variants
    assert variant.address.endswith("/sound-1.m3u8")
    assert "RESOLUTION" not in variant.attributes
    assert faults_of(offer) == []


def test_several_sounds_alone_can_be_chosen_from() -> None:
    offer = offer_of(ENGLISH, FLOOR)
    playlist = read(offer)
    assert [media["URI"] for media in playlist.media] == ["sound-1.m3u8", "sound-10.m3u8"]
    [variant] = playlist.variants
    assert (variant.attributes["BANDWIDTH"], variant.attributes["AUDIO"]) == ("160000", "sound")
    assert faults_of(offer) == []


def test_floor_and_interpretation_are_told_apart() -> None:
    again = replace(RUSSIAN, name="sound-3")
    offer = offer_of(SMALL, ENGLISH, again, RUSSIAN, FLOOR)
    playlist = read(offer)
    told = [(m["NAME"], m.get("LANGUAGE"), m["DEFAULT"], m["AUTOSELECT"]) for m in playlist.media]
    assert told == [
        ("The ”floor”", "mul", "YES", "YES"),
        ("Interpretation", "ru", "NO", "YES"),
        ("Interpretation 2", "ru", "NO", "NO"),
        ("English", "en", "NO", "YES"),
    ]
    # Whoever plays a picture may play it with the largest of the sounds.
    assert playlist.variants[0].attributes["BANDWIDTH"] == "960000"
    assert faults_of(offer) == []


def test_captions_are_there_in_every_language() -> None:
    offer = offer_of(SMALL, LARGE, SOUND)
    playlist = read(offer, ["be", "ru", "zh-Hant"])
    captions = playlist.group("SUBTITLES", "captions")
    assert [(m["LANGUAGE"], m["NAME"], m["URI"]) for m in captions] == [
        ("be", "Беларуская", "captions/be.m3u8"),
        ("ru", "Русский", "captions/ru.m3u8"),
        ("zh-Hant", "中文 (繁體)", "captions/zh-Hant.m3u8"),
    ]
    assert {(m["DEFAULT"], m["AUTOSELECT"]) for m in captions} == {("NO", "YES")}
    for variant in playlist.variants:
        assert variant.attributes["SUBTITLES"] == "captions"
    assert playlist.variants[0].attributes["BANDWIDTH"] == str(930_000 + PEAK_BPS)
    assert faults_of(offer, ["be", "ru", "zh-Hant"]) == []


def test_a_preview_has_no_captions_yet() -> None:
    playlist = read(Offer(preview=PREVIEW), ["ru"])
    assert playlist.media == []
    [variant] = playlist.variants
    assert variant.address.endswith("/preview.m3u8")
    assert variant.attributes["CODECS"] == "avc1.64001e,mp4a.40.2"


@pytest.mark.parametrize(
    ("made", "open_steps", "shown"),
    [
        ([PREVIEW, POSTER], MAKING, ["preview"]),
        ([PREVIEW, LARGE, SMALL, SOUND], MAKING, ["360p", "720p", "sound-1"]),
        ([PREVIEW, LARGE, SMALL, SOUND], (), ["360p", "720p", "sound-1"]),
        ([PREVIEW, SOUND], {Step.TRANSCODE}, ["preview"]),
        ([PREVIEW, SMALL], {Step.SOUND}, ["preview"]),
        ([SMALL], {Step.SOUND}, ["360p"]),
        ([SOUND], {Step.TRANSCODE}, []),
        ([PREVIEW, SMALL], (), ["360p"]),
        ([PREVIEW, SOUND], (), ["sound-1"]),
        ([POSTER], (), []),
    ],
)
def test_the_preview_serves_until_picture_and_sound_are_there(
    made: list[Rendition], open_steps: frozenset[str], shown: list[str]
) -> None:
    assert [part.name for part in offered(made, open_steps=open_steps).playlists] == shown


def test_codecs_are_left_out_rather_than_told_by_half() -> None:
    unknown = rendition("240p", RenditionKind.VIDEO)
    [variant] = read(offer_of(unknown, SOUND)).variants
    assert not {"CODECS", "RESOLUTION", "FRAME-RATE"} & variant.attributes.keys()


def test_rates_that_nobody_measured_are_computed() -> None:
    unmeasured = rendition("360p", RenditionKind.VIDEO, peak_bps=None, average_bps=None)
    [variant] = read(offer_of(unmeasured)).variants
    assert variant.attributes["BANDWIDTH"] == variant.attributes["AVERAGE-BANDWIDTH"] == "800000"


@given(st.text(), st.text() | st.none())
def test_foreign_words_cannot_write_a_playlist(language: str, label: str | None) -> None:
    sound = rendition("sound-1", RenditionKind.AUDIO, language=language, label=label)
    other = replace(sound, name="sound-2")
    playlist = read(offer_of(SMALL, sound, other))
    assert [media["URI"] for media in playlist.media] == ["sound-1.m3u8", "sound-2.m3u8"]
    assert len({media["NAME"] for media in playlist.media}) == 2
    for media in playlist.media:
        assert re.fullmatch(r"[A-Za-z0-9-]+", media.get("LANGUAGE", "und"))
