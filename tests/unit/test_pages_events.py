from __future__ import annotations

from dataclasses import replace

from portal.assets.models import Kind
from portal.events.views import by_year, event_line, event_page, latest_view, lead_of
from tests.unit.press_archive import ASSETS, BROKEN, EVENT, MATERIAL, PHOTO, RADIO, SCRUM


def test_photos_stand_on_the_programme_at_the_time_they_were_taken() -> None:
    opening, scrum = event_page(EVENT, MATERIAL, language="en").programme
    assert opening.photos == ()
    assert [photo.path for photo in scrum.photos] == ["/en/assets/photo"]
    assert scrum.time
    assert scrum.time.words == "12:00–13:00"


def test_a_recording_stands_on_the_programme_or_below_but_not_twice() -> None:
    page = event_page(EVENT, MATERIAL, language="en")
    placed = [card.path for row in page.programme for card in row.recordings]
    assert placed == ["/en/assets/scrum"]
    assert [card.path for card in page.recordings] == ["/en/assets/radio", "/en/assets/broken"]


def test_captions_of_a_recording_are_no_paper_of_their_own() -> None:
    paired = replace(MATERIAL, spoken={SCRUM.id: ["ru"]})
    assert [paper.language for paper in event_page(EVENT, MATERIAL, language="en").papers] == [
        "Russian"
    ]
    assert event_page(EVENT, paired, language="en").papers == ()


def test_the_lead_is_a_video_that_plays() -> None:
    recordings = [RADIO, BROKEN, SCRUM]
    assert lead_of(recordings, playable=[RADIO.id, SCRUM.id]) is SCRUM
    assert lead_of(recordings, playable=[RADIO.id]) is RADIO
    assert lead_of(recordings, playable=[]) is None


def test_only_what_is_not_public_is_warned_of() -> None:
    draft = replace(EVENT, state="draft")
    assert event_page(EVENT, MATERIAL, language="en").state_sentence == ""
    assert "draft" in event_page(draft, MATERIAL, language="en").state_sentence


def test_a_line_has_the_days_of_its_own_zone() -> None:
    late = replace(EVENT, time_zone="Pacific/Kiritimati", ends_at=None)
    when = event_line(late, language="en").when
    assert when
    assert when.words == "4 June 2019"
    assert event_line(replace(EVENT, starts_at=None), language="en").when is None


def test_events_stand_together_by_year() -> None:
    undated = replace(EVENT, slug="undated", starts_at=None, ends_at=None)
    years = by_year([EVENT, replace(EVENT, slug="second"), undated], language="en")
    assert [(year.name, len(year.events)) for year in years] == [("2019", 2), ("Without a date", 1)]


def test_the_latest_event_has_a_picture_when_anything_has_one() -> None:
    latest = latest_view(EVENT, MATERIAL, language="en")
    assert latest.picture
    assert latest.picture.src == "/media/scrum/poster.jpg"
    assert (latest.recording_count, latest.photo_count) == (3, 1)

    photos_only = replace(MATERIAL, assets=[PHOTO])
    picture = latest_view(EVENT, photos_only, language="en").picture
    assert picture
    assert picture.src == "/media/photo/photo-1600.jpg"

    nothing = replace(MATERIAL, assets=[a for a in ASSETS if a.kind is Kind.CAPTIONS])
    assert latest_view(EVENT, nothing, language="en").picture is None
