"""Web and workers as on machines of their own, with outside PostgreSQL, S3 and Meilisearch."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from httpx2 import Client
from sqlalchemy import Row, select

from portal.assets import service as assets_service
from portal.assets.models import Asset, AssetState, Step, StepState
from portal.db import tables
from portal.runtime import open_runtime
from tests.debian_postgres import OutsidePostgres, running_postgres
from tests.e2e.processes import (
    Installation,
    Role,
    answers_ready,
    free_port,
    is_alive,
    parent_of,
    wait_until,
)
from tests.media import make_clip
from tests.outside_parts import OutsideParts, outside_parts
from tests.press_event import FAST, SLUG, make_event_folder
from tests.stored_files import asset_of
from tests.versitygw import VersityGateway

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.postgres,
    pytest.mark.media,
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OutsidePostgres]:
    with running_postgres(tmp_path_factory.mktemp("debian")) as server:
        yield server


@pytest.fixture
def parts(
    tmp_path: Path, postgres: OutsidePostgres, versitygw: VersityGateway
) -> Iterator[OutsideParts]:
    with outside_parts(tmp_path, postgres, versitygw) as found:
        if not found.has_meilisearch:
            print("PORTAL_TEST_MEILI_URL is not set: the machines share a folder")  # noqa: T201
        yield found


def run(machine: Installation, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", Role.COMMAND, *map(str, arguments)],
        env=machine.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@contextmanager
def web(machine: Installation) -> Iterator[Client]:
    """The web alone, and a browser that goes where it is sent."""
    port = free_port()
    with machine.started("serve", "--port", str(port), "--workers", "0") as process:
        wait_until(lambda: answers_ready(port), process)
        with Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True) as client:
            yield client


@contextmanager
def worker(machine: Installation, lanes: str) -> Iterator[subprocess.Popen[bytes]]:
    with machine.started("worker", "--lanes", lanes) as process:
        wait_until(lambda: "worker ready" in machine.logs(), process)
        yield process


def test_an_event_goes_through_machines_that_share_nothing(parts: OutsideParts) -> None:
    names = ("office", "web", "encoder", "helper")
    office, front, encoder, helper = map(parts.machine, names)
    unmigrated = run(front, "doctor")
    assert "Run `portal migrate`" in unmigrated.stdout
    refused = run(encoder, "worker")
    assert (refused.returncode, "run `portal migrate`" in refused.stderr) == (1, True)
    assert run(office, "migrate").returncode == 0

    folder = make_event_folder(parts.folder / "material")
    with web(front) as client, worker(encoder, "media"), worker(helper, "first,light,index"):
        done = run(office, "ingest", folder, "--wait", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert {line["state"] for line in lines} == {"ready"}
        assert len(lines) == 6

        assert client.get(f"/en/events/{SLUG}").status_code == 200
        for line in lines:
            assert client.get(line["page_url"]).status_code == 200
        seen = follow_everything(client, f"/en/events/{SLUG}")
        seen |= {
            address
            for line in lines
            if line["hls_url"]
            for address in follow_hls(client, line["hls_url"])
        }
        assert len(seen) > 12
        found = client.get("/api/v1/search", params={"q": "fisheries"}).json()
        assert [hit["kind"] for hit in found["hits"]] == ["passage"]
        assert found["partial"] is False
        assert "partial" not in client.get("/en/search", params={"q": "Ярош"}).text

    assert "another data folder" not in "".join(m.logs() for m in (front, encoder, helper))
    for machine in (office, front, encoder, helper):
        left = [path for path in machine.folder.rglob("*") if path.is_file()]
        assert [path.name for path in left if "objects" in path.parts] == []
        assert [path.name for path in left if "scratch" in path.parts] == []


def test_another_machine_takes_over_from_one_that_was_killed(parts: OutsideParts) -> None:
    """Its chunks that were made stay; the one that it was at is made again."""
    parts = replace(parts, variables={**parts.variables, "PORTAL_ENCODES_MAX": "1"})
    first, second, helper, office = map(parts.machine, ("first", "second", "helper", "office"))
    assert run(office, "migrate").returncode == 0
    clip = make_clip(parts.folder / "long.mp4", seconds=20, size="1280x720", options=FAST)

    with worker(helper, "first,light,index"), worker(first, "media") as killed:
        sent = run(office, "ingest", clip, "--event", "takeover", "--json")
        asset_id = json.loads(sent.stdout)["asset_id"]
        wait_until(lambda: is_at_a_chunk(parts, office, asset_id))
        (encoder,) = encoders_on(first, asset_id)
        busy = parent_of(encoder, first.processes(Role.WORKER))
        os.kill(killed.pid, signal.SIGKILL)
        busy.kill()
        wait_until(lambda: not is_alive(encoder) and not first.processes())
        assert list((first.folder / "scratch").iterdir())

        with worker(second, "media"):
            seconds = wait_until(lambda: is_settled(parts, office, asset_id))
            print(f"kill -9 of a machine: ready after {seconds:.1f} s")  # noqa: T201

    asset = look(parts, office, asset_id)
    (record,) = [record for record in asset.steps if record.name is Step.TRANSCODE]
    assert (record.state, record.attempt) == (StepState.DONE, 1)
    tries = [row.tries for row in chunks_of(parts, office, asset_id)]
    assert sorted(tries) == [1] * (len(tries) - 1) + [2]
    shown = [rendition.key for rendition in asset.renditions if rendition.step is Step.TRANSCODE]
    assert shown
    assert all(key.startswith(f"assets/{asset_id}/transcode/1/") for key in shown)

    with worker(first, "media") as again:
        wait_until(lambda: list((first.folder / "scratch").iterdir()) == [], again)
    for machine in (second, helper):
        assert list((machine.folder / "scratch").iterdir()) == []


def test_a_machine_with_files_of_its_own_is_refused(parts: OutsideParts) -> None:
    """An outside database, but the setting of the store was forgotten on one machine."""
    office = parts.machine("office")
    local = {k: v for k, v in parts.variables.items() if not k.startswith("PORTAL_S3")}
    other = Installation(parts.machine("other").folder, variables=local)
    assert run(office, "migrate").returncode == 0

    for command in (["worker"], ["search", "anything"]):
        refused = run(other, *command)

        assert refused.returncode == 1
        assert "This process has another data folder" in refused.stderr
        assert "set PORTAL_S3_ENDPOINT_URL" in refused.stderr


def encoders_on(machine: Installation, asset_id: str) -> list[int]:
    """Those that read a copy of the original below the machine's folder."""
    found = []
    for pid in machine.encoders(asset_id):
        with suppress(OSError):  # ended meanwhile
            if os.fsencode(machine.folder) in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def is_at_a_chunk(parts: OutsideParts, machine: Installation, asset_id: str) -> bool:
    """And has got somewhere with it."""
    return any(row.progress for row in chunks_of(parts, machine, asset_id))


