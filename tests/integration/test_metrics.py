"""What the database tells the metrics, and how the numbers of several processes meet."""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from structlog.testing import capture_logs

from portal.assets import service as assets_service
from portal.assets.models import Outcome, Step
from portal.errors import SearchUnavailable, StorageUnavailable
from portal.jobs import Job, Task, defer
from portal.metrics import service as metrics_service
from portal.metrics.gathering import answering
from portal.metrics.meeting import held_folder
from portal.metrics.observing import count_failure, count_step
from portal.metrics.probe import Probe
from portal.runtime import Runtime
from portal.settings import Settings
from portal.storage.measured import MeasuredStore
from tests.e2e.processes import PROJECT, free_port
from tests.stored_files import FLAC, JPEG, MP4, acknowledge, begin_upload, make_event, store

pytestmark = pytest.mark.postgres

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """In a folder so deep that the path of a socket in it is too long for the kernel."""
    folder = tmp_path / ("deep-" * 20)
    (folder / "meeting").mkdir(parents=True)
    return Settings(
        data_dir=folder / "data",
        disk_free_bytes_min=0,
        metrics_port=free_port(),
        metrics_folder=folder / "meeting",
    )


def registry_of(runtime: Runtime) -> CollectorRegistry:
    return metrics_service.registry_of(runtime, meeting_folder(runtime.settings))


def meeting_folder(settings: Settings) -> Path:
    assert settings.metrics_folder is not None
    return settings.metrics_folder


def scrape(runtime: Runtime) -> Samples:
    return samples_of(generate_latest(registry_of(runtime)).decode())


