"""The step "preview": the first seconds, playable while all the rest is being made."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

import structlog

from portal.assets.models import Rendition, RenditionKind
from portal.errors import LimitExceeded, MediaRefused, ToolFailed
from workers.disk import blaming_full_disk
from workers.hls.pieces import Shape
from workers.hls.renditions import place_of, store_hls
from workers.hls.segments import starts_by_time
from workers.originals import original_file
from workers.run import StepResult, StepRun
from workers.video.commands import PREVIEW, PREVIEW_SECONDS, preview_command, scratch_file
from workers.video.compliance import GROUP_SECONDS_MAX, is_compliant, may_comply
from workers.video.ladder import Rung, ladder, preview_rung, shown_frame_rate
from workers.video.probe import Probe
from workers.video.tools import probe_file, run_ffmpeg, scan_file, short_limits, source_of

SEGMENT_SECONDS = Fraction(2)
"""Short: the first segment is all that a player waits for."""

_log = structlog.get_logger(__name__)


def preview(run: StepRun) -> StepResult:
    """The first seconds in the smallest rung, or in the recording's own picture.

    Only a courtesy: what is wrong with a recording is said by the steps that make the whole.
    """
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    with blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min):
        try:
            made = _made(run)
        except (ToolFailed, MediaRefused, LimitExceeded) as error:
            _log.info("no preview", asset_id=run.asset.id, detail=str(error))
            made = None
    return StepResult(renditions=() if made is None else (made,))


def _made(run: StepRun) -> Rendition | None:
    with original_file(run) as (_, path):
        found = probe_file(run, path)
        is_copied = _is_copied(run, path, found)
        rung = _rung(run, found, is_copied=is_copied)
        argv = preview_command(source_of(run, path), found, rung, is_copied=is_copied)
        run_ffmpeg(run, argv, path, limits=short_limits(run))
    starts = partial(starts_by_time, seconds=SEGMENT_SECONDS)
    return store_hls(place_of(run), scratch_file(PREVIEW), _shape(found, rung), starts=starts)


def _is_copied(run: StepRun, path: Path, found: Probe) -> bool:
    short_side_max = run.runtime.settings.max_rung
    if found.video is None or not may_comply(found, short_side_max=short_side_max):
        return False
    scan = scan_file(run, path, found.video, first_seconds=max(PREVIEW_SECONDS, GROUP_SECONDS_MAX))
    return scan is not None and is_compliant(found, scan, short_side_max=short_side_max)


def _rung(run: StepRun, found: Probe, *, is_copied: bool) -> Rung | None:
    if found.video is None:
        return None
    rungs = ladder(found.video, short_side_max=run.runtime.settings.max_rung)
    return rungs[0] if is_copied else preview_rung(rungs)


def _shape(found: Probe, rung: Rung | None) -> Shape:
    return Shape(
        name=PREVIEW,
        kind=RenditionKind.PREVIEW,
        width=rung.width if rung else None,
        height=rung.height if rung else None,
        frame_rate=shown_frame_rate(found.video) if found.video else None,
    )
