"""Runs ffprobe and ffmpeg for a step: what they may use, and what their failures mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from portal.assets.service import STEP_TASKS
from portal.errors import MediaRefused, ToolFailed
from portal.jobs import LANES, Lane
from workers.disk import require_room
from workers.run import Run
from workers.sandbox import Limits
from workers.video import wav
from workers.video.argv import Source
from workers.video.formats import HEAD_BYTES, is_text_playlist
from workers.video.probe import Probe, VideoStream
from workers.video.probe_reading import probe_command, read_probe
from workers.video.refusals import is_container_broken, is_too_large, refusal
from workers.video.scan import PacketReader, Scan, scan_command

NICENESS = 10
"""An encode then gets a tenth of the time of what competes with it."""


def probe_file(run: Run, path: Path) -> Probe:
    """What ffprobe says of the recording. Raises MediaRefused when it is none."""
    refuse_playlist(path, filename=run.asset.filename)
    settings = run.runtime.settings
    argv = probe_command(settings.ffprobe_path, path, pixels_max=settings.pixels_max)
    try:
        done = run.sandbox.run(argv, inputs=[path], limits=short_limits(run), stop=run.stop)
    except ToolFailed as error:
        raise refusal(error, filename=run.asset.filename) or error from error
    found = read_probe(done.stdout, warnings=done.stderr_tail, now=datetime.now(UTC))
    if found.has_unreadable_picture and is_too_large(done.stderr_tail):
        raise MediaRefused(f"{run.asset.filename} has a picture that is too large.")
    if found.video is None and found.audio is None:
        raise MediaRefused(f"{run.asset.filename} has neither picture nor sound.")
    if found.container != wav.CONTAINER:
        return found
    with path.open("rb") as stream:
        return wav.with_stated_duration(found, stream.read(wav.HEAD_BYTES))


def scan_file(
    run: Run,
    path: Path,
    video: VideoStream,
    *,
    first_seconds: int | None = None,
    may_jump: bool = False,
) -> Scan | None:
    """The times of its pictures, or of those in the first seconds; None when there is none."""
    argv = scan_command(
        run.runtime.settings.ffprobe_path, path, stream=video.index, first_seconds=first_seconds
    )
    rates = (video.nominal_frame_rate, video.average_frame_rate)
    packets = PacketReader(time_base=video.time_base, rates=rates, may_jump=may_jump)
    try:
        done = run.sandbox.run(
            argv, inputs=[path], limits=long_limits(run), stop=run.stop, on_line=packets.take
        )
    except ToolFailed as error:
        raise refusal(error, filename=run.asset.filename) or error from error
    return packets.scan(is_container_broken=is_container_broken(done.stderr_tail))


def run_ffmpeg(
    run: Run,
    argv: Sequence[str],
    path: Path,
    *,
    limits: Limits,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run ffmpeg on the recording at `path`, writing into the scratch folder; the log's end.

    Raises InsufficientStorage before or once it would leave less than the minimum free.
    """
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    require_room(run.scratch, free_bytes_min=free_bytes_min)

    def on_progress(line: str) -> None:
        require_room(run.scratch, free_bytes_min=free_bytes_min)
        run.check_room()
        if on_line is not None:
            on_line(line)

    try:
        done = run.sandbox.run(
            argv,
            inputs=[path],
            output=run.scratch,
            limits=limits,
            stop=run.stop,
            on_line=on_progress,
        )
    except ToolFailed as error:
        raise refusal(error, filename=run.asset.filename) or error from error
    return done.stderr_tail


def refuse_playlist(path: Path, *, filename: str) -> None:
    with path.open("rb") as stream:
        if is_text_playlist(stream.read(HEAD_BYTES)):
            raise MediaRefused(f"{filename} is a text playlist, not a recording.")


def source_of(run: Run, path: Path) -> Source:
    settings = run.runtime.settings
    return Source(ffmpeg=settings.ffmpeg_path, path=path, pixels_max=settings.pixels_max)


def short_limits(run: Run) -> Limits:
    return _limits(run, wall_seconds=run.runtime.settings.probe_seconds_max)


def long_limits(run: Run) -> Limits:
    return _limits(run, wall_seconds=run.runtime.settings.transcode_seconds_max)


def _limits(run: Run, *, wall_seconds: float) -> Limits:
    """What somebody waits for goes before all other work."""
    is_waited_for = LANES[STEP_TASKS[run.step]] is Lane.FIRST
    return Limits(
        wall_seconds=wall_seconds,
        memory_bytes=run.runtime.settings.sandbox_memory_bytes,
        niceness=0 if is_waited_for else NICENESS,
    )
