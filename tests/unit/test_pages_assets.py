from __future__ import annotations

from dataclasses import replace

import pytest

from portal.assets.details import recording_page
from portal.assets.durations import is_cut_off, playing_seconds
from portal.assets.models import (
    Asset,
    AssetState,
    Outcome,
    PhotoMetadata,
    RenditionKind,
    Step,
    StepRecord,
)
from portal.assets.photo_details import photo_page
from portal.assets.subject import Subject
from portal.assets.views import (
    asset_caption,
    credit_of,
    notice_of,
    photo_card,
)
from portal.recordings.views import player_of, recording_card
from tests.unit.press_archive import (
    BROKEN,
    EVENT,
    MORNING,
    NASTY,
    PHOTO,
    RADIO,
    SCRUM,
    SPEAKER,
    TRANSCRIPTS,
    rendition,
)


def test_a_finished_asset_needs_no_sentence() -> None:
    assert notice_of(SCRUM, AssetState.READY, detail=None, language="en") is None


def test_a_failure_is_told_to_all_and_its_reason_to_editors() -> None:
    detail = "broken.bin is no video."
    found = [
        notice_of(BROKEN, AssetState.FAILED, detail=detail, language="ru", is_editor=is_editor)
        for is_editor in (True, False)
    ]
    assert [(notice.sentence, notice.detail) for notice in found if notice] == [
        ("Файл не удалось обработать:", detail),
        ("Файл не удалось обработать.", None),
    ]


def cut_off(*, picture: float, sound: float, stated: float = 30.5) -> Asset:
    made = {RenditionKind.VIDEO: picture, RenditionKind.AUDIO: sound}
    renditions = tuple(
        replace(rendition(kind, kind), segment_seconds=(seconds - 4.0, 4.0))
        for kind, seconds in made.items()
    )
    transcode = StepRecord(
        Step.TRANSCODE, 1, 1, None, MORNING, MORNING, Outcome.PARTIAL, "ends after 00:14 of 00:30"
    )
    return replace(SCRUM, duration_seconds=stated, renditions=renditions, steps=(transcode,))


def test_a_recording_that_was_cut_off_says_so_in_the_readers_language() -> None:
    asset = cut_off(picture=14.9, sound=14.2)
    detail = asset.steps[0].detail
    told = notice_of(asset, AssetState.PARTIAL, detail=detail, language="ru", is_editor=True)
    assert told
    assert told.sentence == "Запись обрывается на 00:00:14 из 00:00:30."
    assert told.detail is None
    card = recording_card(asset, AssetState.PARTIAL, language="en", event=EVENT)
    assert (card.clock, card.note) == (
        "00:00:14",
        "The recording ends after 00:00:14 of 00:00:30.",
    )
    other = notice_of(asset, AssetState.PARTIAL, detail="No poster.", language="en", is_editor=True)
    assert other
    assert other.detail == "No poster."


def test_a_recording_whose_sound_alone_is_cut_off_does_not_end_early() -> None:
    asset = cut_off(picture=30.0, sound=14.0)
    assert not is_cut_off(asset)
    detail = asset.steps[0].detail
    told = notice_of(asset, AssetState.PARTIAL, detail=detail, language="en", is_editor=True)
    assert told
    assert told.detail == detail


def test_a_recording_lasts_as_long_as_players_say() -> None:
    assert playing_seconds(cut_off(picture=10.9, sound=11.1)) == 10.9
    assert playing_seconds(cut_off(picture=5.0, sound=30.0)) == 30.0
    assert playing_seconds(RADIO) == RADIO.duration_seconds


def test_what_plays_already_is_said_to_play() -> None:
    preview = replace(SCRUM, renditions=(rendition("preview", RenditionKind.PREVIEW),))
    playing = notice_of(preview, AssetState.PROCESSING, detail=None, language="en")
    waiting = notice_of(BROKEN, AssetState.PROCESSING, detail=None, language="en")
    assert playing
    assert playing.sentence.endswith("the first part plays already.")
    assert waiting
    assert waiting != playing
    assert waiting.watch_path == "/api/v1/assets/broken"


@pytest.mark.parametrize("step", [Step.DOWNLOAD, Step.STORYBOARD, Step.TRANSCODE])
def test_readers_are_told_nothing_of_what_is_made_again(step: Step) -> None:
    again = StepRecord(step, 3, 1, None, MORNING, None, None, None)
    asset = replace(SCRUM, steps=(again,))
    assert notice_of(asset, AssetState.PROCESSING, language="en") is None
    assert recording_card(asset, AssetState.PROCESSING, language="en", event=EVENT).note == ""
    editors = notice_of(asset, AssetState.PROCESSING, language="en", is_editor=True)
    assert editors
    assert (editors.sentence, editors.watch_path) == (
        "This file is being processed and will be complete in a while.",
        "/api/v1/assets/scrum",
    )
    assert notice_of(PHOTO, AssetState.PROCESSING, language="en") is None


def test_sound_that_is_still_made_is_waited_for() -> None:
    silent = replace(SCRUM, renditions=SCRUM.renditions[:1])
    waiting = notice_of(silent, AssetState.PROCESSING, language="en")
    assert waiting
    assert waiting.sentence == "Still being processed: the first part plays already."
    none = StepRecord(Step.SOUND, 1, 1, None, MORNING, MORNING, Outcome.DONE, None)
    without = replace(silent, steps=(none,))
    assert notice_of(without, AssetState.PROCESSING, language="en") is None


