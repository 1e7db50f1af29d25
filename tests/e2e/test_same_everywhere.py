"""The same event gives the same answers, whether all is embedded or every part is an outside one.

With PORTAL_SAMPLES all samples are taken in besides the small event that is made on the spot.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client

from portal.assets import service as assets_service
from portal.assets.models import Asset
from portal.events import service as events_service
from portal.runtime import Runtime, open_runtime
from portal.settings import load_settings
from portal.visibility import INSTALLATION
from tests.debian_postgres import running_postgres
from tests.e2e.processes import Installation, wait_until
from tests.e2e.test_outside_parts import run
from tests.outside_parts import outside_parts
from tests.press_event import QUERIES, SLUG, make_event_folder
from tests.served import served
from tests.versitygw import VersityGateway

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.postgres,
    pytest.mark.media,
    pytest.mark.timeout(2400),
]

SAMPLES_SLUG = "samples"
SAMPLE_QUERIES = (
    "ask not",
    "jfk",
    "canon",
    "nikon",
    "iphone",
    "landscape",
    "portrait",
    "help",
    "please",
    "car detection",
    "samples",
    "mediaelement",
)
UNRANKED = frozenset({"samples", "scrum"})
"""Recordings that answer equally well: only ids, which differ, make an order of them."""
FILTERED = (
    {"q": "agreement", "kind": "passage"},
    {"q": "соглашение", "language": "ru"},
    {"q": "scrum", "event": SLUG},
    {"q": "fisheries", "person": "gerhard-jarosch"},
    {"q": "flag", "from": "2019-01-01", "to": "2019-12-31"},
    {"q": "minsk", "limit": "1"},
)
IGNORED = frozenset({"took_ms", "created_at", "updated_at", "next_cursor"})
HOST = re.compile(r"^http://127\.0\.0\.1:\d+")


@dataclass(frozen=True)
class Answers:
    """All that an installation says, in words that do not depend on where it runs."""

    assets: Mapping[str, Any]
    searches: Mapping[str, Any]


def test_embedded_and_outside_parts_say_the_same(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, versitygw: VersityGateway
) -> None:
    folders = {SLUG: make_event_folder(tmp_path / "material")}
    if "PORTAL_SAMPLES" in os.environ:
        folders[SAMPLES_SLUG] = Path(os.environ["PORTAL_SAMPLES"])
    (tmp_path / "embedded").mkdir()
    embedded = Installation(tmp_path / "embedded" / "data")
    take_in(embedded, folders)
    ours = answers_of(embedded, folders)
    with (
        running_postgres(tmp_path_factory.mktemp("debian")) as postgres,
        outside_parts(tmp_path, postgres, versitygw) as parts,
    ):
        if not parts.has_meilisearch:
            print("PORTAL_TEST_MEILI_URL is not set: both sides search embedded")  # noqa: T201
        machine = parts.machine("outside")
        assert run(machine, "migrate").returncode == 0
        take_in(machine, folders)
        theirs = answers_of(machine, folders)

    hits = {query: len(found["hits"]) for query, found in ours.searches.items()}
    print(f"{len(ours.assets)} assets, {len(hits)} searches, {sum(hits.values())} hits")  # noqa: T201
    assert len(hits) >= 20
    assert sum(count > 0 for count in hits.values()) >= 20
    assert ours.assets.keys() == theirs.assets.keys()
    for name, asset in ours.assets.items():
        assert asset == theirs.assets[name], name
    for query, found in ours.searches.items():
        assert found == theirs.searches[query], query


def take_in(machine: Installation, folders: Mapping[str, Path]) -> None:
    with machine.started("worker") as worker:
        for slug, folder in folders.items():
            done = run(machine, "ingest", folder, "--event", slug, "--wait", "--json")
            assert done.stdout, done.stderr  # some of the samples are damaged on purpose
            assert run(machine, "events", "publish", slug).returncode == 0
        wait_until(lambda: run(machine, "index", "check").returncode == 0, worker)


@contextmanager
def opened(machine: Installation) -> Iterator[Runtime]:
    settings = load_settings({**machine.variables, "PORTAL_DATA_DIR": str(machine.folder)})
    with open_runtime(settings) as runtime:
        yield runtime


def answers_of(machine: Installation, folders: Mapping[str, Path]) -> Answers:
    with (
        opened(machine) as runtime,
        served(runtime) as port,
        Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        names = {
            asset.id: f"{slug}/{asset.filename}"
            for slug in folders
            for asset in assets_in(runtime, slug)
        }
        assets = {
            name: spoken(client.get(f"/api/v1/assets/{asset_id}").json(), names)
            for asset_id, name in names.items()
        }
        searches = {
            json.dumps(asked, ensure_ascii=False): in_comparable_order(
                asked, spoken(search(client, asked), names)
            )
            for asked in questions(folders)
        }
    return Answers(assets, searches)


def assets_in(runtime: Runtime, slug: str) -> Sequence[Asset]:
    with runtime.engine.connect() as connection:
        event = events_service.get_event(connection, slug, viewer=INSTALLATION)
        return assets_service.list_assets(connection, viewer=INSTALLATION, event_id=event.id)


def questions(folders: Mapping[str, Path]) -> list[dict[str, str]]:
    words = [*QUERIES, *(SAMPLE_QUERIES if SAMPLES_SLUG in folders else ())]
    return [*({"q": word} for word in words), *FILTERED]


def search(client: Client, asked: Mapping[str, str]) -> Any:
    answer = client.get("/api/v1/search", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def in_comparable_order(asked: Mapping[str, str], found: Any) -> Any:
    if asked["q"] in UNRANKED:
        return {**found, "hits": sorted(found["hits"], key=json.dumps)}
    return found


def spoken(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with names in place of ids, and without hosts and instants of the run."""
    if isinstance(value, dict):
        return {key: spoken(held, names) for key, held in value.items() if key not in IGNORED}
    if isinstance(value, list):
        return [spoken(held, names) for held in value]
    if isinstance(value, str):
        for asset_id, name in names.items():
            value = value.replace(asset_id, name)
        return HOST.sub("", value)
    return value
