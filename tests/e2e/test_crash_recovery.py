"""Killed in the middle of a transcode: what was acknowledged gets ready all the same.

The times that are printed (`pytest -s`) are measurements, not conditions.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.assets import service as assets_service
from portal.assets.models import Asset, AssetState, RenditionKind, Step, StepRecord, StepState
from portal.db import tables
from portal.jobs import Task
from portal.recordings import service as recordings_service
from portal.runtime import Runtime, open_runtime
from portal.storage import keys
from tests.e2e.processes import (
    Installation,
    Process,
    Role,
    is_alive,
    parent_of,
    wait_until,
)
from tests.media import make_clip
from tests.step_runs import Bench, decode_all
from tests.stored_files import acknowledge, age, asset_of, keys_of, make_event, queued_jobs
from workers.reconcile import Sweep
from workers.sandbox import Level, Sandbox

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.postgres,
    pytest.mark.media,
    pytest.mark.timeout(600),
]

SETTLED = {AssetState.READY, AssetState.PARTIAL, AssetState.FAILED}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A recording that takes some seconds to transcode."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    fast = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    return make_clip(path, seconds=20, size="1280x720", options=fast).read_bytes()


@dataclass(frozen=True)
class Portal:
    """An installation as a test looks at it. Looking keeps the database awake only meanwhile."""

    installation: Installation
    clip: bytes

    def bring_in(self, name: str) -> str:
        """The id of an asset that was acknowledged."""
        with open_runtime(self.installation.settings) as runtime:
            event = make_event(runtime)
            content = self.clip + name.encode()  # behind the last box, where nobody looks
            return acknowledge(runtime, event, f"{name}.mp4", content).asset_id

    def look(self, asset_id: str) -> Asset:
        with open_runtime(self.installation.settings) as runtime:
            return asset_of(runtime, asset_id)

    def step(self, asset_id: str, step: Step) -> StepRecord | None:
        steps = self.look(asset_id).steps
        return next((record for record in steps if record.name is step), None)

    def chunk_tries(self, asset_id: str) -> list[int]:
        query = select(tables.chunks.c.tries).where(tables.chunks.c.asset_id == asset_id)
        settings = self.installation.settings
        with open_runtime(settings) as runtime, runtime.engine.connect() as connection:
            return list(connection.scalars(query))

    def wait_for_transcode(self, asset_id: str) -> int:
        """Wait until it is well under way; the number of its ffmpeg process."""

        def is_under_way() -> bool:
            record = self.step(asset_id, Step.TRANSCODE)
            return record is not None and record.progress is not None and record.progress > 0

        wait_until(is_under_way)
        (encoder,) = self.installation.encoders(asset_id)[-1:]
        return encoder

    def wait_until_settled(self, asset_id: str) -> float:
        return wait_until(lambda: assets_service.state_of(self.look(asset_id)) in SETTLED)

    def check_whole(self, asset_id: str, folder: Path) -> None:
        """Ready, every rung decodes from first to last, and nothing else is left over."""
        with open_runtime(self.installation.settings) as runtime:
            asset = asset_of(runtime, asset_id)
            assert assets_service.detail_of(asset) is None
            assert assets_service.state_of(asset) is AssetState.READY
            playable = [r for r in asset.renditions if r.segment_files is not None]
            pictures = [r for r in playable if r.step is Step.TRANSCODE]
            assert [r.name for r in pictures] == ["720p", "480p", "360p", "240p"]
            assert len({r.attempt for r in pictures}) == 1
            assert RenditionKind.AUDIO in {r.kind for r in playable}
            decode_all(Bench(runtime, Sandbox(Level.PLAIN), folder).download(playable))
            self._check_tidy(runtime, asset)
        assert list(self.installation.settings.scratch_path.iterdir()) == []

    def check_logs(self) -> None:
        assert "Traceback" not in self.installation.logs()

    def _check_tidy(self, runtime: Runtime, asset: Asset) -> None:
        with runtime.engine.begin() as connection:
            age(connection, tables.steps, "finished_at", minutes=11)
        wait_until(lambda: self._is_swept(runtime, asset))

    def _is_swept(self, runtime: Runtime, asset: Asset) -> bool:
        Sweep(runtime, threading.Event()).sweep_once()
        with runtime.engine.connect() as connection:
            shown = assets_service.shown_keys(connection, asset.id)
        return keys_of(runtime, keys.asset_prefix(asset.id)) == shown


@pytest.fixture
def portal(tmp_path: Path, clip: bytes) -> Iterator[Portal]:
    installation = Installation(tmp_path / "my data")
    try:
        yield Portal(installation, clip)
    finally:
        installation.end()


def tell(what: str, seconds: float) -> None:
    print(f"{what}: {seconds:.1f} s from sending to ready")  # noqa: T201


def tell_memory(processes: list[Process]) -> None:
    for process in processes:
        resident, proportional = process.memory_mebibytes
        print(f"idle {process.role}: {resident:.0f} MiB, {proportional:.0f} MiB of its own")  # noqa: T201


def test_a_killed_workers_transcode_is_taken_over(portal: Portal, tmp_path: Path) -> None:
    with portal.installation.served(workers=2):
        tell_memory(portal.installation.processes())
        asset_id, started_at = portal.bring_in("killed"), time.monotonic()
        encoder = portal.wait_for_transcode(asset_id)
        killed = parent_of(encoder, portal.installation.processes(Role.WORKER))

        killed.kill()

        portal.wait_until_settled(asset_id)
        seconds = time.monotonic() - started_at
        tell("kill -9 of a worker", seconds)
        assert not is_alive(encoder)
        record = portal.step(asset_id, Step.TRANSCODE)
        assert record is not None
        assert record.attempt == 1, "others of its chunks are made already, or being made"
        assert sum(portal.chunk_tries(asset_id)) <= len(portal.chunk_tries(asset_id)) + 1
        portal.check_whole(asset_id, tmp_path)
    portal.check_logs()


def test_a_killed_portal_goes_on_when_it_is_started_again(portal: Portal, tmp_path: Path) -> None:
    """Only the command itself is killed; the others notice it by themselves."""
    with portal.installation.served(workers=1) as serve:
        asset_id, started_at = portal.bring_in("killed"), time.monotonic()
        encoder = portal.wait_for_transcode(asset_id)
        serve.kill()
        serve.wait()
        ended = wait_until(lambda: portal.installation.processes() == [])
        assert not is_alive(encoder)
        print(f"children ended {ended:.1f} s after the portal was killed")  # noqa: T201

    with portal.installation.served(workers=1):
        portal.wait_until_settled(asset_id)
        seconds = time.monotonic() - started_at
        tell("kill -9 of portal serve and a restart", seconds)
        portal.check_whole(asset_id, tmp_path)
    portal.check_logs()


def test_a_portal_killed_with_all_its_processes_adopts_its_database(
    portal: Portal, tmp_path: Path
) -> None:
    with portal.installation.served(workers=2) as serve:
        asset_id = portal.bring_in("killed")
        encoder = portal.wait_for_transcode(asset_id)
        before = portal.installation.database_pid()
        serve.kill()
        for process in portal.installation.processes():
            process.kill()
        wait_until(lambda: portal.installation.processes() == [] and not is_alive(encoder))

    with portal.installation.served(workers=1):
        assert portal.installation.database_pid() == before
        seconds = portal.wait_until_settled(asset_id)
        print(f"kill -9 of every process, from ready on: {seconds:.1f} s")  # noqa: T201
        portal.check_whole(asset_id, tmp_path)
    portal.check_logs()


def test_a_killed_database_is_started_again_and_work_goes_on(
    portal: Portal, tmp_path: Path
) -> None:
    with portal.installation.served(workers=1) as serve:
        asset_id, started_at = portal.bring_in("killed"), time.monotonic()
        portal.wait_for_transcode(asset_id)
        killed = portal.installation.database_pid()
        assert killed is not None

        os.kill(killed, signal.SIGQUIT)  # as in a crash of its own
        wait_until(lambda: portal.installation.database_pid() not in {None, killed}, serve)

        portal.wait_until_settled(asset_id)
        print(f"database killed: ready after {time.monotonic() - started_at:.1f} s")  # noqa: T201
        portal.check_whole(asset_id, tmp_path)


def test_a_worker_that_is_asked_to_stop_gives_its_transcode_back(
    portal: Portal, tmp_path: Path
) -> None:
    with portal.installation.started("worker") as worker:
        asset_id = portal.bring_in("interrupted")
        encoder = portal.wait_for_transcode(asset_id)

        worker.send_signal(signal.SIGTERM)

        seconds = wait_until(lambda: worker.poll() is not None)
        print(f"SIGTERM in mid-transcode: ended after {seconds:.1f} s")  # noqa: T201
        assert worker.returncode == 0
        assert not is_alive(encoder)
        assert portal.installation.processes() == []

    with open_runtime(portal.installation.settings) as runtime:
        (record,) = [r for r in asset_of(runtime, asset_id).steps if r.name is Step.TRANSCODE]
        assert (record.state, record.attempt, record.detail) == (StepState.RUNNING, 1, None)
        with runtime.engine.connect() as connection:
            jobs = [job for job in queued_jobs(connection) if job.task is Task.CHUNK]
            unmade = recordings_service.due_jobs(connection, asset_id)
            assert {job.subject_id for job in jobs} == {job.subject_id for job in unmade}
            assert not any(job.is_running or job.has_pause for job in jobs)
            again = recordings_service.begin_chunk(connection, jobs[0].subject_id)
            assert again is not None
            assert again.costly_tries == 1
        assert list(runtime.settings.scratch_path.iterdir()) == []

    with portal.installation.started("worker"):
        portal.wait_until_settled(asset_id)
        portal.check_whole(asset_id, tmp_path)
    portal.check_logs()
