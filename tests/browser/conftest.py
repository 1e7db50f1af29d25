"""A real portal with a published event, and a real browser that forgives no error."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

PROJECT = Path(__file__).parents[2]
PORTAL = Path(sys.executable).with_name("portal")
PLAIN_HOST = "press.test"
"""A name that only our browser knows; over plain http it is no secure context."""
CHROMIUM_FLAGS = (
    f"--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
START_SECONDS_MAX = 60.0
WAIT_MILLISECONDS_MAX = 20_000
EMAIL = "editor@example.org"
PASSWORD = "correct horse battery"
UPLOAD_DESK = "/desk/events/harbour-uploads"
PART_BYTES = 8 * 1024**2

EVENT = """
slug: harbour-briefing
title: {en: Harbour briefing, ru: Брифинг в порту, be: Брыфінг у порце}
summary: {en: "The harbour opens again."}
body: {en: "The **harbour** opens again on Monday."}
starts_at: 2024-05-06T10:00:00+03:00
ends_at: 2024-05-06T11:00:00+03:00
time_zone: Europe/Minsk
default_language: en
place: {en: Harbour office, ru: Управление порта}
credit: Harbour Press
people: [{name: Vera Lis, role: {en: Harbour master}, variants: [Вера Лис]}]
programme:
  - title: {en: Briefing}
    starts_at: 2024-05-06T10:00:00+03:00
    ends_at: 2024-05-06T11:00:00+03:00
    recordings: [briefing.mp4]
publish: now
files:
  briefing.mp4: {title: {en: The briefing}, language: en}
  crane.jpg: {caption: {en: A crane at the quay.}, people: [Vera Lis]}
"""
DRAFT = """
slug: secret-visit
title: {en: Secret visit}
publish: draft
"""
LINES = {
    "en": ["Good morning.", "The lighthouse is mended.", "Ships may enter.", "Thank you."],
    "ru": ["Доброе утро.", "Маяк починили.", "Суда могут заходить.", "Спасибо."],
    "be": ["Добрай раніцы.", "Маяк паправілі.", "Судны могуць заходзіць.", "Дзякуй."],
}
LINE_SECONDS = 3
"""Each line takes this long, so that the second of a sentence is known."""


@dataclass(frozen=True)
class Site:
    base_url: str
    event_path: str
    recording_path: str
    photo_path: str
    settings: dict[str, str]

    def url(self, path: str, language: str = "en") -> str:
        """`path` is an English one."""
        return self.base_url + path.replace("/en/", f"/{language}/", 1)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@contextmanager
def running_site(folder: Path, *, variables: Mapping[str, str] | None = None) -> Iterator[Site]:
    """Served from material that is made here and brought in by the public commands."""
    material = _make_material(folder / "material")
    draft = folder / "draft"
    draft.mkdir()
    (draft / "event.yaml").write_text(DRAFT)
    settings = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")},
        "PORTAL_DATA_DIR": str(folder / "data"),
        "PORTAL_DISK_FREE_BYTES_MIN": "0",
        "PORTAL_ALLOWED_HOSTS": f"localhost,127.0.0.1,{PLAIN_HOST}",
        **(variables or {}),
    }
    with serving(settings) as base_url:
        files = _ingest(material, settings)
        run_portal(["events", "create", "secret-visit", "--title", "Secret visit"], settings)
        run_portal(["events", "create", "harbour-uploads", "--title", "Harbour uploads"], settings)
        run_portal(["users", "create", EMAIL, "--password-stdin"], settings, stdin=f"{PASSWORD}\n")
        yield Site(
            base_url=base_url,
            event_path="/en/events/harbour-briefing",
            recording_path=f"/en/assets/{files['briefing.mp4']}",
            photo_path=f"/en/assets/{files['crane.jpg']}",
            settings=settings,
        )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or "/usr/bin/chromium",
            args=list(CHROMIUM_FLAGS),
        )
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Anything on its console, a broken policy or a missing file fails the test."""
    with without_errors(context.new_page()) as page:
        yield page


