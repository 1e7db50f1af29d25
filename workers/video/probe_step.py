"""The step "probe": what a recording is."""

from __future__ import annotations

from sqlalchemy import Connection

from portal.assets import service as assets
from portal.assets.models import Kind
from portal.recordings import service as recordings
from workers.originals import original_file
from workers.run import StepResult, StepRun
from workers.video.facts import facts_of
from workers.video.tools import probe_file


def probe(run: StepRun) -> StepResult:
    """Learn what the recording is; a "video" without a picture is corrected to audio."""
    with original_file(run) as (_, path):
        found = probe_file(run, path)
    picture = found.video

    def apply(connection: Connection) -> None:
        assets.record_probe(
            connection,
            run.asset.id,
            kind=Kind.VIDEO if picture else Kind.AUDIO,
            duration_seconds=found.duration_seconds,
            width=picture.width if picture else None,
            height=picture.height if picture else None,
            captured_at=found.captured_at,
        )
        recordings.record_facts(connection, run.asset.id, facts_of(found))

    return StepResult(apply=apply)