def samples_of(told: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


# --- the database ----------------------------------------------------------------------------


def test_an_empty_installation_tells_noughts(runtime: Runtime) -> None:
    told = scrape(runtime)
    assert value(told, "portal_database_up") == 1
    assert value(told, "portal_search_up") == 1
    assert value(told, "portal_jobs", lane="media", state="waiting") == 0
    assert value(told, "portal_assets", kind="video", state="failed") == 0
    assert value(told, "portal_uploads", state="open") == 0
    assert value(told, "portal_search_lag_seconds") == 0
    assert value(told, "portal_worker_lanes") == 0
    assert value(told, "portal_disk_free_bytes") > 0


def test_jobs_are_told_by_lane_and_age(runtime: Runtime) -> None:
    with runtime.engine.begin() as connection:
        defer(connection, Job(Task.TRANSCODE, "a"))
        defer(connection, Job(Task.TRANSCODE, "b"))
        defer(connection, Job(Task.VERIFY, "a"), delay_seconds=3600)
        defer(connection, Job(Task.INDEX_ASSET, "a"))
        connection.execute(text("update procrastinate_events set at = at - interval '90 seconds'"))
        connection.execute(
            text("update procrastinate_jobs set status = 'doing' where args->>'subject_id' = 'b'")
        )
    told = scrape(runtime)
    assert value(told, "portal_jobs", lane="media", state="waiting") == 1
    assert value(told, "portal_jobs", lane="media", state="running") == 1
    assert value(told, "portal_jobs", lane="light", state="waiting") == 0
    assert value(told, "portal_jobs", lane="light", state="paused") == 1
    assert 90 <= value(told, "portal_oldest_job_seconds", lane="media") < 150
    assert value(told, "portal_oldest_job_seconds", lane="light") == 0
    assert 90 <= value(told, "portal_search_lag_seconds") < 150


def test_assets_are_told_by_state(runtime: Runtime) -> None:
    event = make_event(runtime)
    store(runtime, event, "a.flac", FLAC)
    failed = store(runtime, event, "b.jpg", JPEG)
    with runtime.engine.begin() as connection:
        attempt = assets_service.begin_attempt(connection, failed, Step.PHOTO)
        assert attempt is not None
        assets_service.finish_attempt(connection, attempt, outcome=Outcome.FAILED, detail="It is.")
    told = scrape(runtime)
    assert value(told, "portal_assets", kind="audio", state="processing") == 1
    assert value(told, "portal_assets", kind="photo", state="failed") == 1
    assert value(told, "portal_assets", kind="photo", state="ready") == 0


def test_uploads_under_way_are_told_with_their_sizes(runtime: Runtime) -> None:
    event = make_event(runtime)
    begin_upload(runtime, event, "a.flac", FLAC)
    begin_upload(runtime, event, "b.mp4", MP4)
    acknowledge(runtime, event, "c.jpg", JPEG)
    store(runtime, event, "d.jpg", JPEG + b"x")
    told = scrape(runtime)
    assert value(told, "portal_uploads", state="open") == 2
    assert value(told, "portal_upload_bytes", state="open") == len(FLAC) + len(MP4)
    assert value(told, "portal_uploads", state="completing") == 1


def test_living_lanes_and_their_last_sign_of_life_are_told(runtime: Runtime) -> None:
    with runtime.engine.begin() as connection:
        connection.execute(
            text(
                "insert into procrastinate_workers (last_heartbeat) values"
                " (now() - interval '5 seconds'), (now() - interval '40 seconds')"
            )
        )
    told = scrape(runtime)
    assert value(told, "portal_worker_lanes") == 1
    assert 5 <= value(told, "portal_worker_silent_seconds") < 40


def test_a_query_that_waits_for_a_lock_is_given_up(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_service, "QUERY_MILLISECONDS_MAX", 50)
    with runtime.engine.begin() as connection:
        connection.execute(text("lock table uploads in access exclusive mode"))
        told = scrape(runtime)
    assert value(told, "portal_database_up") == 0
    assert ("portal_uploads", frozenset({("state", "open")})) not in told
    assert value(told, "portal_search_up") == 1


def test_scratch_is_told(runtime: Runtime) -> None:
    folder = runtime.settings.scratch_path / "job-1"
    folder.mkdir(parents=True)
    (folder / "part").write_bytes(bytes(100_000))
    assert value(scrape(runtime), "portal_scratch_bytes") >= 100_000


def test_a_folder_that_vanishes_during_a_look_spoils_no_scrape(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch, scan = runtime.settings.scratch_path, os.scandir
    for name in ("job-1", "job-2"):
        (scratch / name).mkdir(parents=True)
        (scratch / name / "part").write_bytes(bytes(100_000))

    def scan_late(path: str | Path) -> object:
        if Path(path) == scratch / "job-1":
            monkeypatch.undo()
            shutil.rmtree(path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scan_late)
    assert 100_000 <= value(scrape(runtime), "portal_scratch_bytes") < 200_000
    assert not (scratch / "job-1").exists()


def test_a_disk_that_hangs_or_fails_is_left_out(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()

    def hang(_folder: Path) -> int:
        answer.wait(30)
        return 0

    def fail(_folder: Path) -> int:
        raise OSError("the disk is gone")

    monkeypatch.setattr("portal.metrics.collectors.LEFT_SECONDS_MIN", 0.01)
    monkeypatch.setattr("portal.metrics.collectors.LOOK_SECONDS_MAX", 0.5)
    monkeypatch.setattr("portal.metrics.collectors.taken_bytes", hang)
    monkeypatch.setattr("portal.metrics.collectors.shutil.disk_usage", fail)
    told = scrape(runtime)
    answer.set()
    assert ("portal_scratch_bytes", frozenset()) not in told
    assert ("portal_disk_free_bytes", frozenset()) not in told
    assert value(told, "portal_database_up") == 1


# --- several processes -----------------------------------------------------------------------


def test_numbers_of_processes_are_told_apart(runtime: Runtime) -> None:
    count_step(step="probe", outcome="done", seconds=2.0)
    with answering(runtime.settings, role="worker"):
        before = scrape(runtime)
        count_step(step="probe", outcome="done", seconds=2.0)
        after = scrape(runtime)
    labels = {"step": "probe", "outcome": "done", "process": "worker-1"}
    name = "portal_step_seconds_count"
    assert value(after, name, **labels) - value(before, name, **labels) == 1
    assert (name, frozenset(labels.items())) not in scrape(runtime)


def test_what_a_killed_process_left_is_cleared_and_its_name_taken_over(runtime: Runtime) -> None:
    count_failure(task="assets.probe", cause="tool_failed")
    folder = meeting_folder(runtime.settings)
    registry = registry_of(runtime)
    with listening(folder, "worker.1.socket"):
        pass
    assert (folder / "worker.1.socket").exists()
    generate_latest(registry)
    assert list(folder.iterdir()) == []
    with answering(runtime.settings, role="worker"):
        assert 'process="worker-1"' in generate_latest(registry).decode()


def test_a_process_that_hangs_is_left_out(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.metrics.gathering.ANSWER_SECONDS_MAX", 0.05)
    folder = meeting_folder(runtime.settings)
    with answering(runtime.settings, role="web"), listening(folder, "worker.2.socket"):
        told = generate_latest(registry_of(runtime)).decode()
        assert 'process="web-1"' in told
        assert 'process="worker' not in told
        assert (folder / "worker.2.socket").exists()


def test_exporters_that_share_a_data_folder_tell_of_their_own_processes_only(
    runtime: Runtime,
) -> None:
    """As replicas of a container do: on one port each, and their processes have the same ids."""
    settings = outside(runtime.settings)
    elsewhere = settings.model_copy(update={"metrics_host": "127.0.0.2"})
    first, second = (replace(runtime, settings=each) for each in (settings, elsewhere))
    with metrics_service.served(first) as one, metrics_service.served(second) as other:
        assert one.metrics_folder != other.metrics_folder
        with answering(one, role="worker"):
            assert {name_of(s) for s in fetched(one)} == {"worker-1"}
            assert {name_of(s) for s in fetched(other)} == set()
            with answering(other, role="worker"):
                assert {name_of(s) for s in fetched(one)} == {"worker-1"}
                assert {name_of(s) for s in fetched(other)} == {"worker-1"}


def test_what_a_killed_exporter_left_is_deleted_and_a_living_one_is_not(
    runtime: Runtime,
) -> None:
    left = runtime.settings.data_path / "metrics" / "left"
    left.mkdir(parents=True)
    with held_folder(runtime.settings) as living, held_folder(runtime.settings) as second:
        assert living.exists()
        assert second.exists()
        assert not left.exists()
    assert not living.exists()


# --- parts that are away ---------------------------------------------------------------------


def test_a_part_that_is_away_is_told_as_down() -> None:
    def fail() -> int:
        raise SearchUnavailable("It is away.")

    assert Probe(fail).take(within_seconds=10) is None
    assert Probe(lambda: 7).take(within_seconds=10) == 7


def test_a_part_that_hangs_holds_nobody_up_and_is_looked_at_once() -> None:
    answer, looks = threading.Event(), []

    def look() -> int:
        looks.append(1)
        answer.wait(30)
        return len(looks)

    probe = Probe(look)
    assert probe.take(within_seconds=0.01) is None
    assert probe.take(within_seconds=0.01) is None
    answer.set()
    assert probe.take(within_seconds=10) == 1
    assert probe.take(within_seconds=10) == 2


def test_work_goes_on_where_the_port_is_taken_and_a_sentence_says_so(
    runtime: Runtime,
) -> None:
    unserved = replace(runtime, settings=outside(runtime.settings))
    with (
        socket.create_server(("127.0.0.1", unserved.settings.metrics_port)),
        capture_logs() as logged,
        metrics_service.served(unserved) as settings,
    ):
        assert settings.metrics_folder is None
    assert [entry["log_level"] for entry in logged] == ["error"]
    assert "PORTAL_METRICS_PORT" in logged[0]["reason"]
    assert list((runtime.settings.data_path / "metrics").iterdir()) == []


def test_the_rules_notice_a_database_that_is_down(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_service, "QUERY_MILLISECONDS_MAX", 50)
    with runtime.engine.begin() as connection:
        connection.execute(text("lock table uploads in access exclusive mode"))
        told = scrape(runtime)
    operations = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
    (rules,) = re.findall(r"```yaml\n(groups:.*?)```", operations, re.DOTALL)
    alerts = [rule["expr"] for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]]
    noughts = {name for (name, _labels), found in told.items() if found == 0}
    asked = re.findall(r"\b(?:min|max)\((portal_\w+)\) == 0", " or ".join(alerts))
    assert noughts & set(asked) == {"portal_database_up"}
    # Where nobody serves metrics any more, no comparison has anything to compare.
    assert any("absent(portal_database_up)" in alert for alert in alerts)


def test_errors_of_the_store_are_counted_by_verb_and_code(runtime: Runtime) -> None:
    def told() -> float:
        with answering(runtime.settings, role="worker"):
            labels = {"verb": "delete", "code": "storage_unavailable", "process": "worker-1"}
            return scrape(runtime).get(
                ("portal_storage_errors_total", frozenset(labels.items())), 0
            )

    before = told()
    runtime.settings.data_path.joinpath("objects", ".press-portal").unlink()
    with pytest.raises(StorageUnavailable):
        MeasuredStore(runtime.store).delete("assets/a/original")
    assert told() - before == 1


def outside(settings: Settings) -> Settings:
    """Of a command that an administrator starts: nobody gave it a folder."""
    return settings.model_copy(update={"metrics_folder": None, "metrics_port": free_port()})


def fetched(settings: Settings) -> Samples:
    connection = HTTPConnection(settings.metrics_host, settings.metrics_port, timeout=10)
    connection.request("GET", "/metrics")
    told = connection.getresponse().read().decode()
    connection.close()
    return {key: found for key, found in samples_of(told).items() if "process" in dict(key[1])}


def name_of(sample: tuple[str, frozenset[tuple[str, str]]]) -> str:
    return dict(sample[1])["process"]


@contextmanager
def listening(folder: Path, name: str) -> Iterator[None]:
    """A socket whose owner never answers, and is dead afterwards."""
    descriptor = os.open(folder, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(f"/proc/self/fd/{descriptor}/{name}")
        os.close(descriptor)
        listener.listen()
        yield
