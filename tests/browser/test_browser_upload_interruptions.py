"""Uploads that stop: by their editor, the network or the end of a session, and how they go on."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, expect

from tests.browser.conftest import (
    PART_BYTES,
    UPLOAD_DESK,
    Site,
    sign_in,
    without_errors,
)
from tests.browser.upload_page import (
    Parts,
    expect_ready,
    expect_sent,
    files_input,
    leave_after,
    number_of,
    row_of,
    state_of,
)

pytestmark = pytest.mark.browser


def test_a_paused_file_sends_nothing_and_goes_on(desk: Page, recording: Path) -> None:
    parts = Parts(desk, hold_from=3)
    files_input(desk).set_input_files(recording)
    row = row_of(desk, recording.name)
    expect(row.locator(".upload-figures")).to_contain_text("%")
    parts.wait_for(2)
    row.get_by_role("button", name=f"Pause: {recording.name}").click()
    expect(row.locator(".upload-state")).to_contain_text("Paused")
    parts.forget_held()
    row.get_by_role("button", name=f"Go on: {recording.name}").click()
    expect_sent(desk, recording.name)
    assert sorted(parts.numbers) == [1, 2, 3, 4]


def test_after_a_reload_only_missing_parts_are_sent(
    context: BrowserContext, desk: Page, site: Site, recording: Path
) -> None:
    leave_after(2, desk, recording)
    with without_errors(context.new_page()) as page:
        parts = Parts(page)
        page.goto(site.url(UPLOAD_DESK))
        expect(page.locator("[data-interrupted]")).to_contain_text(recording.name)
        files_input(page).set_input_files(recording)
        expect_sent(page, recording.name)
        expect(page.locator("[data-interrupted]")).to_be_hidden()
        assert sorted(parts.numbers) == [3, 4]
        expect_ready(page, recording.name)


def test_a_file_that_was_changed_since_is_another_file(
    context: BrowserContext, desk: Page, site: Site, recording: Path
) -> None:
    """Same name and size, other bytes: nothing of the old ones may end in the new file."""
    leave_after(2, desk, recording)
    about = recording.stat()
    with recording.open("r+b") as file:
        file.seek(PART_BYTES + PART_BYTES // 2)
        file.write(b"changed")
    os.utime(recording, ns=(about.st_atime_ns, about.st_mtime_ns))

    with without_errors(context.new_page()) as page:
        parts = Parts(page)
        page.goto(site.url(UPLOAD_DESK))
        files_input(page).set_input_files(recording)
        expect_sent(page, recording.name)
        assert sorted(parts.numbers) == [2, 3, 4]


def test_an_interrupted_upload_can_be_discarded(
    context: BrowserContext, desk: Page, site: Site, recording: Path
) -> None:
    leave_after(1, desk, recording)
    with without_errors(context.new_page()) as page:
        page.goto(site.url(UPLOAD_DESK))
        interrupted = page.locator("[data-interrupted] li").filter(has_text=recording.name)
        expect(interrupted).to_contain_text("begun")
        expect(interrupted).to_contain_text(re.compile(r"[1-9]\d?% sent"))
        discard = page.get_by_role("button", name=f"Discard: {recording.name}")
        page.once("dialog", lambda dialog: dialog.dismiss())
        discard.click()
        expect(interrupted).to_be_visible()
        page.once("dialog", lambda dialog: dialog.accept())
        discard.click()
        expect(page.locator("[data-interrupted]")).not_to_contain_text(recording.name)
        page.reload()
        expect(page.locator("press-files")).to_be_visible()
        expect(page.locator("[data-interrupted]")).not_to_contain_text(recording.name)


@pytest.mark.parametrize("button", ["Remove: {name}", "Clear the list"])
def test_leaving_the_list_deletes_nothing_that_was_sent(
    troubled_desk: Page, context: BrowserContext, site: Site, recording: Path, button: str
) -> None:
    page = troubled_desk
    parts = Parts(page, hold_from=3)
    files_input(page).set_input_files(recording)
    parts.wait_for(2)
    cookies = context.cookies()
    context.clear_cookies()
    parts.let_go()
    expect(row_of(page, recording.name)).to_contain_text("What was sent is kept.")
    for cookie in cookies:
        context.add_cookies(
            [
                {
                    "name": cookie["name"],
                    "value": cookie["value"],
                    "url": site.base_url.replace("http:", "https:"),
                    "secure": True,
                }
            ]
        )
    page.get_by_role("button", name=button.format(name=recording.name)).click()
    expect(page.locator(".upload-row")).to_have_count(0)
    interrupted = page.locator("[data-interrupted] li").filter(has_text=recording.name)
    expect(interrupted).to_contain_text("MB")

    page.reload()
    expect(interrupted).to_be_visible()
    parts = Parts(page)
    files_input(page).set_input_files(recording)
    expect_sent(page, recording.name)
    assert sorted(parts.numbers) == [3, 4]


def test_a_file_under_way_can_be_discarded(desk: Page, recording: Path) -> None:
    parts = Parts(desk, hold_from=2)
    files_input(desk).set_input_files(recording)
    parts.wait_for(1)
    desk.get_by_role("button", name=f"Discard: {recording.name}").click()
    expect(desk.locator(".upload-row")).to_have_count(0)
    parts.forget_held()
    desk.reload()
    expect(desk.locator("press-files")).to_be_visible()
    expect(desk.locator("[data-interrupted]")).not_to_contain_text(recording.name)


def test_without_network_it_waits_and_goes_on_by_itself(
    troubled_desk: Page, context: BrowserContext, recording: Path
) -> None:
    parts = Parts(troubled_desk, hold_from=3)
    files_input(troubled_desk).set_input_files(recording)
    parts.wait_for(2)
    for held in parts.held:
        held.abort("connectionreset")
    parts.forget_held()
    context.set_offline(True)
    row = row_of(troubled_desk, recording.name)
    expect(row.locator(".upload-state")).to_contain_text("Waiting for the connection")
    notice = troubled_desk.get_by_role("alert").filter(has_text="tries again by itself")
    expect(notice).to_be_visible()
    context.set_offline(False)
    expect_sent(troubled_desk, recording.name)
    expect(notice).to_be_hidden()
    assert {1, 2, 3, 4} == set(parts.numbers)
    assert parts.numbers.count(1) == parts.numbers.count(2) == 1


def test_whoever_was_signed_out_signs_in_elsewhere_and_nothing_is_lost(
    troubled_desk: Page, context: BrowserContext, site: Site, recording: Path
) -> None:
    parts = Parts(troubled_desk, hold_from=2)
    files_input(troubled_desk).set_input_files(recording)
    parts.wait_for(1)
    context.clear_cookies()
    parts.let_go()
    alert = troubled_desk.get_by_role("alert").filter(has_text="no longer signed in")
    expect(alert).to_be_visible()
    expect(alert.get_by_role("link")).to_have_attribute("target", "_blank")
    expect(state_of(troubled_desk, recording.name)).to_have_text("Waiting for sign-in")
    expect(troubled_desk.get_by_text("Not sent:")).to_be_hidden()
    expect(troubled_desk.get_by_role("button", name="Try again")).to_be_hidden()

    sign_in(context.new_page(), site.base_url)
    expect_sent(troubled_desk, recording.name)
    expect(alert).to_be_hidden()
    assert sorted(parts.numbers) == [1, 2, 3, 4]


def test_leaving_with_files_under_way_asks_first(desk: Page, recording: Path) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    desk.on("dialog", stay)
    Parts(desk, hold_from=1)
    files_input(desk).set_input_files(recording)
    expect(row_of(desk, recording.name)).to_be_visible()
    desk.get_by_role("button", name="Pause all").click()
    desk.close(run_before_unload=True)
    expect(row_of(desk, recording.name)).to_be_visible()
    assert asked == ["beforeunload"]


def test_the_focus_stays_where_its_button_was(
    desk: Page, photo: Callable[[str], Path], recording: Path
) -> None:
    Parts(desk, hold_from=1)
    files_input(desk).set_input_files([photo("a first.jpg"), photo("b second.jpg"), recording])
    for pressed, next_one in [
        ("Pause all", "Go on with all"),
        ("Discard: a first.jpg", "Go on: b second.jpg"),
        (f"Discard: {recording.name}", "Go on: b second.jpg"),
    ]:
        desk.get_by_role("button", name=pressed).focus()
        desk.keyboard.press("Enter")
        expect(desk.get_by_role("button", name=next_one)).to_be_focused()
    desk.get_by_role("button", name="Discard: b second.jpg").press("Enter")
    expect(desk.locator(".upload-row")).to_have_count(0)
    expect(desk.locator("press-upload :focus")).to_have_count(1)


def test_a_photo_goes_before_the_parts_of_a_recording(
    desk: Page, photo: Callable[[str], Path], recording: Path
) -> None:
    parts = Parts(desk, hold_from=1)
    files_input(desk).set_input_files(recording)
    parts.wait_for_held(3)
    files_input(desk).set_input_files(photo("late.jpg"))
    expect(state_of(desk, "late.jpg")).to_have_text("In the queue")
    parts.held.pop(0).continue_()
    parts.wait_for_held(3)
    assert number_of(parts.held[-1].request) == 1, "not the recording's fourth"
    parts.let_go()
    expect_sent(desk, "late.jpg")
    expect_sent(desk, recording.name)


def test_what_failed_comes_first(
    troubled_desk: Page, photo: Callable[[str], Path], tmp_path: Path
) -> None:
    notes = tmp_path / "z notes.txt"
    notes.write_text("hello")
    files_input(troubled_desk).set_input_files([photo("a before.jpg"), notes])
    expect_sent(troubled_desk, "a before.jpg")
    expect(troubled_desk.locator(".upload-row").first).to_contain_text("z notes.txt")
