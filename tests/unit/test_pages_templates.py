"""Every page in every language, from the same material; markup is read back by a parser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from portal.assets.details import captions_page, recording_page
from portal.assets.models import Kind
from portal.assets.photo_details import photo_page
from portal.assets.subject import Subject
from portal.desk.assets.storyboard import Still
from portal.desk.assets.views import AssetPage, DeskSubject, Wish, asset_page
from portal.desk.clocks.views import CamerasPage, CamerasSubject, Given, cameras_page
from portal.desk.files.report import FormReport, Refused
from portal.desk.uploading import upload_panel
from portal.desk.views import desk_event, desk_line
from portal.events.pages import HomePage
from portal.events.views import by_year, event_page, latest_view
from portal.languages import PAGE_LANGUAGES
from portal.people.views import Appearances, person_page
from portal.photos.models import Camera, ClockOfPhoto, PhotoClock
from portal.recordings.models import Recording
from portal.recordings.views import player_of
from portal.search.documents import DocumentKind
from portal.search.models import SearchHit, SearchResults
from portal.search.views import Labels, refused_page, search_page
from portal.settings import Settings
from portal.transcripts.views import transcript_view
from portal.uploads.models import FileDescription, Upload, UploadState
from portal.web.templating import environment
from tests.unit.press_archive import (
    ASSETS,
    BROKEN,
    EVENT,
    MATERIAL,
    MORNING,
    NASTY,
    RADIO,
    SCRUM,
    SPEAKER,
    TRANSCRIPTS,
)

UPLOAD = Upload(
    id="begun",
    event_id=EVENT.id,
    asset_id="later",
    kind=Kind.VIDEO,
    filename=NASTY,
    media_type="video/mp4",
    key="assets/later/original",
    storage_upload_id="1",
    size_bytes=10**9,
    part_bytes=10**7,
    declared_sha256=None,
    state=UploadState.OPEN,
    description=FileDescription(),
    part_key=b"key",
)
PLACEHOLDER = re.compile(r"background-image: url\(data:image/png;base64,[\w+/=]+\)")
"""What the policy lets pass: an image for a picture that is not there yet."""
VOID = {"meta", "link", "img", "input", "br", "hr", "source", "track", "path", "wbr"}


@dataclass
class Outline(HTMLParser):
    """What matters of a page: its tags, and whether they close in order."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.opened or self.opened.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def subject(asset_id: str, language: str) -> Subject:
    found = next(asset for asset in ASSETS if asset.id == asset_id)
    detail = "broken.bin is no video." if found is BROKEN else None
    return Subject(found, MATERIAL.states[found.id], detail, EVENT, [SPEAKER], language)


def desk_subject(asset_id: str, recording: Recording | None = None) -> DeskSubject:
    found = next(asset for asset in ASSETS if asset.id == asset_id)
    return DeskSubject(found, MATERIAL.states[asset_id], None, EVENT, recording, TRANSCRIPTS)


def desk_asset(language: str) -> AssetPage:
    stills = [Still(float(at), "storyboard-01.jpg", at * 160, 0, 160, 90) for at in range(3)]
    recording = Recording(facts={"container": NASTY}, poster_at_seconds=1.5)
    wish = Wish(NASTY, "The recording is not that long.")
    return asset_page(desk_subject("scrum", recording), stills, language=language, wish=wish)


def desk_cameras(language: str) -> CamerasPage:
    shown = PhotoClock(MORNING.replace(tzinfo=None))
    clock = ClockOfPhoto("photo", 1, shown, 0, EVENT.zone, MORNING)
    return cameras_page(
        CamerasSubject(
            event=EVENT,
            cameras=[Camera(1, NASTY, 0, 1, "photo.bin"), Camera(2, "Other", -120, 0, None)],
            clocks=[clock],
            photos={asset.id: asset for asset in ASSETS if asset.kind is Kind.PHOTO},
            given=Given(1, NASTY, "photo", "", "No."),
            seconds=3600,
        ),
        language=language,
    )


def hits() -> tuple[SearchHit, ...]:
    return tuple(
        SearchHit(
            kind=kind,
            event_slug=EVENT.slug,
            event_title=EVENT.title,
            asset_id=None if kind in {DocumentKind.EVENT, DocumentKind.PERSON} else "scrum",
            title=NASTY,
            start_seconds=3.5 if kind is DocumentKind.PASSAGE else None,
            end_seconds=None,
            person_slug="gerhard-jarosch",
            person_name="Gerhard Jarosch",
            language="ru",
            text=NASTY,
            highlights=((0, 8),),
            poster="poster.jpg",
            happened_at=MORNING,
            time_zone=EVENT.time_zone,
        )
        for kind in DocumentKind
    )


