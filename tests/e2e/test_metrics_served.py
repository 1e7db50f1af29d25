"""Real processes are scraped: all of them tell their numbers, and none tells a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from portal.assets import service as assets_service
from portal.assets.models import AssetState, Kind, Step
from portal.events import service as events_service
from portal.jobs import Lane, Task
from portal.runtime import open_runtime
from portal.visibility import INSTALLATION
from tests.e2e.processes import PROJECT, Installation, Role, free_port, wait_until
from tests.media import make_clip
from workers.chunk_runner import CHUNK
from workers.endings import Ending

pytestmark = [pytest.mark.e2e, pytest.mark.postgres, pytest.mark.media]

CANARY = "zanzibar"
"""In every name that an editor or a client could give."""

EVENT = f"""
slug: {CANARY}-slug
title: {{en: {CANARY} title, ru: {CANARY} заголовок}}
summary: {{en: {CANARY} summary}}
place: {{en: {CANARY} place}}
credit: {CANARY} credit
contact: {{name: {CANARY} contact, email: {CANARY}@press.example}}
people: [{{name: {CANARY} Person, variants: [{CANARY}ович]}}]
publish: now
files:
  "{CANARY}.mp4": {{title: {{en: {CANARY} clip}}, language: en, people: ["{CANARY} Person"]}}
"""

ENUMERATED: Mapping[str, Set[str]] = {
    "lane": set(Lane),
    "kind": set(Kind),
    "step": {*Step, CHUNK},
    "task": set(Task),
    "outcome": set(Ending),
    "state": {*AssetState, "waiting", "paused", "running", "open", "completing"},
    "status": {"1xx", "2xx", "3xx", "4xx", "5xx"},
    "method": {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"},
    "process": {"web-1", "worker-1", "worker-2"},
}
WORDS = re.compile(r"[a-z][a-z_0-9]*")


@dataclass(frozen=True)
class Portal:
    installation: Installation
    port: int
    metrics_port: int

    def get(self, path: str, *, method: str = "GET", host: str = "127.0.0.1") -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers={"Host": host})
        status = connection.getresponse().status
        connection.close()
        return status

    def scrape(self) -> list[Metric]:
        connection = HTTPConnection("127.0.0.1", self.metrics_port, timeout=10)
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        assert answer.status == 200
        text = answer.read().decode()
        connection.close()
        return list(text_string_to_metric_families(text))

    def value(self, name: str, **labels: str) -> float:
        """The sum over all series with these labels; 0 when there is none."""
        return sum(
            sample.value
            for family in self.scrape()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def is_ready(self, slug: str) -> bool:
        with open_runtime(self.installation.settings) as runtime, runtime.engine.connect() as c:
            event = events_service.get_event(c, slug, viewer=INSTALLATION)
            found = assets_service.list_assets(c, viewer=INSTALLATION, event_id=event.id)
            return {assets_service.state_of(asset) for asset in found} == {AssetState.READY}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Two workers; an event whose every name is a canary was taken in and read."""
    folder = tmp_path_factory.mktemp("metrics")
    metrics_port = free_port()
    variables = {"PORTAL_METRICS_PORT": str(metrics_port), "PORTAL_LOG_FORMAT": "json"}
    installation = Installation(folder / "data", variables)
    try:
        with installation.served(workers=2) as serve:
            words = _words_of(serve.args)
            port = int(words[words.index("--port") + 1])
            portal = Portal(installation, port, metrics_port)
            _take_in(portal, folder)
            yield portal
    finally:
        installation.end()


def _words_of(arguments: object) -> list[str]:
    assert isinstance(arguments, list)
    return [str(word) for word in arguments]


