"""The desk: behind a sign-in, with drafts and what can be done about them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EMAIL, PASSWORD, Site

pytestmark = pytest.mark.browser

DRAFT = "/en/events/secret-visit"


def status_for_the_public(browser: Browser, site: Site, path: str) -> int:
    page = browser.new_page()
    answer = page.goto(site.url(path))
    page.close()
    assert answer
    return answer.status


def test_an_event_is_published_and_withdrawn(browser: Browser, page: Page, site: Site) -> None:
    page.goto(site.url("/desk/"))
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Secret visit").click()
    assert status_for_the_public(browser, site, DRAFT) == 404

    page.get_by_role("button", name="Publish now").click()
    expect(page.locator(".state-public").first).to_be_visible()
    assert status_for_the_public(browser, site, DRAFT) == 200

    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator(".state-withdrawn").first).to_be_visible()
    assert status_for_the_public(browser, site, DRAFT) == 404
