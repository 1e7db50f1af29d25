"""The portal that is measured: `portal serve` as it comes, with database, sandbox and store.

Times are those of the database's clock, from the moment that an upload is stored.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select, text

from portal.assets import service as assets
from portal.assets.made_files import stored_files
from portal.assets.models import Outcome, Rendition, RenditionKind, Step
from portal.db.tables import chunks, events, originals, renditions, steps
from portal.runtime import Runtime, open_runtime
from portal.visibility import INSTALLATION
from tests.bench.media_peers import Cost, machine_seconds
from tests.e2e.processes import Installation
from workers.video.plan import ChunkPlan

PATIENCE_SECONDS = 900
LOOK_SECONDS = 0.05
WHOLE = (Step.PREVIEW, Step.TRANSCODE, Step.SOUND)


@dataclass(frozen=True)
class Playable:
    """A recording whose first seconds can be played, and how long that took."""

    asset_id: str
    seconds: float


@dataclass(frozen=True)
class Portal:
    machine: Installation
    runtime: Runtime
    numbers: Iterator[int] = field(default_factory=count)

    def whole_after(self, path: Path) -> tuple[str, Cost]:
        """Bring a recording in, and wait until nothing more is made of it."""
        before = machine_seconds()
        asset_id = self._bring_in(path).asset_id
        self._wait_for_steps(asset_id)
        processor_seconds = machine_seconds() - before
        _wait_until(self._is_idle)
        return asset_id, Cost(self._seconds_until_whole(asset_id), processor_seconds)

    def playable_after(self, path: Path, *, lines: int) -> float:
        """Bring a recording in, and forget it as soon as its first seconds play, of that height."""
        first = self._bring_in(path)
        [preview] = self.renditions(first.asset_id, RenditionKind.PREVIEW)
        assert preview.height == lines, preview
        assert pictures_in(b"".join(self.files(preview)[:2])) > 0
        self.forget(first.asset_id)
        return first.seconds

    def forget(self, asset_id: str) -> None:
        """So that what would still be made of it does not slow the next one down."""
        with self.runtime.engine.begin() as connection:
            assets.remove_asset(connection, asset_id)

        def is_over() -> bool:
            for pid in self.machine.encoders(asset_id):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return self._is_idle()

        _wait_until(is_over)

    def renditions(self, asset_id: str, kind: RenditionKind) -> list[Rendition]:
        with self.runtime.engine.connect() as connection:
            asset = assets.get_asset(connection, asset_id, viewer=INSTALLATION)
        return [rendition for rendition in asset.renditions if rendition.kind is kind]

    def files(self, rendition: Rendition) -> list[bytes]:
        """The initialisation segment, then the others."""
        names = stored_files(rendition.key, rendition.segment_files)
        return [self.runtime.store.read(name) for name in names]

    def first_chunk(self, asset_id: str) -> ChunkPlan:
        query = select(chunks.c.plan).where(chunks.c.asset_id == asset_id, chunks.c.number == 1)
        with self.runtime.engine.connect() as connection:
            return ChunkPlan.from_json(connection.execute(query).scalar_one())

    def _bring_in(self, path: Path) -> Playable:
        """Into an event of its own: a file comes into an event only once."""
        slug = f"bench-{next(self.numbers)}"
        waited = renditions.c.created_at - originals.c.stored_at
        query = (
            select(originals.c.asset_id, waited.label("waited"))
            .join(renditions, renditions.c.asset_id == originals.c.asset_id)
            .join(events, events.c.id == originals.c.event_id)
            .where(events.c.slug == slug, renditions.c.kind == RenditionKind.PREVIEW)
        )
        with self.machine.started("ingest", str(path), "--event", slug) as command:
            # From now on, and not once the command has ended: a preview grows soon after.
            while (found := self._first(query)) is None:
                assert command.poll() in {None, 0, 1}, f"{path.name} did not come in."
                time.sleep(LOOK_SECONDS)
            command.wait()
        return found

    def _first(self, query: Select[Any]) -> Playable | None:
        with self.runtime.engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else Playable(row.asset_id, row.waited.total_seconds())

    def _wait_for_steps(self, asset_id: str) -> None:
        query = select(steps.c.outcome).where(
            steps.c.asset_id == asset_id, steps.c.name.in_(WHOLE), steps.c.outcome.is_not(None)
        )

        def have_ended() -> bool:
            with self.runtime.engine.connect() as connection:
                outcomes = list(connection.scalars(query))
            assert set(outcomes) <= {Outcome.DONE}, outcomes
            return len(outcomes) == len(WHOLE)

        _wait_until(have_ended)

    def _seconds_until_whole(self, asset_id: str) -> float:
        query = (
            select(steps.c.finished_at - originals.c.stored_at)
            .join(originals, originals.c.asset_id == steps.c.asset_id)
            .where(steps.c.asset_id == asset_id, steps.c.name.in_(WHOLE))
        )
        with self.runtime.engine.connect() as connection:
            waits: list[timedelta] = list(connection.scalars(query))
        return max(waits).total_seconds()

    def _is_idle(self) -> bool:
        """Whether no job waits or runs."""
        query = text(
            "select not exists (select from procrastinate_jobs where status in ('todo', 'doing'))"
        )
        with self.runtime.engine.connect() as connection:
            idle: bool = connection.execute(query).scalar_one()
        return idle


@contextmanager
def running_portal(folder: Path) -> Iterator[Portal]:
    """With as many workers as it has by itself; its data are in `folder`."""
    machine = Installation(folder / "data")
    try:
        with (
            machine.served(workers=machine.settings.worker_processes),
            open_runtime(machine.settings) as runtime,
        ):
            yield Portal(machine, runtime)
    finally:
        machine.end()


def pictures_in(recording: bytes) -> int:
    """How many can be decoded."""
    argv = ["ffprobe", "-v", "error", "-select_streams", "v", "-count_frames"]
    argv += ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", "-i", "pipe:0"]
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, input=recording)
    return int(done.stdout.split(b",")[0])


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "The portal takes too long."
        time.sleep(LOOK_SECONDS)
