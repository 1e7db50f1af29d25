"""Finding a quote, a person and a photo, in any page language."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LINES, Site, wait_until

pytestmark = pytest.mark.browser


def test_a_quote_is_found_and_opens_at_its_second(page: Page, site: Site) -> None:
    page.goto(site.url("/en/"))
    page.get_by_role("searchbox").fill("lighthouse")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_have_text("lighthouse")
    expect(page.locator(".hit-time").first).to_have_text("00:00:03")
    page.locator(".hit-time").first.click()

    wait_until(page, "document.querySelector('video').currentTime >= 3")
    expect(page.locator("a[data-start][aria-current]")).to_contain_text(LINES["en"][1])


def test_words_in_another_language_open_the_transcript_they_stand_in(
    page: Page, site: Site
) -> None:
    page.goto(site.url("/en/search?q=починили"))
    expect(page.locator("mark").first).to_have_text("починили")
    page.locator(".hit-time").first.click()
    expect(page.locator(".transcript-lines")).to_have_attribute("lang", "ru")
    expect(page.locator("a[data-start][aria-current]")).to_contain_text(LINES["ru"][1])


def test_another_page_language_stays_on_the_page(page: Page, site: Site) -> None:
    page.goto(site.url(site.event_path))
    page.get_by_title("Русский").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Брифинг в порту")
    assert page.url == site.url(site.event_path, "ru")
    assert page.locator("html").get_attribute("lang") == "ru"
    page.get_by_title("Беларуская").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Брыфінг у порце")


def test_a_facet_narrows_and_can_be_taken_back(page: Page, site: Site) -> None:
    page.goto(site.url("/en/search?q=Vera Lis"))
    hits = page.locator(".rail > li")
    before = hits.count()
    page.get_by_role("link", name="Photos").click()
    expect(page.locator(".chosen a")).to_contain_text("Photos")
    page.locator(".chosen a").click()
    expect(hits).to_have_count(before)


def test_a_search_without_hits_says_what_to_try(page: Page, site: Site) -> None:
    page.goto(site.url("/be/search?q=qqqqqq"))
    expect(page.get_by_text("Па запыце «qqqqqq» нічога не знойдзена.")).to_be_visible()


def test_photos_open_large_and_follow_the_arrow_keys(page: Page, site: Site) -> None:
    page.goto(site.url(site.event_path))
    page.locator(".photos a").first.click()
    counter = page.locator("[data-counter]")
    expect(counter).to_have_text("1 / 2")
    page.keyboard.press("ArrowRight")
    expect(counter).to_have_text("2 / 2")
    expect(page.locator("[data-next]")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()


def test_a_person_leads_to_what_they_said(page: Page, site: Site) -> None:
    page.goto(site.url(site.event_path))
    page.get_by_role("link", name="Vera Lis").click()
    expect(page.get_by_text("Вера Лис")).to_be_visible()
    page.get_by_role("link", name="Search for this name").click()
    expect(page.locator(".rail > li").first).to_be_visible()


def test_a_photo_can_be_taken_away(page: Page, site: Site) -> None:
    page.goto(site.url(site.photo_path))
    expect(page.get_by_role("heading", level=1)).to_have_text("A crane at the quay.")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").first.click()
    assert download.value.suggested_filename == "crane 1600.jpg"
