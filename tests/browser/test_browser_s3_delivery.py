"""With a store, a browser gets its media from there, and the portal sends none of their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, Response, expect

from portal.settings import Settings
from portal.storage.s3.bucket import set_up_bucket
from tests.browser.conftest import Site, free_port, running_site, wait_until
from tests.versitygw import ACCESS_KEY, SECRET_KEY, VersityGateway

pytestmark = pytest.mark.browser

SHEET_OF_PREVIEW = (
    "document.querySelector('media-time-range').shadowRoot"
    ".querySelector('media-preview-thumbnail').shadowRoot.querySelector('img')"
)
TEXTS = (".m3u8", ".vtt")


@dataclass
class Traffic:
    """What a page asked of the portal under /media/, playlists and captions aside, and of the
    store.
    """

    site: Site
    store: str
    redirected: list[str] = field(default_factory=list)
    sent_by_portal: list[str] = field(default_factory=list)
    sent_by_store: list[str] = field(default_factory=list)
    store_requests: list[Request] = field(default_factory=list)

    def note(self, answer: Response) -> None:
        path = urlsplit(answer.url).path
        if answer.url.startswith(self.store):
            self.sent_by_store.append(path)
            self.store_requests.append(answer.request)
        elif path.startswith("/media/") and not path.endswith(TEXTS):
            is_redirect = answer.status == 302
            (self.redirected if is_redirect else self.sent_by_portal).append(path)


@pytest.fixture(scope="module")
def store_site(
    tmp_path_factory: pytest.TempPathFactory, versitygw: VersityGateway
) -> Iterator[Site]:
    """A portal with a public address of its own, so that the store's rule names exactly that."""
    variables = {
        "PORTAL_BASE_URL": f"http://127.0.0.1:{free_port()}",
        "PORTAL_S3_ENDPOINT_URL": versitygw.url,
        "PORTAL_S3_BUCKET": "browser-media",
        "PORTAL_S3_ACCESS_KEY": ACCESS_KEY,
        "PORTAL_S3_SECRET_KEY": SECRET_KEY,
    }
    named = {name.removeprefix("PORTAL_").lower(): value for name, value in variables.items()}
    set_up_bucket(Settings.model_validate(named))
    with running_site(tmp_path_factory.mktemp("store-site"), variables=variables) as site:
        yield site


@pytest.fixture
def traffic(page: Page, store_site: Site, versitygw: VersityGateway) -> Traffic:
    traffic = Traffic(store_site, versitygw.url)
    page.on("response", traffic.note)
    return traffic


def test_a_recording_plays_from_the_store(page: Page, traffic: Traffic) -> None:
    site = traffic.site
    page.goto(site.url(site.recording_path))
    expect(page.locator("media-play-button")).to_be_visible()
    page.locator("media-play-button").click()
    wait_until(page, "document.querySelector('video').currentTime > 2")
    assert page.evaluate("document.querySelector('video').videoWidth") > 0

    assert traffic.sent_by_portal == []
    assert any(path.endswith("/poster.jpg") for path in traffic.sent_by_store)
    segments = [path for path in traffic.sent_by_store if path.endswith(".m4s")]
    assert segments
    assert len([path for path in traffic.redirected if path.endswith(".m4s")]) == len(segments)
    for request in traffic.store_requests:
        sent = request.all_headers()
        assert "cookie" not in sent
        assert "authorization" not in sent


def test_a_seek_plays_on_from_the_store(page: Page, traffic: Traffic) -> None:
    page.goto(traffic.site.url(traffic.site.recording_path) + "?t=9")
    expect(page.locator("media-play-button")).to_be_visible()
    page.locator("media-play-button").click()
    wait_until(page, "document.querySelector('video').currentTime > 10")
    assert traffic.sent_by_portal == []


@pytest.mark.parametrize("place", ["event_path", "photo_path"])
def test_pictures_come_from_the_store(page: Page, traffic: Traffic, place: str) -> None:
    page.goto(traffic.site.url(getattr(traffic.site, place)))
    wait_until(
        page,
        "document.images.length > 0 && Array.from(document.images)"
        ".filter((image) => image.src && image.loading !== 'lazy')"
        ".every((image) => image.complete && image.naturalWidth > 0)",
    )
    assert traffic.sent_by_portal == []
    assert any(path.endswith((".jpg", ".webp")) for path in traffic.sent_by_store)


def test_pictures_of_the_timeline_come_from_the_store(page: Page, traffic: Traffic) -> None:
    page.goto(traffic.site.url(traffic.site.recording_path))
    wait_until(page, "document.querySelector('video').readyState >= 1")
    thumbnails = "document.querySelector('track[label=thumbnails]').track"
    wait_until(page, f"{thumbnails}.cues && {thumbnails}.cues.length > 0")
    page.locator("media-time-range").hover(position={"x": 60, "y": 8})
    wait_until(page, f"{SHEET_OF_PREVIEW}.naturalWidth > 0")
    assert any(path.endswith("/storyboard-01.jpg") for path in traffic.sent_by_store)
