"""What tests of uploads do with the desk's page of an event, and find on it."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.browser.conftest import WAIT_MILLISECONDS_MAX

READY_MILLISECONDS = 60_000
PART_ADDRESS = re.compile(r"/api/v1/uploads/\w+/parts/(\d+)")


class Parts:
    """The numbers of the parts that a page sends; those from `hold_from` on get no address.

    Addresses are held and not the parts themselves, which a browser may send as it closes.
    """

    def __init__(self, page: Page, *, hold_from: int = 10**6) -> None:
        self.numbers: list[int] = []
        self.held: list[Route] = []
        self.hold_from = hold_from
        self.page = page
        self.answered = 0
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_answer)
        page.route("**/api/v1/uploads/*/parts/*/sign", self._on_sign)

    def wait_for(self, count: int) -> None:
        """Until so many parts were answered."""
        last_moment = time.monotonic() + WAIT_MILLISECONDS_MAX / 1000
        while self.answered < count and time.monotonic() < last_moment:
            self.page.wait_for_timeout(20)
        assert self.answered == count

    def wait_for_held(self, count: int) -> None:
        """Until so many parts wait for their addresses."""
        last_moment = time.monotonic() + WAIT_MILLISECONDS_MAX / 1000
        while len(self.held) < count and time.monotonic() < last_moment:
            self.page.wait_for_timeout(20)
        assert len(self.held) == count

    def forget_held(self) -> None:
        """The page has taken those requests back; the next ones are answered."""
        self.hold_from = 10**6
        self.held.clear()

    def let_go(self) -> None:
        self.hold_from = 10**6
        while self.held:
            self.held.pop(0).continue_()

    def _on_sign(self, route: Route, request: Request) -> None:
        if number_of(request) >= self.hold_from:
            self.held.append(route)
        else:
            route.continue_()

    def _on_request(self, request: Request) -> None:
        if request.method == "PUT":
            self.numbers.append(number_of(request))

    def _on_answer(self, request: Request) -> None:
        self.answered += request.method == "PUT"


def number_of(request: Request) -> int:
    found = PART_ADDRESS.search(request.url)
    assert found
    return int(found[1])


def files_input(page: Page) -> Locator:
    return page.locator("press-upload input[type=file]:not([webkitdirectory])")


def row_of(page: Page, name: str) -> Locator:
    return page.locator(".upload-row").filter(has_text=name)


def state_of(page: Page, name: str) -> Locator:
    return row_of(page, name).locator(".upload-state")


def asset_of(page: Page, name: str) -> Locator:
    return page.locator("press-files tr[data-asset]").filter(has_text=name)


def expect_sent(page: Page, name: str) -> None:
    expect(state_of(page, name)).to_contain_text("Sent", timeout=WAIT_MILLISECONDS_MAX)


def expect_ready(page: Page, name: str) -> None:
    state = asset_of(page, name).locator("td > .state")
    expect(state).to_have_text("Ready", timeout=READY_MILLISECONDS)


def leave_after(parts_count: int, page: Page, file: Path) -> None:
    """Send so many parts of a file, and close the page."""
    parts = Parts(page, hold_from=parts_count + 1)
    files_input(page).set_input_files(file)
    parts.wait_for(parts_count)
    page.close()
