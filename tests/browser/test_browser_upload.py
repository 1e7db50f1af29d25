"""Putting files in by the browser: what arrives, by which ways, and what is said of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import (
    PLAIN_HOST,
    UPLOAD_DESK,
    WAIT_MILLISECONDS_MAX,
    Site,
    run_portal,
    sign_in,
    wait_until,
    without_errors,
)
from tests.browser.upload_page import (
    READY_MILLISECONDS,
    Parts,
    asset_of,
    expect_ready,
    expect_sent,
    files_input,
    row_of,
    state_of,
)

pytestmark = pytest.mark.browser


def test_files_and_folders_arrive_and_become_ready(
    desk: Page, photo: Callable[[str], Path], recording: Path
) -> None:
    folder = photo("day one/2024-05-06 - 2.jpg").parent
    photo("day one/2024-05-06 - 10.jpg")
    photo("day one/.hidden.jpg")
    files_input(desk).set_input_files([recording, photo("crane.jpg")])
    desk.locator("input[webkitdirectory]").set_input_files(folder)

    for name in (recording.name, "crane.jpg", "2024-05-06 - 2.jpg", "2024-05-06 - 10.jpg"):
        expect_sent(desk, name)
        expect_ready(desk, name)
    expect(desk.locator(".upload-row")).to_have_count(4)
    expect(desk.locator(".upload-sums")).to_contain_text("Sent: 4 of 4")
    expect(desk.get_by_role("status")).to_contain_text("Sent: 4 of 4")
    assert "day one/" in row_of(desk, "2024-05-06 - 2.jpg").inner_text()
    expect(asset_of(desk, recording.name)).to_contain_text("Transcode: done")

    expect(desk.get_by_label("Only what is not ready")).to_be_visible()
    desk.get_by_label("Only what is not ready").check()
    expect(asset_of(desk, "crane.jpg")).to_be_hidden()
    row_of(desk, "crane.jpg").get_by_role("link").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("crane.jpg")


def test_the_same_bytes_are_told_to_be_in_already(
    desk: Page, photo: Callable[[str], Path], tmp_path: Path
) -> None:
    first = photo("quay.jpg")
    files_input(desk).set_input_files(first)
    expect_ready(desk, "quay.jpg")
    second = tmp_path / "quay again.jpg"
    second.write_bytes(first.read_bytes())
    files_input(desk).set_input_files(second)
    expect(state_of(desk, "quay again.jpg")).to_contain_text("In already")


def test_a_digest_worker_that_did_not_load_is_started_again(
    troubled_desk: Page, recording: Path
) -> None:
    failures = iter(["connectionreset"])

    def load(route: Route) -> None:
        failure = next(failures, None)
        if failure:
            route.abort(failure)
        else:
            route.continue_()

    troubled_desk.route("**/digest-worker*", load)
    files_input(troubled_desk).set_input_files(recording)
    expect_sent(troubled_desk, recording.name)
    assert next(failures, None) is None


def test_a_question_that_fails_keeps_no_other_from_its_answer(desk: Page) -> None:
    answers = desk.evaluate(
        """() => new Promise((resolve) => {
          const address = document.querySelector("press-upload").getAttribute("worker");
          const worker = new Worker(address, { type: "module" });
          const answers = [];
          worker.addEventListener("message", ({ data }) => {
            if (answers.push(data) === 2) resolve(answers);
          });
          worker.postMessage({ id: 1, file: "a", part: { what: "no file" }, isOfWhole: true });
          worker.postMessage({ id: 2, file: "b", part: new Blob(["abc"]), isOfWhole: true });
        })"""
    )
    assert answers[0]["sha256"] is None
    assert answers[0]["fault"]
    assert answers[1]["fault"] is None
    assert answers[1]["sha256"] == hashlib.sha256(b"abc").hexdigest()


def test_what_is_not_taken_is_refused_in_a_sentence(troubled_desk: Page, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")
    fake = tmp_path / "fake.mp4"
    fake.write_bytes(b"MZ" + bytes(600))
    files_input(troubled_desk).set_input_files([notes, fake])
    row = row_of(troubled_desk, "notes.txt")
    expect(row.locator(".upload-state")).to_contain_text("Refused")
    expect(row).to_contain_text("notes.txt is a .txt file, of which only captions are taken")
    expect(row_of(troubled_desk, "fake.mp4")).to_contain_text("that is not taken")
    expect(row.get_by_role("button", name="Try again")).to_be_hidden()
    expect(troubled_desk.get_by_role("status")).to_contain_text("Not sent: 2")
    row.get_by_role("button", name="Remove").click()
    expect(troubled_desk.locator(".upload-row")).to_have_count(1)
    troubled_desk.get_by_role("button", name="Clear the list").click()
    expect(troubled_desk.locator(".upload-row")).to_have_count(0)


def test_a_failed_step_says_why_and_a_removed_file_goes(
    desk: Page, site: Site, recording: Path, tmp_path: Path
) -> None:
    """While the page stays open: nothing is loaded again."""
    cut = tmp_path / f"cut {recording.name}"
    cut.write_bytes(recording.read_bytes()[:20_000])
    files_input(desk).set_input_files(cut)
    row = asset_of(desk, cut.name)
    expect(row.locator("td > .state")).to_have_text("Failed", timeout=READY_MILLISECONDS)
    expect(row.locator("[data-detail]").filter(has_text=cut.name)).to_be_visible()
    row.get_by_role("button", name="Try again").click()
    expect(asset_of(desk, cut.name)).to_be_visible()

    run_portal(["assets", "remove", row.get_attribute("data-asset") or ""], site.settings)
    expect(asset_of(desk, cut.name)).to_have_count(0)


def tell(page: Page, **events: object) -> None:
    """The page's stream says this, again and again, until it is told otherwise."""
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events.items())
    page.unroute("**/progress?*")
    page.route(
        "**/progress?*",
        lambda route: route.fulfill(content_type="text/event-stream", body=f"retry: 100\n\n{body}"),
    )


