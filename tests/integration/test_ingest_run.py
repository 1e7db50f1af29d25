"""A run of `portal ingest` whose database goes away."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.assets.models import Asset, AssetState, Kind
from portal.cli.ingest import report_json
from portal.cli.ingest_run import IngestRun
from portal.cli.own_worker import OwnWorker
from portal.db.embedded import embedded_server
from portal.db.engine import open_engine
from portal.ingest import waiting
from portal.ingest.folders import plan_paths
from portal.ingest.plan import Plan, PlannedFile
from portal.ingest.report import ACKNOWLEDGED, Report, summary
from portal.runtime import Runtime
from portal.search.engines.embedded import EmbeddedEngine
from portal.settings import Settings
from portal.storage.local import LocalStore, LocalUploads

pytestmark = pytest.mark.postgres

CAPTIONS = b"WEBVTT\n\n00:01.000 --> 00:02.000\n%d\n"


@dataclass
class StoppingDisplay:
    """Stops the server of the database at a moment of the run: `at` names the method."""

    server: Path
    at: str

    def sending(self, file: PlannedFile, share: float) -> None:
        del file
        if share == 1.0:
            self._reach("sending")

    def processing(self, file: PlannedFile, asset: Asset) -> None:
        del file, asset
        self._reach("processing")

    def finished(self, report: Report) -> None:
        """Nothing happens."""

    def _reach(self, moment: str) -> None:
        if moment == self.at:
            self.at = "never again"
            stop_server(self.server)


class NoWorker(OwnWorker):
    """The assets are waited for, and nobody works on them."""

    def ensure(self, *, standstill_seconds: float = 0.0) -> None:
        """Nothing is started."""


def stop_server(data: Path) -> None:
    pid = int((data / "postgres/cluster/postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGQUIT)


@pytest.fixture
def mortal(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """With a database server of its own, which the test may stop."""
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 1.0)
    objects = settings.data_path / "objects"
    with embedded_server(settings) as url, open_engine(settings, url) as engine:
        yield Runtime(
            settings=settings,
            engine=engine,
            store=LocalStore(objects),
            uploads=LocalUploads(objects, free_bytes_min=0),
            search=EmbeddedEngine(settings.data_path / "search"),
        )


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    folder = tmp_path / "material"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.vtt").write_bytes(CAPTIONS % number)
    (plan,) = plan_paths([folder], event_slug="real")
    return plan


def run(
    runtime: Runtime, plan: Plan, *, stop_at: str, wait: bool = True
) -> tuple[IngestRun, list[Report]]:
    display = StoppingDisplay(runtime.settings.data_path, stop_at)
    ingest = IngestRun(runtime, display, worker=NoWorker(runtime) if wait else None)
    ingest.carry_out(plan)
    if stop_at == "finish":
        stop_server(runtime.settings.data_path)
    return ingest, ingest.finish()


@pytest.mark.parametrize(("stop_at", "wait"), [("processing", True), ("finish", False)])
def test_what_was_acknowledged_is_reported_when_the_database_goes_away(
    mortal: Runtime, plan: Plan, stop_at: str, wait: bool
) -> None:
    ingest, reports = run(mortal, plan, stop_at=stop_at, wait=wait)

    lines = [report_json(report, mortal.settings) for report in reports]
    assert [Path(str(line["path"])).name for line in lines] == ["0.vtt", "1.vtt", "2.vtt"]
    assert all(line["asset_id"] for line in lines)
    assert {line["detail"] for line in lines} == {ACKNOWLEDGED}
    assert not any(report.is_good for report in reports)
    assert summary(reports) == "3 unknown."
    (trouble,) = ingest.troubles
    assert trouble.startswith("The database cannot be reached")


def test_files_that_were_not_sent_say_so(mortal: Runtime, plan: Plan) -> None:
    _ingest, reports = run(mortal, plan, stop_at="sending")

    assert len(reports) == 3
    assert not any(report.is_good for report in reports)
    refused = [report for report in reports if report.state is AssetState.FAILED]
    assert refused
    assert all("The database cannot be reached" in (report.detail or "") for report in refused)


def test_a_plan_whose_event_cannot_be_made_has_its_files_in_the_report(
    mortal: Runtime, plan: Plan
) -> None:
    stop_server(mortal.settings.data_path)

    ingest, reports = run(mortal, plan, stop_at="never")

    assert [report.state for report in reports] == [AssetState.FAILED] * 3
    assert {str(report.detail)[:50] for report in reports} == {
        "It was not sent. The database cannot be reached: c"
    }
    assert ingest.troubles[0].startswith("The event 'real' did not come in completely.")


def test_a_database_that_comes_back_soon_is_waited_for(
    mortal: Runtime, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 60.0)
    monkeypatch.setattr(waiting, "RETRY_SECONDS", 0.1)
    ingest = IngestRun(mortal, StoppingDisplay(mortal.settings.data_path, "never"), worker=None)
    ingest.carry_out(plan)
    stop_server(mortal.settings.data_path)
    with embedded_server(mortal.settings):  # another user of the data folder starts it again
        reports = ingest.finish()

    assert [report.kind for report in reports] == [Kind.CAPTIONS] * 3
    assert ingest.troubles == []
