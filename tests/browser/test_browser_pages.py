"""What holds for every page: narrow screens, no script, little script, nothing that jumps."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import LINES, Site, wait_until, without_errors

pytestmark = pytest.mark.browser

SCRIPT_BYTES_MAX = 100_000
LAYOUT_SHIFT = """
    new Promise((resolve) => {
      let shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(shift))));
    })
"""


def paths(site: Site) -> list[str]:
    return [
        "/en/",
        site.event_path,
        site.recording_path,
        site.photo_path,
        "/en/people/vera-lis",
        "/en/search?q=lighthouse",
        "/en/search?q=qqqqqq",
        "/login",
    ]


@pytest.mark.parametrize("language", ["en", "ru", "be"])
def test_nothing_is_wider_than_a_small_phone(page: Page, site: Site, language: str) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    for path in paths(site):
        page.goto(site.url(path, language))
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320, f"{path} is {width} pixels wide"


def test_texts_and_transcript_are_there_without_script(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    with without_errors(context.new_page()) as page:
        page.goto(site.url(site.event_path))
        expect(page.get_by_text("opens again on Monday")).to_be_visible()
        page.goto(site.url(site.recording_path))
        expect(page.locator("video")).to_be_hidden()
        expect(page.locator(".player-still")).to_be_visible()
        page.get_by_role("link", name=LINES["en"][1]).click()
        expect(page.locator("a[aria-current][data-start]")).to_contain_text(LINES["en"][1])
        page.get_by_role("link", name="Russian", exact=True).click()
        expect(page.get_by_role("link", name=LINES["ru"][1])).to_be_visible()
        page.get_by_role("searchbox").fill("lighthouse")
        page.get_by_role("button", name="Search").click()
        expect(page.locator("mark").first).to_have_text("lighthouse")
    context.close()


def test_little_script_comes_before_a_player_is_in_view(page: Page, site: Site) -> None:
    sizes: dict[str, int] = {}
    page.on(
        "response",
        lambda answer: (
            sizes.update({answer.url: len(answer.body())})
            if answer.request.resource_type == "script"
            else None
        ),
    )
    for path in ("/en/", "/en/search?q=lighthouse", site.photo_path):
        page.goto(site.url(path), wait_until="networkidle")
    assert 0 < sum(sizes.values()) < SCRIPT_BYTES_MAX


def test_nothing_jumps_while_a_recording_loads(page: Page, site: Site) -> None:
    page.goto(site.url(site.recording_path))
    expect(page.locator("media-play-button")).to_be_visible()
    wait_until(page, "document.querySelector('video').readyState >= 1")
    assert page.evaluate(LAYOUT_SHIFT) < 0.01


def test_search_engines_are_told_of_the_video_within_our_policy(page: Page, site: Site) -> None:
    """A broken policy would be on the console, and fail the test."""
    page.goto(site.url(site.recording_path))
    told = json.loads(page.locator('script[type="application/ld+json"]').text_content() or "")
    assert (told["@type"], told["name"]) == ("VideoObject", "The briefing")
    for address in ("thumbnailUrl", "contentUrl", "url"):
        assert page.request.get(told[address]).ok


def test_the_first_step_of_the_keyboard_leads_past_the_masthead(page: Page, site: Site) -> None:
    page.goto(site.url(site.event_path))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_page_that_is_not_there_says_so_in_the_readers_words(
    browser: Browser, site: Site
) -> None:
    page = browser.new_page()
    answer = page.goto(site.url("/be/events/no-such-event"))
    assert answer
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("Тут нічога няма")
    page.close()