def pages(language: str) -> Mapping[str, tuple[str, dict[str, object]]]:
    english = transcript_view(TRANSCRIPTS[0], TRANSCRIPTS, language=language, at_seconds=3.5)
    results = SearchResults("a", 5, hits(), {"kind": {"photo": 2, "event": 1}}, True, 1.0, "more")
    labels = Labels({}, {})
    grid = {"q": "a", "kind": "photo"}
    home = HomePage(
        latest=latest_view(EVENT, MATERIAL, language=language),
        years=by_year([EVENT], language=language),
        newer_path="/en/?page=1",
        older_path="",
    )
    player = player_of(SCRUM, TRANSCRIPTS, language=language, event=EVENT)
    event = event_page(EVENT, MATERIAL, language=language, lead=SCRUM, lead_player=player)
    recording = recording_page(
        subject("scrum", language), TRANSCRIPTS, transcript=english, start_seconds=3.5
    )
    failed = recording_page(subject("broken", language), [], transcript=None, start_seconds=None)
    radio = recording_page(subject("radio", language), [], transcript=None, start_seconds=None)
    minutes = captions_page(subject("minutes", language), transcript=english, recording_id=RADIO.id)
    appearances = Appearances([EVENT], ASSETS, MATERIAL.states, {EVENT.id: EVENT})
    desk = desk_event(EVENT, ASSETS, MATERIAL.states, language=language)
    upload = upload_panel(Settings(), [UPLOAD], time_zone="Europe/Minsk", language=language)
    return {
        "home": ("home.html", {"page": home}),
        "nothing yet": ("home.html", {"page": HomePage(None, (), "", "")}),
        "event": ("event.html", {"page": event}),
        "recording": ("recording.html", {"page": recording}),
        "failed": ("recording.html", {"page": failed}),
        "audio": ("recording.html", {"page": radio}),
        "photo": ("photo.html", {"page": photo_page(subject("photo", language))}),
        "captions": ("captions.html", {"page": minutes}),
        "person": (
            "person.html",
            {"page": person_page(SPEAKER, appearances, language=language)},
        ),
        "search": (
            "search.html",
            {"page": search_page(results, {"q": "a"}, labels=labels, language=language)},
        ),
        "photo search": (
            "search.html",
            {"page": search_page(results, grid, labels=labels, language=language)},
        ),
        "refused": ("search.html", {"page": refused_page(NASTY, "No.")}),
        "desk": (
            "desk/events.html",
            {"lines": [desk_line(EVENT, language=language)], "is_new": True},
        ),
        "desk asset": ("desk/asset.html", {"page": desk_asset(language)}),
        "desk photo": (
            "desk/asset.html",
            {"page": asset_page(desk_subject("photo"), [], language=language)},
        ),
        "desk cameras": ("desk/cameras.html", {"page": desk_cameras(language)}),
        "desk event": (
            "desk/event.html",
            {"page": desk, "upload": upload, "fault": "", "at": "", "sent": SENT},
        ),
    }


SENT = FormReport(
    taken=("opening.jpg",),
    known=("scrum.jpg",),
    refused=(Refused("tool.exe", "tool.exe is a program for Windows; that is not taken."),),
    unnamed=2,
)


def rendered(name: str, language: str) -> str:
    template, context = pages(language)[name]
    return (
        environment(language)
        .get_template(template)
        .render(
            account=None,
            viewer=None,
            alternates={code: f"/{code}/here" for code in PAGE_LANGUAGES},
            absolute=lambda path: f"https://press.example.org{path}",
            csrf_field=lambda: Markup('<input type="hidden" name="csrf_token" value="x">'),
            **context,
        )
    )


def outline(name: str, language: str) -> Outline:
    found = Outline()
    found.feed(rendered(name, language))
    found.close()
    return found


def has_data(name: str) -> bool:
    """Of the pages here only one shows a public video that plays."""
    return name == "recording"


NAMES = list(pages("en"))