def test_files_that_were_removed_while_nobody_listened_go(
    troubled_desk: Page, photo: Callable[[str], Path]
) -> None:
    files_input(troubled_desk).set_input_files([photo("kept one.jpg"), photo("gone one.jpg")])
    expect_ready(troubled_desk, "kept one.jpg")
    expect_ready(troubled_desk, "gone one.jpg")
    kept = asset_of(troubled_desk, "kept one.jpg").get_attribute("data-asset")
    tell(troubled_desk, listing={"ids": [kept]})
    troubled_desk.reload()
    expect(asset_of(troubled_desk, "gone one.jpg")).to_have_count(0)
    expect(asset_of(troubled_desk, "kept one.jpg")).to_be_visible()
    expect(troubled_desk.locator("press-files [data-count]")).to_have_text("1")


def test_what_becomes_known_of_a_file_is_shown_in_its_row(
    troubled_desk: Page, photo: Callable[[str], Path]
) -> None:
    files_input(troubled_desk).set_input_files(photo("plain name.jpg"))
    expect_ready(troubled_desk, "plain name.jpg")
    row = asset_of(troubled_desk, "plain name.jpg")
    news = {
        "id": row.get_attribute("data-asset"),
        "kind": "photo",
        "title": "Ship at the quay",
        "filename": "renamed.jpg",
        "size_bytes": 3_000_000,
        "state": "partial",
        "steps": [],
        "notes": ["Its time zone is a guess."],
        "page_url": "/en/",
    }
    tell(troubled_desk, asset=news)
    troubled_desk.reload()
    row = troubled_desk.locator(f"press-files [data-asset='{news['id']}']")
    expect(row.get_by_role("link")).to_have_text("Ship at the quay")
    expect(row.locator("[data-filename]")).to_have_text("renamed.jpg")
    expect(row.locator("[data-size]")).to_have_text("3 MB")
    expect(row.locator("[data-notes]")).to_have_text("Its time zone is a guess.")
    tell(troubled_desk, asset={**news, "notes": []})
    expect(row.locator("[data-notes]")).to_have_text("")


@pytest.mark.parametrize("language", ["en", "ru", "be"])
def test_nothing_moves_when_the_stream_begins(
    desk: Page, photo: Callable[[str], Path], site: Site, language: str
) -> None:
    files_input(desk).set_input_files(photo(f"still {language}.jpg"))
    expect_ready(desk, f"still {language}.jpg")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    desk.route("**/progress?*", hold)
    desk.goto(site.url(f"{UPLOAD_DESK}?lang={language}"))
    row = asset_of(desk, f"still {language}.jpg")
    before = row.inner_html()
    held[0].continue_()
    other = photo(f"still {language} too.jpg")
    files_input(desk).set_input_files(other)
    expect(asset_of(desk, other.name)).to_be_visible(timeout=WAIT_MILLISECONDS_MAX)
    assert row.inner_html() == before


def test_it_works_without_webcrypto(context: BrowserContext, site: Site, recording: Path) -> None:
    """As on plain http to an address of the local network."""
    page = context.new_page()  # browsers complain there of headers that only https can have
    base_url = site.base_url.replace("127.0.0.1", PLAIN_HOST)
    sign_in(page, base_url)
    page.goto(f"{base_url}{UPLOAD_DESK}")
    assert page.evaluate("crypto.subtle === undefined && !isSecureContext")
    parts = Parts(page)
    files_input(page).set_input_files(recording)
    expect_sent(page, recording.name)
    assert sorted(parts.numbers) == [1, 2, 3, 4]
    expect_ready(page, recording.name)


