"""Workers share one recording by its chunks; one that is killed costs one chunk, and nothing else.

The times that are printed (`pytest -s`) are measurements, not conditions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select, text

from portal.assets import service as assets_service
from portal.assets.made_files import stored_files
from portal.assets.models import AssetState, Step
from portal.db.tables import chunks
from portal.jobs import Task
from portal.runtime import Runtime, open_runtime
from tests.e2e.processes import Installation, Role, parent_of, wait_until
from tests.media import make_clip
from tests.stored_files import acknowledge, asset_of, make_event, record_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.postgres,
    pytest.mark.media,
    pytest.mark.timeout(600),
]

SETTLED = {AssetState.READY, AssetState.PARTIAL, AssetState.FAILED}
SECONDS = 240
"""Some more chunks than there are workers."""


@dataclass(frozen=True)
class Place:
    """An installation as a test looks at it."""

    installation: Installation
    runtime: Runtime
    recording: bytes

    def bring_in(self, name: str) -> str:
        content = self.recording + name.encode()  # behind the last box, where nobody looks
        return acknowledge(self.runtime, make_event(self.runtime), f"{name}.mp4", content).asset_id

    def wait_until_settled(self, asset_id: str) -> float:
        def is_settled() -> bool:
            return assets_service.state_of(asset_of(self.runtime, asset_id)) in SETTLED

        return wait_until(is_settled)

    def wait_until_shared(self) -> None:
        """Two workers are at a chunk each, which both have got somewhere."""
        running = text(
            "select count(distinct worker_id) from procrastinate_jobs"
            " join chunks on chunks.id = args->>'subject_id'"
            " where task_name = :task and status = 'doing' and progress > 0"
        )

        def are_two() -> bool:
            with self.runtime.engine.connect() as connection:
                workers: int = connection.execute(running, {"task": Task.CHUNK}).scalar_one()
            return workers == 2

        wait_until(are_two)

    def tries(self, asset_id: str) -> list[int]:
        query = select(chunks.c.tries).where(chunks.c.asset_id == asset_id)
        with self.runtime.engine.connect() as connection:
            return list(connection.scalars(query.order_by(chunks.c.number)))

    def made(self, asset_id: str) -> Mapping[str, list[str]]:
        """{rendition of the picture: SHA-256 of each of its files}."""
        renditions = asset_of(self.runtime, asset_id).renditions
        return {
            r.name: [self._sha256(key) for key in stored_files(r.key, r.segment_files)]
            for r in renditions
            if r.step is Step.TRANSCODE
        }

    def _sha256(self, key: str) -> str:
        return hashlib.sha256(self.runtime.store.read(key)).hexdigest()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("recording") / "recording.mp4"
    fast = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    return make_clip(path, seconds=SECONDS, size="640x360", options=fast).read_bytes()


@pytest.fixture
def place(tmp_path: Path, recording: bytes) -> Iterator[Place]:
    """One encode at a time in each worker."""
    installation = Installation(tmp_path / "data", {"PORTAL_ENCODES_MAX": "1"})
    try:
        with open_runtime(installation.settings) as runtime:
            yield Place(installation, runtime, recording)
    finally:
        installation.end()


def test_a_killed_worker_costs_one_chunk(place: Place) -> None:
    installation = place.installation
    with installation.started("worker"), installation.started("worker"):
        wait_until(lambda: len(installation.processes(Role.WORKER)) == 2)
        undisturbed = place.bring_in("undisturbed")
        place.wait_until_shared()
        seconds = place.wait_until_settled(undisturbed)
        assert set(place.tries(undisturbed)) == {1}
        assert len(place.tries(undisturbed)) > 3

        disturbed = place.bring_in("disturbed")
        place.wait_until_shared()
        encoder = installation.encoders(disturbed)[-1]
        parent_of(encoder, installation.processes(Role.WORKER)).kill()

        disturbed_seconds = place.wait_until_settled(disturbed)

    count = len(place.tries(disturbed))
    print(f"{count} chunks: {seconds:.1f} s, with a worker killed {disturbed_seconds:.1f} s")  # noqa: T201
    assert sorted(place.tries(disturbed)) == [*sorted(place.tries(undisturbed))[:-1], 2]
    assert record_of(place.runtime, disturbed, Step.TRANSCODE).attempt == 1
    for asset_id in (undisturbed, disturbed):
        assert assets_service.detail_of(asset_of(place.runtime, asset_id)) is None
    assert place.made(disturbed) == place.made(undisturbed)
    assert "Traceback" not in installation.logs()