def _take_in(portal: Portal, folder: Path) -> None:
    material = folder / "material"
    material.mkdir()
    make_clip(material / f"{CANARY}.mp4", seconds=1)
    (material / f"{CANARY}.vtt").write_text(f"WEBVTT\n\n00:00.000 --> 00:01.000\n{CANARY}\n")
    (material / "event.yaml").write_text(EVENT)
    with portal.installation.started("ingest", str(material), "--wait") as ingest:
        assert ingest.wait(timeout=240) == 0, portal.installation.logs()
    wait_until(lambda: portal.is_ready(f"{CANARY}-slug"))
    for path in (f"/en/events/{CANARY}-slug", f"/ru/search?q={CANARY}", f"/{CANARY}"):
        portal.get(path)
    portal.get(f"/en/{CANARY}", method=CANARY.upper())
    portal.get(f"/setup/{CANARY}")
    portal.get("/static/" + CANARY)


def test_every_metric_is_explained(portal: Portal) -> None:
    operations = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(portal_\w+)", operations, re.MULTILINE))
    totals = {f"{f.name}_total" if f.type == "counter" else f.name for f in portal.scrape()}
    told = {f"{name}_info" if name == "portal_build" else name for name in totals}
    assert told <= explained
    assert explained - told <= {"portal_storage_errors_total", "portal_job_failures_total"}
    (rules,) = re.findall(r"```yaml\n(groups:.*?)```", operations, re.DOTALL)
    alerts = [rule["expr"] for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]]
    assert set(re.findall(r"portal_\w+", " ".join(alerts))) <= explained


def test_what_was_done_is_told(portal: Portal) -> None:
    assert portal.value("portal_assets", kind="video", state="ready") == 1
    assert portal.value("portal_assets", kind="captions", state="ready") == 1
    assert portal.value("portal_step_seconds_count", step="transcode", outcome="done") == 1
    assert portal.value("portal_step_seconds_sum", step="transcode", outcome="done") > 0.1
    assert portal.value("portal_storage_seconds_count", verb="put_file") > 5
    assert portal.value("portal_worker_lanes") == 2 * len(Lane)
    assert portal.value("portal_search_documents") > 2
    assert portal.value("portal_database_up") == 1


def test_requests_are_told_by_route(portal: Portal) -> None:
    name = "portal_http_requests_total"
    route = "/{language}/events/{slug}"
    assert portal.value(name, route=route, method="GET", status="2xx") == 1
    assert portal.value(name, route="none", method="GET", status="4xx") == 1
    assert portal.value(name, route="/setup/{token}", method="GET") == 1
    assert portal.value(name, route="/static/{path}", status="4xx") == 1
    assert portal.value(name, method="other") == 1


def test_no_name_that_anybody_gave_is_told(portal: Portal) -> None:
    for family in portal.scrape():
        for sample in family.samples:
            told = f"{sample.name} {sample.labels}".casefold()
            assert CANARY not in told


def test_labels_come_from_small_sets(portal: Portal) -> None:
    series = 0
    for family in portal.scrape():
        for sample in family.samples:
            series += 1
            for label, value in sample.labels.items():
                if label in ENUMERATED:
                    assert value in ENUMERATED[label], (sample.name, label)
                elif label == "route":
                    assert value == "none" or value.startswith("/")
                elif label not in {"le", "version"}:
                    assert WORDS.fullmatch(value), (sample.name, label, value)
    assert series < 2000


def test_a_worker_that_is_killed_leaves_no_gap_and_no_remains(portal: Portal) -> None:
    killed, other = portal.installation.processes(Role.WORKER)
    killed.kill()
    wait_until(lambda: len(_told_by_workers(portal)) == 1)
    wait_until(lambda: len(_told_by_workers(portal)) == 2)
    assert other.is_alive
    sockets = (portal.installation.folder / "metrics").glob("*/*.socket")
    assert len(list(sockets)) == 3


def _told_by_workers(portal: Portal) -> set[str]:
    return {
        sample.labels["process"]
        for family in portal.scrape()
        for sample in family.samples
        if sample.labels.get("process", "").startswith("worker")
    }