def test_a_form_does_it_without_script(
    browser: Browser, site: Site, photo: Callable[[str], Path], tmp_path: Path
) -> None:
    notes = tmp_path / "form notes.txt"
    notes.write_text("hello")
    context = browser.new_context(java_script_enabled=False)
    with without_errors(context.new_page()) as page:
        sign_in(page, site.base_url)
        page.goto(site.url(UPLOAD_DESK))
        for scripted in ("press-upload", ".files-filter"):
            expect(page.locator(scripted)).to_be_hidden()
        form = page.locator("form.upload-form")
        expect(form).to_contain_text("files of up to 67 MB each")
        form.get_by_label("Choose files").set_input_files([photo("by form.jpg"), notes])
        form.get_by_role("button", name="Send").click()
        expect(page.locator("#sent")).to_contain_text("by form.jpg")
        expect(page.locator("#sent")).to_contain_text("Not taken: form notes.txt is a .txt file")
        expect(page.get_by_text("Reload this page")).to_be_visible()
        expect(asset_of(page, "by form.jpg")).to_be_visible()
    context.close()


def test_the_form_is_not_there_with_script(desk: Page) -> None:
    expect(desk.locator("press-upload")).to_be_visible()
    expect(desk.locator("form input[type=file]")).to_be_hidden()


def test_a_form_does_it_when_the_script_does_not_come(
    troubled_desk: Page, photo: Callable[[str], Path]
) -> None:
    troubled_desk.route("**/desk-*.js", lambda route: route.abort("connectionreset"))
    troubled_desk.reload()
    form = troubled_desk.locator("form.upload-form")
    expect(form.get_by_label("Choose files")).to_be_visible()
    expect(troubled_desk.get_by_text("Drop files or folders here")).to_be_hidden()
    form.get_by_label("Choose files").set_input_files(photo("by form in need.jpg"))
    form.get_by_role("button", name="Send").click()
    expect(troubled_desk.locator("#sent")).to_contain_text("by form in need.jpg")


def test_everything_can_be_done_by_keyboard(desk: Page, recording: Path) -> None:
    desk.on("filechooser", lambda chooser: chooser.set_files(recording))
    parts = Parts(desk, hold_from=2)
    files_input(desk).focus()
    expect(files_input(desk)).to_be_focused()
    desk.keyboard.press("Enter")
    parts.wait_for(1)
    desk.get_by_role("button", name=f"Pause: {recording.name}").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name=f"Go on: {recording.name}")).to_be_focused()
    parts.forget_held()
    desk.keyboard.press("Enter")
    expect_sent(desk, recording.name)


def test_files_can_be_dropped_anywhere_on_the_page(
    desk: Page, photo: Callable[[str], Path]
) -> None:
    content = list(photo("dropped.jpg").read_bytes())
    desk.evaluate(
        """(content) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([new Uint8Array(content)], "dropped.jpg"));
          document.querySelector("h1").dispatchEvent(
            new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
        }""",
        content,
    )
    expect_sent(desk, "dropped.jpg")


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("language", ["en", "ru", "be"])
def test_a_phone_has_room_for_it(
    desk: Page, site: Site, photo: Callable[[str], Path], width: int, language: str
) -> None:
    desk.set_viewport_size({"width": width, "height": 800})
    desk.goto(site.url(f"{UPLOAD_DESK}?lang={language}"))
    Parts(desk, hold_from=1)
    long_name = f"{'a very long name of a photo ' * 5}{width}{language}.jpg"
    files_input(desk).set_input_files(photo(long_name))
    expect(row_of(desk, long_name).get_by_role("button").first).to_be_visible()
    assert desk.evaluate("document.documentElement.scrollWidth") <= width
    desk.locator("[data-act=discard]").click()
    expect(desk.locator(".upload-row")).to_have_count(0)


def test_the_page_stays_light(page: Page, site: Site) -> None:
    sizes: dict[str, int] = {}
    page.on(
        "response",
        lambda answer: (
            sizes.update({answer.url: len(answer.body())})
            if answer.request.resource_type == "script"
            else None
        ),
    )
    sign_in(page, site.base_url)
    page.goto(site.url(UPLOAD_DESK))
    expect(page.locator("press-upload")).to_be_visible()
    wait_until(page, "customElements.get('press-upload')")
    assert 0 < sum(sizes.values()) < 100_000