@pytest.mark.parametrize("language", PAGE_LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_sound_and_keeps_to_our_policy(name: str, language: str) -> None:
    page = outline(name, language)

    assert page.faults == []
    assert page.opened == []
    assert page.all("html") == [{"lang": language}]
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1
    for tag, attributes in page.tags:
        inline = {a for a in attributes if a == "style" or a.startswith("on")}
        is_stand_in = PLACEHOLDER.fullmatch(attributes.get("style") or "")
        assert inline == ({"style"} if is_stand_in else set()), (tag, attributes)
    kinds = [script.get("type") for script in page.all("script")]
    modules = ["module"] * (2 if name in {"desk event", "desk asset", "desk photo"} else 1)
    assert sorted(filter(None, kinds)) == [*["application/ld+json"] * has_data(name), *modules]
    assert None not in kinds
    assert page.all("style") == []


def test_search_engines_are_told_of_a_public_video_in_words_that_cannot_break_out() -> None:
    page = rendered("recording", "en")
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    told = json.loads(data)
    assert (told["@type"], told["name"]) == ("VideoObject", SCRUM.title["en"])
    assert told["uploadDate"] == MORNING.isoformat()
    assert re.fullmatch(r"PT\d+S", told["duration"])
    assert told["contentUrl"].startswith("https://press.example.org/media/scrum/")
    assert "<" not in data


@pytest.mark.parametrize("name", NAMES)
def test_what_users_wrote_is_text_and_nothing_else(name: str) -> None:
    assert "<script>alert" not in rendered(name, "en")


@pytest.mark.parametrize("name", NAMES)
def test_pictures_have_their_shape_before_they_are_loaded(name: str) -> None:
    for picture in outline(name, "en").all("img"):
        assert "alt" in picture
        if "src" in picture:
            assert {"width", "height"} <= picture.keys()


@pytest.mark.parametrize("name", NAMES)
def test_fields_and_buttons_have_names(name: str) -> None:
    page = outline(name, "en")
    for given in page.all("input"):
        is_named = given.get("type") in {"hidden", "datetime-local"} or given.get("aria-label")
        assert is_named, given


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_used_once(name: str) -> None:
    ids = [attributes["id"] for _, attributes in outline(name, "en").tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_a_page_names_itself_in_the_other_languages() -> None:
    links = [link for link in outline("event", "ru").all("link") if link["rel"] == "alternate"]
    assert [(link["hreflang"], link["href"]) for link in links] == [
        (code, f"https://press.example.org/{code}/here") for code in PAGE_LANGUAGES
    ]


def test_a_recording_plays_and_reads_without_script() -> None:
    page = outline("recording", "en")
    assert page.all("video")[0]["width"] == "1280"
    assert page.all("source")[0]["src"] == "/media/scrum/hls/master.m3u8"
    assert [track["srclang"] for track in page.all("track")] == ["en", "ru"]
    lines = [link for link in page.all("a") if "data-start" in link]
    assert [line["href"] for line in lines][1] == "?captions=en&t=3.500#now"
    assert [line["data-start"] for line in lines if "aria-current" in line] == ["3.500"]
    assert page.all("press-player")[0]["start"] == "3.500"


def test_captions_topics_and_keywords_are_links() -> None:
    saved = {
        a["href"]: a["download"] for a in outline("recording", "en").all("a") if "download" in a
    }
    assert saved == {
        "/media/scrum/captions/en.vtt": "scrum.en.vtt",
        "/media/scrum/captions/en.srt": "scrum.en.srt",
        "/media/scrum/captions/ru.vtt": "scrum.ru.vtt",
        "/media/scrum/captions/ru.srt": "scrum.ru.srt",
    }
    assert 'href="/en/search?q=%22Evidence%22"' in rendered("event", "en")
    assert 'href="/ru/search?q=%22press%22"' in rendered("photo", "ru")


def test_the_programme_says_whose_clocks_its_times_are() -> None:
    assert "Times in Minsk (UTC+3)" in rendered("event", "en")
    assert "Час: Мінск (UTC+3)" in rendered("event", "be")


def test_cells_say_their_column_where_the_head_is_hidden() -> None:
    for name in ("desk", "desk event", "desk cameras"):
        assert all(cell.get("data-label") for cell in outline(name, "en").all("td"))


def test_texts_in_another_language_say_so() -> None:
    page = outline("event", "be")
    foreign = {span["lang"] for span in page.all("span") if "lang" in span}
    assert foreign == {"en"}


@pytest.mark.parametrize("name", ["desk event", "desk asset", "desk cameras"])
def test_every_form_of_the_desk_carries_its_token(name: str) -> None:
    page = outline(name, "en")
    posts = [form for form in page.all("form") if form.get("method") == "post"]
    tokens = [given for given in page.all("input") if given.get("name") == "csrf_token"]
    assert posts
    assert len(tokens) == len(posts)


def test_the_desk_offers_what_can_be_done() -> None:
    page = outline("desk event", "en")
    actions = {str(form["action"]).rpartition("/")[2] for form in page.all("form")[1:]}
    assert actions == {"files", "withdraw", "retry"}
    steps = [given["value"] for given in page.all("input") if given.get("name") == "step"]
    assert steps == ["probe", ""], "one of a step that failed, one in the template for script"


def test_what_was_not_sent_to_its_end_is_named() -> None:
    page = outline("desk event", "en")
    begun = [attributes for tag, attributes in page.tags if "data-upload" in attributes]
    assert [(row["data-filename"], row["data-bytes"]) for row in begun] == [(NASTY, "1000000000")]


def test_states_are_told_in_the_words_of_the_reader() -> None:
    assert "Файл не ўдалося апрацаваць." in rendered("failed", "be")
    assert "broken.bin is no video." not in rendered("failed", "be")
