"""A large file over a connection that breaks: nothing is sent twice but what was cut off.

`PORTAL_TEST_UPLOAD_BYTES=2147483648` makes it two gigabytes; by default it is small enough for
every run of the tests.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from portal.runtime import Storage, open_storage
from portal.settings import Settings
from tests.browser.conftest import (
    EMAIL,
    PASSWORD,
    free_port,
    make_clip,
    run_portal,
    serving,
    sign_in,
)
from tests.browser.upload_page import files_input, row_of
from tests.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.versitygw import ACCESS_KEY, SECRET_KEY, VersityGateway

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

MIB = 1024**2
UPLOAD_BYTES = int(os.environ.get("PORTAL_TEST_UPLOAD_BYTES", 96 * MIB))
PART_BYTES = 8 * MIB
PART_COUNT = -(-UPLOAD_BYTES // PART_BYTES)
CUT_NUMBERS = [1 + number * (PART_COUNT - 1) // 4 for number in range(5)]
CUT_AFTER_BYTES = 3 * MIB
UPLOAD_MILLISECONDS_MAX = 900_000
SPOKEN_BYTES_MAX = MIB
"""What a browser may send to the portal itself while the store takes the file."""
SLUG = "large-files"


@dataclass(frozen=True)
class Place:
    """An installation and the proxies before it. `part_of` finds a part's number in an address.

    With a store `parts` stands before that, `portal` before the portal; else they are the same.
    """

    portal: FaultProxy
    parts: FaultProxy
    part_of: re.Pattern[str]
    environment: dict[str, str]
    settings: Settings

    def cut(self, number: int) -> Fault:
        path = self.part_of.pattern.replace(r"(\d+)", str(number))
        return Fault(method="PUT", path=path, cut_request_bytes=CUT_AFTER_BYTES)

    def sent_parts(self) -> Counter[int]:
        """How often each part was begun."""
        found = (self.part_of.search(sent.address) for sent in self.parts.passed("PUT"))
        return Counter(int(part.group(1)) for part in found if part)


@contextmanager
def local_place(folder: Path, versitygw: VersityGateway) -> Iterator[Place]:
    del versitygw
    settings = Settings(data_dir=folder / "data", disk_free_bytes_min=0)
    with _portal(_environment(settings)) as (portal, environment):
        yield Place(
            portal=portal,
            parts=portal,
            part_of=re.compile(r"/parts/(\d+)\?"),
            environment=environment,
            settings=settings,
        )


@contextmanager
def store_place(folder: Path, versitygw: VersityGateway) -> Iterator[Place]:
    local = Settings(data_dir=folder / "data", disk_free_bytes_min=0)
    settings = versitygw.settings(local)
    with fault_proxy(versitygw.url) as parts:
        environment = {
            **_environment(settings),
            "PORTAL_S3_ENDPOINT_URL": versitygw.url,
            "PORTAL_S3_PUBLIC_URL": parts.url,
            "PORTAL_S3_BUCKET": settings.s3_bucket,
            "PORTAL_S3_ACCESS_KEY": ACCESS_KEY,
            "PORTAL_S3_SECRET_KEY": SECRET_KEY,
        }
        with _portal(environment) as (portal, told):
            yield Place(
                portal=portal,
                parts=parts,
                part_of=re.compile(r"[?&]partNumber=(\d+)&"),
                environment=told,
                settings=settings,
            )


PLACES = {"local": local_place, "store": store_place}


@pytest.fixture(params=PLACES)
def place(
    request: pytest.FixtureRequest, tmp_path: Path, versitygw: VersityGateway
) -> Iterator[Place]:
    with PLACES[request.param](tmp_path, versitygw) as place:
        yield place


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "large.mp4"
    make_clip(path)
    _fill_up(path, UPLOAD_BYTES)
    yield path
    path.unlink()


def test_only_the_parts_that_were_cut_are_sent_again(
    place: Place, file: Path, browser: Browser
) -> None:
    place.parts.plan(*map(place.cut, CUT_NUMBERS))
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, place.portal.url)
    page.goto(f"{place.portal.url}/desk/events/{SLUG}")
    place.portal.exchanges.clear()
    files_input(page).set_input_files(file)
    asset = _wait_until_ready(page, place)
    context.close()

    assert asset["state"] == "ready"
    assert asset["sha256"] == _sha256(file)
    once = dict.fromkeys(range(1, PART_COUNT + 1), 1)
    assert place.sent_parts() == once | dict.fromkeys(CUT_NUMBERS, 2)
    _check_nothing_is_left(place, open_storage(place.settings), asset["id"])


def _wait_until_ready(page: Page, place: Place) -> dict[str, str]:
    """The asset as the API tells of it."""
    row = row_of(page, "large.mp4")
    expect(row.locator("a")).to_be_visible(timeout=UPLOAD_MILLISECONDS_MAX)
    state = page.locator("press-files tr[data-asset] td > .state")
    expect(state).to_have_text("Ready", timeout=UPLOAD_MILLISECONDS_MAX)
    if place.parts is not place.portal:
        told_bytes = sum(exchange.request_bytes for exchange in place.portal.passed("POST"))
        told_bytes += sum(exchange.request_bytes for exchange in place.portal.passed("PUT"))
        assert told_bytes < SPOKEN_BYTES_MAX
    asset_id = page.locator("press-files tr[data-asset]").get_attribute("data-asset")
    return _asset(place, asset_id or "")


def _asset(place: Place, asset_id: str) -> dict[str, str]:
    told = run_portal(["users", "token", EMAIL, "--label", "test"], place.environment)
    token = told.split()[-1]
    answer = httpx2.get(
        f"{place.portal.url}/api/v1/assets/{asset_id}",
        headers={"Authorization": f"Bearer {token}", "Connection": "close"},
    )
    found: dict[str, str] = answer.raise_for_status().json()
    return found


def _check_nothing_is_left(place: Place, storage: Storage, asset_id: str) -> None:
    assert list(storage.uploads.list_open()) == []
    assert {info.key.split("/")[1] for info in storage.store.list("assets/")} == {asset_id}
    scratch = place.settings.scratch_path
    files = [path for path in scratch.rglob("*") if path.is_file() and path.stat().st_size]
    assert files == []


def _environment(settings: Settings) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")},
        "PORTAL_DATA_DIR": str(settings.data_dir),
        "PORTAL_DISK_FREE_BYTES_MIN": "0",
    }


@contextmanager
def _portal(environment: dict[str, str]) -> Iterator[tuple[FaultProxy, dict[str, str]]]:
    port = free_port()
    with fault_proxy(f"http://127.0.0.1:{port}") as portal:
        environment = {**environment, "PORTAL_BASE_URL": portal.url}
        run_portal(["migrate"], environment)
        with serving(environment, port=port):
            run_portal(["events", "create", SLUG, "--title", "Large files"], environment)
            run_portal(
                ["users", "create", EMAIL, "--password-stdin"], environment, stdin=f"{PASSWORD}\n"
            )
            yield portal, environment


def _fill_up(path: Path, size_bytes: int) -> None:
    """Append a box that players skip, so that any size takes the same short encode."""
    chance = random.Random(size_bytes)  # noqa: S311 - content, not a secret
    left = size_bytes - path.stat().st_size
    with path.open("ab") as stream:
        stream.write(left.to_bytes(4, "big") + b"free")
        left -= 8
        while left:
            left -= stream.write(chance.randbytes(min(left, MIB)))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
