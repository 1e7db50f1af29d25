"""Makes one chunk of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from portal.errors import NotSplittable
from workers.disk import blaming_full_disk
from workers.hls.fragments import FragmentedFile
from workers.hls.renditions import Numbering, place_of, store_piece
from workers.originals import original_file
from workers.run import ChunkRun
from workers.video.commands import chunk_command, copy_command, scratch_file
from workers.video.joining import Part, result_of
from workers.video.ladder import Rung
from workers.video.plan import ChunkPlan, Work
from workers.video.probe import VideoStream
from workers.video.progress import line_reporter
from workers.video.tools import long_limits, probe_file, run_ffmpeg, source_of


def encode_chunk(run: ChunkRun) -> Mapping[str, object]:
    """Make the chunk's frames for its rungs and store them.

    Raises NotSplittable when other frames came out than were planned.
    """
    plan = ChunkPlan.from_json(run.plan)
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    with blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min):
        with original_file(run) as (_, path):
            _make(run, plan, path)
        return result_of([_stored(run, plan, rung) for rung in plan.rungs])


def _make(run: ChunkRun, plan: ChunkPlan, path: Path) -> None:
    video = probe_file(run, path).video
    if video is None:
        raise NotSplittable(f"{run.asset.filename} has no picture any more.")
    seconds = float(plan.frame_count * plan.rhythm.frame_seconds)
    run_ffmpeg(
        run,
        _command(run, plan, path, video),
        path,
        limits=long_limits(run),
        on_line=line_reporter(run.report_progress, duration_seconds=seconds),
    )


def _command(run: ChunkRun, plan: ChunkPlan, path: Path, video: VideoStream) -> Sequence[str]:
    source = source_of(run, path)
    match plan.work:
        case Work.COPY:
            return copy_command(source, video, plan.rungs[0], timescale=plan.rhythm.timescale)
        case Work.ENCODE:
            return chunk_command(source, video, plan)


def _stored(run: ChunkRun, plan: ChunkPlan, rung: Rung) -> Part:
    numbering = Numbering(
        first_segment=plan.first_segment,
        first_fragment=plan.first_fragment,
        later_by=plan.later_by,
        tries=run.tries,
    )
    starts = partial(planned_starts, plan=plan)
    file = scratch_file(rung.name)
    piece = store_piece(place_of(run), file, rung.name, starts=starts, numbering=numbering)
    if piece is None:
        raise _differs()
    rate = round(float(plan.rhythm.rate), 3)
    return Part(rung=rung, frame_rate=rate, first_frame=plan.first_frame, piece=piece)


def planned_starts(file: FragmentedFile, *, plan: ChunkPlan) -> Sequence[int]:
    """Where segments begin. Raises NotSplittable unless every frame and key frame is in place."""
    rhythm = plan.rhythm
    planned = [frame * rhythm.frame_ticks for frame in plan.key_frames]
    made = [fragment.leading.starts_at for fragment in file.fragments]
    length = plan.frame_count * rhythm.frame_seconds
    timescale = file.tracks[0].timescale
    if (timescale, file.sample_count, made) != (rhythm.timescale, plan.frame_count, planned):
        raise _differs()
    if file.ends_at_seconds != length:
        raise _differs()
    return plan.segment_starts


def _differs() -> NotSplittable:
    return NotSplittable("A chunk does not hold the frames that were planned.")
