"""The step handlers of recordings: probe, transcode, poster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import structlog
from sqlalchemy import Connection

from portal.assets import service
from portal.assets.models import Kind, Outcome, Rendition, RenditionKind
from portal.errors import Interrupted, MediaRefused, ProcessingError, Superseded, ToolFailed
from workers.disk import blaming_full_disk
from workers.run import StepResult, StepRun
from workers.video.commands import (
    AUDIO,
    POSTER,
    PREVIEW,
    ladder_command,
    poster_command,
    poster_size,
    preview_command,
)
from workers.video.damage import damage_sentence
from workers.video.delays import delay_notes, has_delay_left_out
from workers.video.ladder import Rung, ladder, preview_rung, shown_frame_rate
from workers.video.probe import Probe
from workers.video.progress import line_reporter
from workers.video.renditions import Shape, store_hls, store_image
from workers.video.tools import long_limits, probe_file, run_ffmpeg, short_limits, source_of

POSTER_AT_RATIO = 0.1

_log = structlog.get_logger(__name__)


def probe(run: StepRun) -> StepResult:
    """Learn what the recording is; a "video" without a picture is corrected to audio."""
    with _original(run) as path:
        found = probe_file(run, path)
    picture = found.video

    def apply(connection: Connection) -> None:
        service.record_probe(
            connection,
            run.asset.id,
            kind=Kind.VIDEO if picture else Kind.AUDIO,
            duration_seconds=found.duration_seconds,
            width=picture.width if picture else None,
            height=picture.height if picture else None,
            captured_at=found.captured_at,
        )

    return StepResult(apply=apply)


def transcode(run: StepRun) -> StepResult:
    """Make the preview and show it, then every rung and the sound from one decode."""
    with _blaming_full_disk(run):
        return _transcode(run)


def _transcode(run: StepRun) -> StepResult:
    with _original(run) as path:
        found = probe_file(run, path)
        rungs = ladder(found.video) if found.video else ()
        if rungs:
            _publish_preview(run, path, found, rungs)
        _make_folders(run.scratch, [*(rung.name for rung in rungs), AUDIO])
        run_ffmpeg(
            run,
            ladder_command(source_of(run, path), found, rungs),
            path,
            limits=long_limits(run),
            on_line=line_reporter(run.report_progress, duration_seconds=found.duration_seconds),
        )
    renditions = _store_ladder(run, found, rungs)
    if not renditions:
        raise MediaRefused(f"{run.asset.filename} holds no picture or sound that can be decoded.")
    return _judge(run, found, renditions)


def poster(run: StepRun) -> StepResult:
    """A typical frame near the beginning, as JPEG."""
    with _blaming_full_disk(run):
        return _poster(run)


def _poster(run: StepRun) -> StepResult:
    with _original(run) as path:
        found = probe_file(run, path)
        if found.video is None:
            return StepResult(notes=("There is no picture to make a poster of.",))
        # A damaged file may hold nothing at that place: then its beginning must do.
        begins_seconds = found.video.delay_seconds
        usual_seconds = max(begins_seconds, POSTER_AT_RATIO * (found.duration_seconds or 0.0))
        for at_seconds in (usual_seconds, max(0.0, begins_seconds - 1)):
            argv = poster_command(source_of(run, path), found.video, at_seconds=at_seconds)
            run_ffmpeg(run, argv, path, limits=short_limits(run))
            if (run.scratch / POSTER).exists():
                width, height = poster_size(found.video)
                return StepResult(
                    renditions=(store_image(run, POSTER, width=width, height=height),)
                )
    raise MediaRefused(f"No frame of {run.asset.filename} could be decoded for its poster.")


def _blaming_full_disk(run: StepRun) -> AbstractContextManager[None]:
    return blaming_full_disk(run.scratch, free_bytes_min=run.runtime.settings.disk_free_bytes_min)


@contextmanager
def _original(run: StepRun) -> Iterator[Path]:
    if run.asset.original is None:
        raise MediaRefused(f"The original of {run.asset.filename} is not there.")
    with run.runtime.store.local_copy(run.asset.original.key) as path:
        yield path


def _publish_preview(run: StepRun, path: Path, found: Probe, rungs: tuple[Rung, ...]) -> None:
    try:
        preview = _make_preview(run, path, found, preview_rung(rungs))
    except (Interrupted, Superseded):
        raise
    except ProcessingError as error:
        # Only a courtesy: the whole may still succeed, and else it says better what is wrong.
        _log.info("no preview", asset_id=run.asset.id, detail=str(error))
        return
    if preview is not None:
        run.publish_early([preview])


def _make_preview(run: StepRun, path: Path, found: Probe, rung: Rung) -> Rendition | None:
    _make_folders(run.scratch, [PREVIEW])
    argv = preview_command(source_of(run, path), found, rung)
    run_ffmpeg(run, argv, path, limits=short_limits(run))
    return store_hls(run, PREVIEW, _picture_shape(found, rung, kind=RenditionKind.PREVIEW))


def _store_ladder(run: StepRun, found: Probe, rungs: Sequence[Rung]) -> tuple[Rendition, ...]:
    shapes = {r.name: _picture_shape(found, r, kind=RenditionKind.VIDEO) for r in rungs}
    if found.audio is not None:
        shapes[AUDIO] = Shape(kind=RenditionKind.AUDIO, language=found.audio.language)
    stored = (store_hls(run, name, shape) for name, shape in shapes.items())
    return tuple(rendition for rendition in stored if rendition is not None)


def _judge(run: StepRun, found: Probe, renditions: tuple[Rendition, ...]) -> StepResult:
    video_seconds = _made_seconds(renditions, RenditionKind.VIDEO)
    audio_seconds = _made_seconds(renditions, RenditionKind.AUDIO)
    detail = damage_sentence(found, video_seconds=video_seconds, audio_seconds=audio_seconds)
    measured_seconds = max(video_seconds or 0.0, audio_seconds or 0.0)

    def record_measured(connection: Connection) -> None:
        service.record_duration(connection, run.asset.id, measured_seconds)

    is_measured = found.stated_duration_seconds is None or has_delay_left_out(found)
    return StepResult(
        outcome=Outcome.PARTIAL if detail else Outcome.DONE,
        detail=detail,
        notes=delay_notes(found),
        renditions=renditions,
        apply=record_measured if is_measured else None,
    )


def _made_seconds(renditions: Sequence[Rendition], kind: RenditionKind) -> float | None:
    made = [sum(r.segment_seconds or ()) for r in renditions if r.kind is kind]
    return max(made, default=None)


def _picture_shape(found: Probe, rung: Rung, *, kind: RenditionKind) -> Shape:
    return Shape(
        kind=kind,
        width=rung.width,
        height=rung.height,
        frame_rate=shown_frame_rate(found.video) if found.video else None,
    )


def _make_folders(scratch: Path, names: Sequence[str]) -> None:
    for name in names:
        try:
            (scratch / name).mkdir()
        except FileExistsError as error:  # no run that is in order makes another one's folder
            raise ToolFailed(f"ffmpeg left something named {name} that it should not.") from error
