"""The step "transcode": the picture of a recording in every size, as chunks or in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from portal.assets import service as assets
from portal.assets.models import Outcome, Rendition, RenditionKind
from portal.errors import MediaRefused, ToolFailed
from workers.disk import blaming_full_disk
from workers.hls.pieces import Piece, Shape, rendition_of
from workers.hls.renditions import place_of, store_piece
from workers.hls.segments import starts_by_time
from workers.originals import original_file
from workers.run import StepResult, StepRun, StepSplit
from workers.video.commands import scratch_file, whole_command
from workers.video.damage import lost_pictures, missing_pictures, picture_damage
from workers.video.delays import delay_notes, has_delay_left_out
from workers.video.ladder import Rung, is_rate_capped, ladder, shown_frame_rate
from workers.video.plan import PACKET_IS_PICTURE, SEGMENT_SECONDS, ChunkPlan, chunk_plans
from workers.video.probe import Probe, VideoStream
from workers.video.progress import line_reporter
from workers.video.scan import Scan
from workers.video.tools import long_limits, probe_file, run_ffmpeg, scan_file, source_of

ONE_THREAD_SECONDS_MAX = 16
"""What is made in one piece and is not longer gets one thread for each encoder, and so the same
bytes every time; what is longer would keep people waiting."""


@dataclass(frozen=True)
class _Whole:
    """A rung that was made in one piece."""

    rung: Rung
    piece: Piece


def transcode(run: StepRun) -> StepResult | StepSplit:
    """Plan the chunks of the picture, or make it in one piece when it has none."""
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    with (
        blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min),
        original_file(run) as (_, path),
    ):
        found = probe_file(run, path)
        if found.video is None:
            return StepResult(notes=("There is no picture.",))
        scan = scan_file(run, path, found.video, may_jump=found.is_stream)
        plans = _plans(run, found, scan)
        if plans:
            return StepSplit(tuple(plan.to_json() for plan in plans))
        return _whole(run, path, found, found.video, scan)


def _plans(run: StepRun, found: Probe, scan: Scan | None) -> tuple[ChunkPlan, ...]:
    if not run.may_split:
        return ()
    return chunk_plans(found, scan, short_side_max=run.runtime.settings.max_rung)


def _whole(
    run: StepRun, path: Path, found: Probe, video: VideoStream, scan: Scan | None
) -> StepResult:
    rungs = ladder(video, short_side_max=run.runtime.settings.max_rung)
    try:
        _encode(run, path, video, rungs, seconds=_shown_seconds(found, scan))
        made = _stored(run, rungs)
    except MediaRefused:
        if found.audio is None:
            raise
        made = []
    if made:
        return _judged(run, found, video, made, scan)
    if found.audio is None:
        raise MediaRefused(f"{run.asset.filename} holds no picture that can be decoded.")
    return StepResult(Outcome.PARTIAL, detail="its picture cannot be decoded")


def _encode(
    run: StepRun,
    path: Path,
    video: VideoStream,
    rungs: Sequence[Rung],
    *,
    seconds: float | None,
) -> None:
    is_short = seconds is not None and seconds <= ONE_THREAD_SECONDS_MAX
    run_ffmpeg(
        run,
        whole_command(source_of(run, path), video, rungs, threads=1 if is_short else None),
        path,
        limits=long_limits(run),
        on_line=line_reporter(run.report_progress, duration_seconds=seconds),
    )


def _shown_seconds(found: Probe, scan: Scan | None) -> float | None:
    """How long the picture is: its packets know better than what is said of the file."""
    return found.duration_seconds if scan is None else float(scan.seconds)


def _stored(run: StepRun, rungs: Sequence[Rung]) -> Sequence[_Whole]:
    """Every rung, or none of them: when no picture can be decoded ffmpeg begins no file."""
    if not any(run.scratch.iterdir()):
        return []
    starts = partial(starts_by_time, seconds=SEGMENT_SECONDS)
    place = place_of(run)
    pieces = [
        store_piece(place, scratch_file(rung.name), rung.name, starts=starts) for rung in rungs
    ]
    if len({piece.sample_count if piece else 0 for piece in pieces}) > 1:
        raise ToolFailed("ffmpeg ended well, but its rungs do not hold the same pictures.")
    return [_Whole(rung, piece) for rung, piece in zip(rungs, pieces, strict=True) if piece]


def _judged(
    run: StepRun, found: Probe, video: VideoStream, made: Sequence[_Whole], scan: Scan | None
) -> StepResult:
    piece = made[0].piece
    made_seconds = sum(segment.seconds for segment in piece.segments)
    detail = picture_damage(found, made_seconds) or _lost(found, video, piece, scan)
    picture_alone = replace(found, audio_streams=())
    is_measured = found.stated_duration_seconds is None or has_delay_left_out(picture_alone)

    def record(connection: Connection) -> None:
        assets.record_duration(connection, run.asset.id, made_seconds)

    return StepResult(
        outcome=Outcome.PARTIAL if detail else Outcome.DONE,
        detail=detail,
        notes=delay_notes(picture_alone),
        renditions=tuple(_rendition(run, video, whole) for whole in made),
        apply=record if is_measured else None,
    )


def _lost(found: Probe, video: VideoStream, piece: Piece, scan: Scan | None) -> str | None:
    """Whether pictures within the recording are missing, where packets tell that."""
    if scan is None:
        return None
    # Whole files keep pauses that were meant; a stream has one only where something was lost.
    has_holes = found.is_stream or scan.is_container_broken
    missing = missing_pictures(scan.gaps) if has_holes else None
    if missing or video.codec not in PACKET_IS_PICTURE or is_rate_capped(video):
        return missing
    return lost_pictures(made=piece.sample_count, expected=scan.frame_count)


def _rendition(run: StepRun, video: VideoStream, whole: _Whole) -> Rendition:
    rung = whole.rung
    shape = Shape(
        name=rung.name,
        kind=RenditionKind.VIDEO,
        width=rung.width,
        height=rung.height,
        frame_rate=shown_frame_rate(video),
    )
    return rendition_of(
        [whole.piece], shape, asset_id=run.asset.id, step=run.step, attempt=run.attempt
    )
