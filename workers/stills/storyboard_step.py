"""The step "storyboard": small pictures of a whole recording, for those who look for a moment."""

from __future__ import annotations

from portal.assets.models import Asset, Rendition, RenditionKind
from portal.assets.renditions import STORYBOARD
from workers.disk import blaming_full_disk
from workers.files import store_bytes, store_jpeg
from workers.hls.gathering import gather
from workers.run import StepResult, StepRun
from workers.stills.storyboard import (
    Storyboard,
    plan_storyboard,
    segments_shown,
    storyboard_vtt,
)
from workers.stills.storyboard_command import storyboard_command
from workers.video.tools import run_ffmpeg, short_limits, source_of

GATHERED = "gathered.mp4"


def storyboard(run: StepRun) -> StepResult:
    """From the key frames of the smallest rung; only those segments are read that are shown."""
    rung = smallest_rung(run.asset)
    if rung is None or not (rung.segment_seconds and rung.width and rung.height):
        return StepResult(notes=("There is no picture to make a storyboard of.",))
    board = plan_storyboard(
        duration_seconds=sum(rung.segment_seconds), width=rung.width, height=rung.height
    )
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    with blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min):
        places = segments_shown(board, rung.segment_seconds)
        path = gather(run, rung, GATHERED, places=places)
        argv = storyboard_command(source_of(run, path), board)
        run_ffmpeg(run, argv, path, limits=short_limits(run))
        return StepResult(renditions=_stored(run, board))


def smallest_rung(asset: Asset) -> Rendition | None:
    rungs = [made for made in asset.renditions if made.kind is RenditionKind.VIDEO]
    return min(rungs, key=lambda rung: (rung.width or 0) * (rung.height or 0), default=None)


def _stored(run: StepRun, board: Storyboard) -> tuple[Rendition, ...]:
    width, height = board.sheet_size
    sheets = [store_jpeg(run, name, name, width=width, height=height) for name in board.sheets]
    return (*sheets, store_bytes(run, STORYBOARD, storyboard_vtt(board).encode()))
