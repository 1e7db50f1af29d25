"""Photos of an event in Minsk, stored and known to the database, and attempts at their step."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from sqlalchemy import insert, update

from portal.assets.models import Asset, Kind, Original, Step
from portal.db import tables
from portal.events import service as events
from portal.ids import new_id
from portal.languages import LocalizedText
from portal.runtime import Runtime
from portal.storage import keys
from workers.run import StepResult, StepRun
from workers.sandbox import Sandbox


@dataclass(frozen=True)
class PhotoRuns:
    """Where the step is tried: a real store, a real sandbox, a real database."""

    runtime: Runtime
    sandbox: Sandbox
    folder: Path
    stop: threading.Event = field(default_factory=threading.Event)

    def __call__(self, path: Path, *, caption: LocalizedText | None = None) -> StepRun:
        asset = self._asset(path, caption=caption or {})
        scratch = self.folder / asset.id
        scratch.mkdir()
        return StepRun(
            runtime=self.runtime,
            sandbox=self.sandbox,
            asset=asset,
            step=Step.PHOTO,
            attempt=1,
            scratch=scratch,
            stop=self.stop,
            report_progress=lambda _: None,
            publish_early=lambda _: None,
            check_room=lambda: None,
        )

    def _asset(self, path: Path, *, caption: LocalizedText) -> Asset:
        asset_id = new_id()
        with self.runtime.engine.begin() as connection:
            event = events.ensure_event(connection, "scrum")
            connection.execute(update(tables.events).values(time_zone="Europe/Minsk"))
            connection.execute(
                insert(tables.assets).values(
                    id=asset_id, event_id=event.id, kind=Kind.PHOTO, filename=path.name
                )
            )
        key = keys.original(asset_id)
        stored = self.runtime.store.put_file(key, path, media_type="image/jpeg")
        return Asset(
            id=asset_id,
            event_id=event.id,
            kind=Kind.PHOTO,
            filename=path.name,
            title={},
            caption=caption,
            language=None,
            programme_item_id=None,
            captured_at=None,
            duration_seconds=None,
            width=None,
            height=None,
            created_at=datetime.now(UTC),
            original=Original(key, stored.size_bytes, "image/jpeg", None, None),
        )


def stored_sizes(run: StepRun, result: StepResult) -> dict[str, bytes]:
    """The public files of a photo, by name."""
    return {r.name: run.runtime.store.read(r.key) for r in result.renditions}


def flag(width: int = 400, height: int = 300) -> Image.Image:
    """Noise with a red corner."""
    image = Image.effect_noise((width, height), 60).convert("RGB")
    image.paste("red", (0, 0, width // 2, height // 2))
    return image
