"""The step handlers of recordings: probe, poster."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sqlalchemy import Connection

from portal.assets import service
from portal.assets.models import Kind
from portal.errors import MediaRefused
from portal.recordings import service as recordings
from workers.disk import blaming_full_disk
from workers.originals import original_file
from workers.run import StepResult, StepRun
from workers.video.commands import POSTER, poster_command, poster_size
from workers.video.facts import facts_of
from workers.video.renditions import store_image
from workers.video.tools import probe_file, run_ffmpeg, short_limits, source_of

POSTER_AT_RATIO = 0.1


def probe(run: StepRun) -> StepResult:
    """Learn what the recording is; a "video" without a picture is corrected to audio."""
    with original_file(run) as (_, path):
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
        recordings.record_facts(connection, run.asset.id, facts_of(found))

    return StepResult(apply=apply)


def poster(run: StepRun) -> StepResult:
    """A typical frame near the beginning, as JPEG."""
    with _blaming_full_disk(run):
        return _poster(run)


def _poster(run: StepRun) -> StepResult:
    with original_file(run) as (_, path):
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