def test_what_ends_early_still_does_while_something_is_made_again() -> None:
    asset = cut_off(picture=11.9, sound=12.1)
    told = notice_of(asset, AssetState.PROCESSING, language="en")
    assert told
    assert told.sentence == "The recording ends after 00:00:11 of 00:00:30."
    page = recording_page(
        Subject(asset, AssetState.PARTIAL, None, EVENT, [], "en"),
        [],
        transcript=None,
        start_seconds=None,
    )
    assert "00:00:11" in {fact.value for fact in page.facts}


@pytest.mark.parametrize("is_editor", [True, False])
def test_the_name_of_a_file_is_for_editors(*, is_editor: bool) -> None:
    subject = Subject(SCRUM, AssetState.READY, None, EVENT, [], "en", is_editor=is_editor)
    page = recording_page(subject, [], transcript=None, start_seconds=None)
    assert ("scrum.bin" in {fact.value for fact in page.technical}) is is_editor


def test_a_player_stands_only_where_something_plays() -> None:
    assert player_of(BROKEN, [], language="en", event=EVENT) is None
    radio = player_of(RADIO, [], language="en", event=EVENT)
    assert radio
    assert radio.is_audio
    assert radio.poster == ""


def test_captions_in_the_language_of_the_page_come_first() -> None:
    player = player_of(SCRUM, TRANSCRIPTS, language="ru", event=EVENT, start_seconds=12.5)
    assert player
    assert [(track.language, track.label) for track in player.tracks] == [
        ("ru", "Русский"),
        ("en", "English"),
    ]
    assert player.tracks[0].path == "/media/scrum/captions/ru.vtt"
    assert player.start_seconds == "12.500"


def test_a_photo_offers_its_sizes_from_the_smallest() -> None:
    card = photo_card(PHOTO, AssetState.READY, language="en", event=EVENT)
    assert card.thumbnail
    assert card.thumbnail.src == "/media/photo/photo-320.jpg"
    assert card.thumbnail.srcset == (
        "/media/photo/photo-320.jpg 320w, /media/photo/photo-800.jpg 800w"
    )
    assert card.thumbnail.webp_srcset == (
        "/media/photo/photo-320.webp 320w, /media/photo/photo-800.webp 800w"
    )
    assert card.large
    assert card.large.src == "/media/photo/photo-1600.jpg"
    assert card.caption.words == NASTY


def test_credits_are_written_as_newspapers_print_them() -> None:
    assert credit_of(PHOTO, event=EVENT) == "A. Sidorenko / Press Service"
    same = replace(PHOTO, photo=PhotoMetadata(creator="BelTA", credit="BelTA"))
    assert credit_of(same, event=EVENT) == "BelTA"
    assert credit_of(replace(PHOTO, photo=None), event=replace(EVENT, credit=None)) == ""


def test_a_recording_without_title_goes_by_its_file() -> None:
    card = recording_card(RADIO, AssetState.READY, language="en", event=EVENT, spoken=["ru"])
    assert (card.title.words, card.clock, card.languages) == (
        "radio.bin",
        "01:02:03",
        ("Russian",),
    )


def test_facts_without_a_value_are_left_out() -> None:
    subject = Subject(RADIO, AssetState.READY, None, EVENT, [SPEAKER], "en")
    page = recording_page(subject, [], transcript=None, start_seconds=None)
    facts = {fact.name: str(fact.value) for fact in page.facts}
    assert facts["Duration"] == "01:02:03"
    technical = {fact.name: str(fact.value) for fact in page.technical}
    assert technical["Size of the original"] == "12 MB"
    assert "Loudness" not in technical
    assert "Recorded" not in facts


@pytest.mark.parametrize(
    ("language", "caption"), [("be", "Сустрэча"), ("ru", "Meeting"), ("en", "Meeting")]
)
def test_a_photos_own_caption_is_in_the_readers_language_when_it_has_one(
    language: str, caption: str
) -> None:
    photo = PhotoMetadata(caption="Meeting", captions={"be": "Сустрэча"})
    own = replace(PHOTO, caption={}, language=None, photo=photo)
    assert str(asset_caption(own, language=language, event=EVENT)) == caption


def test_a_photo_tells_whom_and_when_it_shows() -> None:
    subject = Subject(PHOTO, AssetState.READY, None, EVENT, [SPEAKER], "en")
    facts = {fact.name: str(fact.value) for fact in photo_page(subject).facts}
    assert facts["People shown"] == "Olga Karpova", "the other one has a page, by another spelling"
    assert facts["Taken"] == "4 June 2019, 12:05 (UTC+3)"
    assert (facts["Source"], facts["Place"]) == ("BelTA", "Minsk")


def test_captions_in_other_languages_stand_beside_the_readers() -> None:
    shown = {}
    for language in ("en", "ru"):
        page = photo_page(Subject(PHOTO, AssetState.READY, None, EVENT, [], language))
        shown[language] = (page.heading.words, [c.words.words for c in page.captions])
    assert shown["en"] == (NASTY, ["Первая отметка"])
    assert shown["ru"] == ("Первая отметка", [])


def test_captions_of_the_editors_are_not_mixed_with_the_photos() -> None:
    said = replace(PHOTO, caption={"en": "Another stamp"})
    page = photo_page(Subject(said, AssetState.READY, None, EVENT, [], "en"))
    assert (page.heading.words, page.captions) == ("Another stamp", ())


def test_a_photo_is_offered_for_download_the_largest_first() -> None:
    page = photo_page(Subject(PHOTO, AssetState.READY, None, EVENT, [SPEAKER], "en"))
    assert [download.filename for download in page.downloads] == [
        "photo 1600.jpg",
        "photo 800.jpg",
        "photo 320.jpg",
    ]
    assert [link.path for link in page.people] == ["/en/people/gerhard-jarosch"]
