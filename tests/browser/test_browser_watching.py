"""Watching a recording: playing, seeking by its transcript, captions, keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LINES, Site, wait_until

pytestmark = pytest.mark.browser

POSITION = "document.querySelector('video').currentTime"
SHOWN_CAPTIONS = """
    Array.from(document.querySelector('video').textTracks)
      .filter((track) => track.mode === 'showing').map((track) => track.language)
"""
TRACK_LANGUAGES = """
    Array.from(document.querySelector('video').textTracks)
      .filter((track) => track.kind !== 'metadata').map((track) => track.language).sort()
"""


def open_recording(page: Page, site: Site, *, language: str = "en", query: str = "") -> None:
    page.goto(site.url(site.recording_path, language) + query)
    expect(page.locator("media-play-button")).to_be_visible()


def test_a_recording_plays(page: Page, site: Site) -> None:
    open_recording(page, site)
    page.locator("media-play-button").click()
    wait_until(page, f"{POSITION} > 2")
    assert page.evaluate("document.querySelector('video').videoWidth") > 0


def test_controls_leave_the_picture_alone_until_they_are_wanted(page: Page, site: Site) -> None:
    open_recording(page, site)
    bar = page.locator(".player-buttons")
    expect(bar).to_have_css("opacity", "0")
    page.locator("media-play-button").focus()
    expect(bar).to_have_css("opacity", "1")
    page.evaluate("document.activeElement.blur()")
    expect(bar).to_have_css("opacity", "0")

    page.locator(".player-start").click()
    wait_until(page, f"{POSITION} > 0.5")
    expect(page.locator(".player-start")).to_be_hidden()
    page.keyboard.press("k")
    wait_until(page, "document.querySelector('video').paused")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    expect(bar).to_have_css("opacity", "1")


def test_a_line_of_the_transcript_seeks_in_place(page: Page, site: Site) -> None:
    open_recording(page, site)
    page.evaluate("window.stayed = true")
    page.get_by_role("link", name=LINES["en"][2]).click()

    wait_until(page, f"{POSITION} > 6 && {POSITION} < 9")
    current = page.locator("a[data-start][aria-current]")
    expect(current).to_contain_text(LINES["en"][2])
    assert page.url.endswith("?t=6.000")
    assert page.evaluate("window.stayed")


def test_the_current_line_moves_on_with_the_recording(page: Page, site: Site) -> None:
    open_recording(page, site)
    page.get_by_role("link", name=LINES["en"][0]).click()
    expect(page.locator("a[data-start][aria-current]")).to_contain_text(LINES["en"][1])
    assert page.locator("a[data-start][aria-current]").count() == 1


def test_an_address_with_a_second_opens_there(page: Page, site: Site) -> None:
    open_recording(page, site, query="?t=6.5")
    wait_until(page, f"{POSITION} >= 6.5")
    expect(page.locator("a[data-start][aria-current]")).to_contain_text(LINES["en"][2])


def test_the_transcript_changes_its_language_while_the_recording_goes_on(
    page: Page, site: Site
) -> None:
    open_recording(page, site)
    page.locator("media-captions-button").click()
    wait_until(page, f"{SHOWN_CAPTIONS}.join() === 'en'")
    page.locator("media-play-button").click()
    page.evaluate("window.stayed = true")
    page.get_by_role("link", name="Russian", exact=True).click()

    expect(page.get_by_role("link", name=LINES["ru"][1])).to_be_visible()
    expect(page.locator("a[data-language][aria-current]")).to_have_text("Russian")
    wait_until(page, f"{SHOWN_CAPTIONS}.join() === 'ru'")
    assert page.evaluate("window.stayed")
    assert not page.evaluate("document.querySelector('video').paused")


def test_captions_come_on_in_the_language_of_the_page(page: Page, site: Site) -> None:
    open_recording(page, site, language="be")
    page.locator("media-captions-button").click()
    wait_until(page, f"{SHOWN_CAPTIONS}.join() === 'be'")


def test_captions_that_players_elsewhere_get_by_hls_are_not_shown_twice_here(
    page: Page, site: Site
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_recording(page, site)
    page.locator("media-captions-button").click()
    wait_until(page, f"{SHOWN_CAPTIONS}.join() === 'en'")
    page.locator("media-play-button").click()
    wait_until(page, f"{POSITION} > 1")
    assert page.evaluate(TRACK_LANGUAGES) == sorted(LINES)
    [master] = {url for url in asked if url.endswith("/hls/master.m3u8")}
    assert page.request.get(master).text().count("TYPE=SUBTITLES") == len(LINES)
    assert not [url for url in asked if "/hls/captions/" in url]


def test_the_player_is_reached_and_driven_by_keys(page: Page, site: Site) -> None:
    open_recording(page, site)
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.localName") == "media-play-button":
            break
    else:
        pytest.fail("thirty steps of the Tab key did not lead to the player")
    page.keyboard.press(" ")
    wait_until(page, f"{POSITION} > 0.2")  # by then the player, too, knows that it plays
    page.keyboard.press("k")
    wait_until(page, "document.querySelector('video').paused")
    before = page.evaluate(POSITION)
    page.keyboard.press("ArrowRight")
    wait_until(page, f"{POSITION} > {before + 4}")
    page.keyboard.press("m")
    wait_until(page, "document.querySelector('video').muted")
    page.keyboard.press("c")
    wait_until(page, f"{SHOWN_CAPTIONS}.length === 1")
    page.keyboard.press("f")
    wait_until(page, "document.fullscreenElement !== null")


def test_controls_speak_the_language_of_the_page(page: Page, site: Site) -> None:
    open_recording(page, site, language="ru")
    label = page.locator("media-play-button").get_attribute("aria-label")
    assert label == "воспроизвести"


def test_reading_elsewhere_stops_the_following_until_it_is_asked_for(
    page: Page, site: Site
) -> None:
    page.set_viewport_size({"width": 1280, "height": 420})
    open_recording(page, site, query="?t=0.5")
    page.locator("a[data-start]").first.hover()
    page.mouse.wheel(0, 120)
    follow = page.get_by_role("button", name="Follow the recording again")
    expect(follow).to_be_visible()
    follow.click()
    expect(follow).to_be_hidden()
