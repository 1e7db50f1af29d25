"""What readers are told of a recording's file, whatever a worker has written down of it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from portal.assets.models import RenditionKind
from portal.recordings.models import Recording
from portal.recordings.views import (
    chapter_links,
    download_links,
    loudness_words,
    player_of,
    sound_track_names,
    technical_facts,
)
from tests.unit.press_archive import EVENT, RADIO, SCRUM, rendition

FACTS = {
    "container": "mov",
    "timecode": "10:00:00:00",
    "video": {
        "codec": "hevc",
        "profile": "Main 10",
        "width": 3840,
        "height": 2160,
        "frame_rate": 29.97,
        "is_rate_variable": False,
        "is_interlaced": True,
        "hdr": "HLG",
        "bit_depth": 10,
    },
    "audio": [
        {"codec": "aac", "layout": "stereo", "sample_rate": 48000},
        {"codec": "aac", "layout": "stereo", "sample_rate": 48000},
        {"codec": "ac3", "layout": "5.1(side)", "sample_rate": 44100},
    ],
    "chapters": [
        {"start_seconds": 0.0, "end_seconds": 61.0, "title": "Opening"},
        {"start_seconds": 61.0, "end_seconds": 90.0, "title": None},
        {"start_seconds": -1, "title": "Nowhere"},
    ],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["video", "audio", "codec", "width", "height", "bit_depth", "title"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def shown(recording: Recording, language: str = "en") -> dict[str, str]:
    return {fact.name: str(fact.value) for fact in technical_facts(recording, language=language)}


def test_facts_are_told_in_the_readers_words() -> None:
    english = shown(Recording(facts=FACTS))
    assert english == {
        "Format of the original": "mov, H.265 Main 10",
        "Picture of the original": ("3840 × 2160, 29.97 frames/s, interlaced, HDR (HLG), 10 bit"),
        "Sound of the original": "AAC, stereo, 48 kHz; AC-3, 5.1(side), 44.1 kHz",
        "Timecode": "10:00:00:00",
    }
    russian = shown(Recording(facts=FACTS), "ru")
    assert russian["Изображение оригинала"].startswith("3840 × 2160, 29,97 кадр./с, чересстрочное")


def test_nothing_is_told_of_what_nobody_knows() -> None:
    assert shown(Recording()) == {}
    assert loudness_words(Recording(), language="en") == ""


def test_loudness_is_told_to_a_tenth() -> None:
    recording = Recording(loudness_lufs=-23.04, loudness_range_lu=7.0, true_peak_dbtp=-1.26)
    assert loudness_words(recording, language="en") == (
        "−23.0 LUFS, range 7.0 LU, true peak −1.3 dBTP"
    )
    alone = Recording(loudness_lufs=-70.0)
    assert loudness_words(alone, language="be") == "−70,0 LUFS"


def test_chapters_with_a_title_are_links_to_their_second() -> None:
    [opening] = chapter_links(Recording(facts=FACTS))
    assert (opening.path, opening.clock, opening.title) == ("?t=0.000", "00:00:00", "Opening")


@given(st.dictionaries(st.sampled_from([*FACTS, "other"]), JSON))
def test_facts_of_any_shape_break_nothing(facts: dict[str, object]) -> None:
    recording = Recording(facts=facts)
    assert all(name for name in shown(recording))
    chapter_links(recording)


def test_sound_tracks_are_named_where_there_is_a_choice() -> None:
    tracks = (("sound-1", "rus", None), ("sound-2", "en", "Interpretation"), ("sound-3", "und", ""))
    made = tuple(
        replace(rendition(name, RenditionKind.AUDIO), language=language, label=label)
        for name, language, label in tracks
    )
    asset = replace(SCRUM, renditions=made[::-1])
    assert sound_track_names(asset, language="en") == (
        "Russian",
        "Interpretation (English)",
        "sound-3",
    )
    assert sound_track_names(replace(SCRUM, renditions=made[:1]), language="en") == ()


def test_downloads_say_what_and_how_large_they_are() -> None:
    made = (
        rendition("sound.m4a", RenditionKind.FILE),
        rendition("video.mp4", RenditionKind.FILE, width=1280, height=720),
        rendition("storyboard.vtt", RenditionKind.FILE),
    )
    links = download_links(replace(SCRUM, renditions=made), language="en")
    assert [(link.filename, link.name, link.size) for link in links] == [
        ("scrum.mp4", "Video (MP4), 1280 × 720", "1.2 kB"),
        ("scrum.m4a", "Sound alone (M4A)", "1.2 kB"),
    ]


def test_each_sound_track_can_be_taken_away_by_its_name() -> None:
    tracks = (("sound-2.m4a", "eng", "Interpretation"), ("sound.m4a", "rus", None))
    made = tuple(
        replace(rendition(name, RenditionKind.FILE), language=language, label=label)
        for name, language, label in tracks
    )
    links = download_links(replace(SCRUM, renditions=made), language="en")
    assert [(link.filename, link.name) for link in links] == [
        ("scrum.m4a", "Sound alone (M4A): Russian"),
        ("scrum 2.m4a", "Sound alone (M4A): Interpretation (English)"),
    ]


def test_a_player_has_pictures_to_scrub_through_or_a_waveform() -> None:
    storyboard = rendition("storyboard.vtt", RenditionKind.FILE)
    waveform = rendition("waveform.png", RenditionKind.IMAGE, width=1800, height=140)
    seen = player_of(
        replace(SCRUM, renditions=(*SCRUM.renditions, storyboard, waveform)),
        [],
        language="en",
        event=EVENT,
    )
    heard = player_of(
        replace(RADIO, renditions=(*RADIO.renditions, waveform)), [], language="en", event=EVENT
    )
    assert seen
    assert (seen.storyboard, seen.waveform) == ("/media/scrum/storyboard.vtt", None)
    assert heard
    assert heard.waveform
    assert (heard.storyboard, heard.waveform.src) == ("", "/media/radio/waveform.png")
