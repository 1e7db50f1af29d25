"""The step "preview": the first seconds, playable while all the rest is being made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
from workers.video.commands import PREVIEW, preview_command, scratch_file
from workers.video.compliance import GROUP_SECONDS_MAX, is_compliant, may_comply
from workers.video.ladder import Rung, ladder, preview_rung, shown_frame_rate
from workers.video.probe import Probe
from workers.video.tools import probe_file, run_ffmpeg, scan_file, short_limits, source_of

SECONDS = 8
FIRST_SECONDS = 2
"""Shown before the others are made: a large picture takes as long to decode as it plays."""
SEGMENT_SECONDS = Fraction(2)
"""Short: the first segment is all that a player waits for."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Subject:
    """The recording, and the rung that is made of it, if it has a picture."""

    path: Path
    probe: Probe
    rung: Rung | None
    is_copied: bool


def preview(run: StepRun) -> StepResult:
    """The first seconds in the smallest rung, or in the recording's own picture.

    Only a courtesy: what is wrong with a recording is said by the steps that make the whole.
    """
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    made: list[Rendition] = []
    with blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min):
        try:
            for rendition in _growing(run):
                run.publish_early([rendition])
                made = [rendition]
        except (ToolFailed, MediaRefused, LimitExceeded) as error:
            _log.info("no preview", asset_id=run.asset.id, detail=str(error))
    return StepResult(renditions=tuple(made))


def _growing(run: StepRun) -> Iterator[Rendition]:
    """Renditions of one name, each longer than the one before it."""
    with original_file(run) as (_, path):
        subject = _subject(run, path)
        is_slow = subject.rung is not None and not subject.is_copied
        for seconds in (FIRST_SECONDS, SECONDS) if is_slow else (SECONDS,):
            made = _made(run, subject, seconds=seconds)
            if made is not None:
                yield made


def _made(run: StepRun, subject: _Subject, *, seconds: int) -> Rendition | None:
    argv = preview_command(
        source_of(run, subject.path),
        subject.probe,
        subject.rung,
        seconds=seconds,
        is_copied=subject.is_copied,
    )
    run_ffmpeg(run, argv, subject.path, limits=short_limits(run))
    starts = partial(starts_by_time, seconds=SEGMENT_SECONDS)
    shape = _shape(subject.probe, subject.rung)
    return store_hls(place_of(run), scratch_file(PREVIEW), shape, starts=starts)


def _subject(run: StepRun, path: Path) -> _Subject:
    found = probe_file(run, path)
    is_copied = _is_copied(run, path, found)
    return _Subject(path, found, _rung(run, found, is_copied=is_copied), is_copied)


def _is_copied(run: StepRun, path: Path, found: Probe) -> bool:
    short_side_max = run.runtime.settings.max_rung
    if found.video is None or not may_comply(found, short_side_max=short_side_max):
        return False
    scan = scan_file(run, path, found.video, first_seconds=GROUP_SECONDS_MAX)
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