def sign_in(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/login")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.fixture
def desk(page: Page, site: Site) -> Page:
    """The desk's page of an event, signed in; any error on its console fails the test."""
    sign_in(page, site.base_url)
    page.goto(site.url(UPLOAD_DESK))
    return page


@pytest.fixture
def troubled_desk(context: BrowserContext, site: Site) -> Page:
    """The same, for tests of what a browser itself complains of on its console."""
    page = context.new_page()
    sign_in(page, site.base_url)
    page.goto(site.url(UPLOAD_DESK))
    return page


@pytest.fixture
def photo(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a photo that no other test sends."""

    def make(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.frombytes("RGB", (64, 48), os.urandom(64 * 48 * 3)).save(path)
        return path

    return make


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A real one that takes four parts, by a box that players skip."""
    path = tmp_path / f"scrum-{os.urandom(3).hex()}.mp4"
    make_clip(path)
    padding_bytes = 3 * PART_BYTES
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", padding_bytes, b"free") + os.urandom(padding_bytes - 8))
    return path


@contextmanager
def without_errors(page: Page) -> Iterator[Page]:
    faults: list[str] = []
    page.on("console", lambda message: faults.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on(
        "response",
        lambda answer: (
            faults.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
        ),
    )
    yield page
    assert faults == []


def wait_until(page: Page, condition: str) -> None:
    """Until a JavaScript expression is true. Playwright's own waiting needs eval, which our pages
    forbid: https://github.com/microsoft/playwright/issues/7395
    """
    assert page.evaluate(
        f"""async () => {{
          const end = performance.now() + {WAIT_MILLISECONDS_MAX};
          while (!({condition}) && performance.now() < end) {{
            await new Promise((resolve) => setTimeout(resolve, 40));
          }}
          return Boolean({condition});
        }}"""
    ), f"this did not come true: {condition}"


def _make_material(folder: Path) -> Path:
    folder.mkdir()
    (folder / "event.yaml").write_text(EVENT, encoding="utf-8")
    make_clip(folder / "briefing.mp4")
    for language, lines in LINES.items():
        (folder / f"briefing.{language}.vtt").write_text(_vtt(lines), encoding="utf-8")
    for name, colour in (("crane.jpg", "#336699"), ("quay.jpg", "#996633")):
        Image.new("RGB", (1200, 800), colour).save(folder / name)
    return folder


def make_clip(path: Path) -> None:
    seconds = str(LINE_SECONDS * len(LINES["en"]))
    picture = ["-f", "lavfi", "-t", seconds, "-i", "testsrc2=size=640x360:rate=25"]
    sound = ["-f", "lavfi", "-t", seconds, "-i", "sine=frequency=440"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-v", "error", *picture, *sound, *codecs, str(path)], check=True)


def _vtt(lines: list[str]) -> str:
    cues = [
        f"00:00:{number * LINE_SECONDS:02}.000 --> 00:00:{(number + 1) * LINE_SECONDS:02}.000\n"
        f"<v Vera Lis>{line}</v>\n"
        for number, line in enumerate(lines)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _ingest(material: Path, settings: dict[str, str]) -> dict[str, str]:
    """File name -> asset id."""
    told = run_portal(["ingest", str(material), "--wait", "--json"], settings)
    reports = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert {report["state"] for report in reports} == {"ready"}, told
    return {Path(report["path"]).name: report["asset_id"] for report in reports}


def run_portal(arguments: list[str], settings: dict[str, str], *, stdin: str = "") -> str:
    done = subprocess.run(
        [PORTAL, *arguments], env=settings, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def serving(settings: dict[str, str], *, port: int | None = None) -> Iterator[str]:
    """The address of a portal of its own processes, from when it is ready."""
    port = port or urlsplit(settings.get("PORTAL_BASE_URL", "")).port or free_port()
    log = Path(settings["PORTAL_DATA_DIR"]).with_name("serve.log")
    with log.open("wb") as output:
        server = subprocess.Popen(
            [PORTAL, "serve", "--port", str(port), "--workers", "1"],
            env=settings,
            stdout=output,
            stderr=output,
        )
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=START_SECONDS_MAX)


def _wait_until_ready(base_url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    last_moment = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < last_moment and server.poll() is None:
        try:
            if httpx2.get(f"{base_url}/readyz", timeout=5).is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the portal did not become ready:\n{log.read_text()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
