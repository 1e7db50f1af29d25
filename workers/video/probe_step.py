"""The step "probe": what a recording is."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from portal.assets import service as assets
from portal.assets.models import Kind, Outcome
from portal.recordings import service as recordings
from workers.originals import original_file
from workers.run import StepResult, StepRun
from workers.video.facts import facts_of
from workers.video.probe import Probe
from workers.video.tools import probe_file, scan_file

CREDIBLE_BPS_MIN = 1_000_000
"""Of a picture in a transport stream. With fewer bits its clock has probably jumped: then its
packets are read, which takes seconds, for it is small."""


def probe(run: StepRun) -> StepResult:
    """Learn what the recording is; a "video" without a picture is corrected to audio."""
    with original_file(run) as (_, path):
        found = probe_file(run, path)
        duration_seconds = _duration_seconds(run, path, found)
    picture = found.video

    def apply(connection: Connection) -> None:
        assets.record_probe(
            connection,
            run.asset.id,
            kind=Kind.VIDEO if picture else Kind.AUDIO,
            duration_seconds=duration_seconds,
            width=picture.width if picture else None,
            height=picture.height if picture else None,
            captured_at=found.captured_at,
        )
        recordings.record_facts(connection, run.asset.id, facts_of(found))

    if picture is None and found.has_unreadable_picture:
        return StepResult(Outcome.PARTIAL, detail="its picture cannot be decoded", apply=apply)
    return StepResult(apply=apply)


def _duration_seconds(run: StepRun, path: Path, found: Probe) -> float | None:
    """Of what the file claims, or of its packets where the claim is beyond belief."""
    claimed_seconds = found.duration_seconds
    if claimed_seconds is None or found.video is None or not found.is_stream:
        return claimed_seconds
    if 8 * path.stat().st_size >= CREDIBLE_BPS_MIN * claimed_seconds:
        return claimed_seconds
    scan = scan_file(run, path, found.video, may_jump=True)
    return claimed_seconds if scan is None else float(scan.seconds)