def chunks_of(parts: OutsideParts, machine: Installation, asset_id: str) -> Sequence[Row[Any]]:
    query = select(tables.chunks).where(tables.chunks.c.asset_id == asset_id)
    settings = parts.settings(machine)
    with open_runtime(settings) as runtime, runtime.engine.connect() as connection:
        return connection.execute(query).all()


def look(parts: OutsideParts, machine: Installation, asset_id: str) -> Asset:
    with open_runtime(parts.settings(machine)) as runtime:
        return asset_of(runtime, asset_id)


def is_settled(parts: OutsideParts, machine: Installation, asset_id: str) -> bool:
    state = assets_service.state_of(look(parts, machine, asset_id))
    assert state is not AssetState.FAILED
    return state is AssetState.READY


def follow_everything(client: Client, page: str) -> set[str]:
    """Every picture of a page, where it really lies."""
    sources = re.findall(r'(?:src|poster)="(/media/[^"]+\.jpg)"', client.get(page).text)
    assert sources
    return {fetch(client, source) for source in sources}


def follow_hls(client: Client, master_url: str) -> set[str]:
    """Every segment of every rendition, where it really lies."""
    seen = set()
    for playlist_url in addresses_in(client, urlsplit(master_url).path):
        for segment_url in addresses_in(client, playlist_url):
            seen.add(fetch(client, segment_url))
    assert seen
    return seen


def addresses_in(client: Client, playlist_url: str) -> list[str]:
    answer = client.get(playlist_url)
    assert answer.status_code == 200
    named = re.findall(r'URI="([^"]+)"', answer.text)
    named += [line for line in answer.text.splitlines() if line and not line.startswith("#")]
    return [urljoin(playlist_url, name) for name in named]


def fetch(client: Client, address: str) -> str:
    """Follow a redirect by a signed address; the bytes must come from the store itself.

    Captions alone are written by the portal.
    """
    answer = client.get(address)
    assert answer.status_code == 200, address
    assert answer.content
    is_stored = not address.endswith(".vtt")
    assert [step.status_code for step in answer.history] == [302] * is_stored
    assert (answer.url.port != client.base_url.port) is is_stored
    return str(answer.url)
