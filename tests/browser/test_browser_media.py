"""What the player and the desk do with what was made of a recording."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, run_portal, sign_in, wait_until, without_errors

pytestmark = pytest.mark.browser

SECONDS = 12
SLUG = "harbour-media"
PREVIEWED = """(() => {
  const range = document.querySelector('media-time-range');
  return range.shadowRoot.querySelector('media-preview-thumbnail');
})()"""
SHEET_OF_PREVIEW = f"{PREVIEWED}.shadowRoot.querySelector('img')"
SOUND = "Array.from(document.querySelector('video').audioTracks).find((track) => track.enabled)"


@dataclass(frozen=True)
class Media:
    """English paths of pages; `asset_id` is the video's."""

    video_path: str
    audio_path: str
    asset_id: str


@pytest.fixture(scope="module")
def media(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Media:
    """A public event with a video that is heard in two languages, and a recording without one."""
    folder = tmp_path_factory.mktemp("media")
    make_scrum(folder / "scrum.mp4")
    make_statement(folder / "statement.flac")
    files = [str(folder / "scrum.mp4"), str(folder / "statement.flac")]
    told = run_portal(["ingest", *files, "--event", SLUG, "--wait", "--json"], site.settings)
    ids = {
        Path(report["path"]).name: report["asset_id"]
        for report in map(json.loads, told.splitlines())
        if report["state"] == "ready"
    }
    run_portal(["events", "publish", SLUG], site.settings)
    return Media(
        video_path=f"/en/assets/{ids['scrum.mp4']}",
        audio_path=f"/en/assets/{ids['statement.flac']}",
        asset_id=ids["scrum.mp4"],
    )


def make_scrum(path: Path) -> None:
    inputs = ["testsrc2=size=640x360:rate=25", "sine=frequency=440", "sine=frequency=880"]
    sources = [part for one in inputs for part in ("-f", "lavfi", "-t", str(SECONDS), "-i", one)]
    tracks = ["-map", "0:v", "-map", "1:a", "-map", "2:a"]
    names = [
        part
        for number, (language, name) in enumerate([("rus", "Floor"), ("eng", "Interpretation: en")])
        for part in (
            f"-metadata:s:a:{number}",
            f"language={language}",
            f"-metadata:s:a:{number}",
            f"handler_name={name}",
        )
    ]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    ffmpeg([*sources, *tracks, *names, *codecs, str(path)])


def make_statement(path: Path) -> None:
    ffmpeg(["-f", "lavfi", "-t", "4", "-i", "sine=frequency=300", str(path)])


def ffmpeg(arguments: list[str]) -> None:
    subprocess.run(["ffmpeg", "-v", "error", *arguments], check=True)


@pytest.fixture
def watching(page: Page, site: Site, media: Media) -> Page:
    page.goto(site.url(media.video_path))
    wait_until(page, "document.querySelector('video').readyState >= 1")
    return page


@pytest.fixture
def desk(page: Page, site: Site, media: Media) -> Page:
    sign_in(page, site.base_url)
    page.goto(site.url(f"/desk/assets/{media.asset_id}"))
    return page


@pytest.fixture
def scriptless_desk(browser: Browser, site: Site, media: Media) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    with without_errors(context.new_page()) as page:
        sign_in(page, site.base_url)
        page.goto(site.url(f"/desk/assets/{media.asset_id}"))
        yield page
    context.close()


def test_the_timeline_shows_a_picture_of_the_second_under_the_pointer(watching: Page) -> None:
    watching.locator("media-time-range").hover(position={"x": 40, "y": 8})
    wait_until(watching, f"{SHEET_OF_PREVIEW}.naturalWidth > 0")
    sheet = watching.evaluate(f"{SHEET_OF_PREVIEW}.src")
    first = watching.evaluate(f"{PREVIEWED}.getAttribute('mediapreviewcoords')")
    assert sheet.endswith("/storyboard-01.jpg")

    box = watching.locator("media-time-range").bounding_box()
    assert box
    watching.mouse.move(box["x"] + box["width"] - 40, box["y"] + 8)
    coordinates = f"{PREVIEWED}.getAttribute('mediapreviewcoords')"
    wait_until(watching, f"{coordinates} !== '{first}'")


def test_another_sound_track_is_chosen_by_its_name(watching: Page) -> None:
    button = watching.locator("media-audio-track-menu-button")
    wait_until(watching, "document.querySelector('video').audioTracks.length === 2")
    button.focus()
    watching.keyboard.press("Enter")
    menu = watching.locator("media-audio-track-menu")
    items = menu.get_by_role("menuitemradio")
    expect(items).to_have_count(2)
    expect(items.nth(1)).to_contain_text("Interpretation: en")
    assert watching.evaluate(f"{SOUND}.id") == "0"
    items.nth(1).click()
    wait_until(watching, f"{SOUND}.id === '1'")
    watching.locator("media-play-button").click()
    wait_until(watching, "document.querySelector('video').currentTime > 1")
    assert watching.evaluate(f"{SOUND}.id") == "1"


def test_a_single_sound_track_is_no_choice(page: Page, site: Site) -> None:
    page.goto(site.url(site.recording_path))
    expect(page.locator("media-play-button")).to_be_visible()
    assert page.locator("media-audio-track-menu-button").count() == 0


def test_pictures_of_the_timeline_are_no_captions(watching: Page) -> None:
    assert watching.locator("media-captions-button").count() == 0
    kinds = "Array.from(document.querySelector('video').textTracks, (track) => track.kind).join()"
    assert watching.evaluate(kinds) == "metadata"


@pytest.mark.parametrize(
    ("name", "start"), [("Video (MP4)", b"ftyp"), ("Sound alone (M4A): Floor", b"ftyp")]
)
def test_what_is_offered_for_download_is_saved(watching: Page, name: str, start: bytes) -> None:
    with watching.expect_download() as saving:
        watching.get_by_role("link", name=name).click()
    saved = Path(saving.value.path())
    assert saved.read_bytes()[4:8] == start
    ending = ".mp4" if "Video" in name else ".m4a"
    assert saving.value.suggested_filename.endswith(ending)
    streams = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", saved],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert ("video" in streams) is (ending == ".mp4")
    assert "audio" in streams


def test_what_is_only_heard_shows_its_waveform(page: Page, site: Site, media: Media) -> None:
    page.goto(site.url(media.audio_path))
    expect(page.locator("media-play-button")).to_be_visible()
    wait_until(page, "document.querySelector('.waveform').naturalWidth > 0")


def poster_of(page: Page) -> str:
    source = page.locator(".poster-now").get_attribute("src")
    assert source
    return source


def expect_new_poster(page: Page, before: str) -> None:
    expect(page.locator("tr[data-step=poster] .state-done")).to_be_visible(timeout=60_000)
    expect(page.locator(".poster-now")).not_to_have_attribute("src", before, timeout=60_000)


def test_the_players_picture_becomes_the_poster(desk: Page) -> None:
    before = poster_of(desk)
    wait_until(desk, "document.querySelector('video').readyState >= 1")
    desk.evaluate("document.querySelector('video').currentTime = 7.5")
    wait_until(desk, "document.querySelector('video').currentTime === 7.5")
    desk.get_by_role("button", name="Take the player's time").click()
    expect(desk.get_by_label("Time of the picture")).to_have_value("00:00:07.500")
    desk.get_by_role("button", name="Make it the poster").click()
    expect(desk.get_by_text("Chosen by an editor: the picture at 00:00:07.")).to_be_visible()
    expect_new_poster(desk, before)


def test_a_picture_of_the_storyboard_becomes_the_poster(desk: Page) -> None:
    before = poster_of(desk)
    desk.get_by_role("button", name="Make the picture at 00:00:04 the poster").click()
    expect(desk.get_by_text("Chosen by an editor: the picture at 00:00:04.")).to_be_visible()
    expect_new_poster(desk, before)


def test_a_poster_is_chosen_without_script(scriptless_desk: Page) -> None:
    page = scriptless_desk
    expect(page.get_by_role("button", name="Take the player's time")).to_be_hidden()
    page.get_by_label("Time of the picture").fill("2.5")
    page.get_by_role("button", name="Make it the poster").click()
    expect(page.get_by_text("Chosen by an editor: the picture at 00:00:02.")).to_be_visible()
    page.get_by_role("button", name="Let the portal choose again").click()
    expect(page.get_by_text("Chosen by the portal.")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "ru", "be"])
def test_pages_of_the_desk_fit_a_small_phone(desk: Page, site: Site, language: str) -> None:
    desk.set_viewport_size({"width": 320, "height": 640})
    path = desk.url.removeprefix(site.base_url)
    for address in (path, f"/desk/events/{SLUG}", "/desk/events/harbour-briefing/cameras"):
        desk.goto(site.url(f"{address}?lang={language}"))
        assert desk.evaluate("document.documentElement.scrollWidth") <= 320, address
