"""The step "poster": the picture that stands for a recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.assets.models import Rendition
from portal.assets.renditions import POSTER
from portal.errors import MediaRefused
from portal.recordings import service as recordings
from workers.disk import blaming_full_disk
from workers.files import store_jpeg
from workers.originals import original_file
from workers.outputs import output_folder, read_output
from workers.run import StepResult, StepRun
from workers.stills.luma import Luma, read_luma
from workers.stills.poster_commands import (
    exact_frame_command,
    poster_places,
    poster_size,
    typical_frame_command,
)
from workers.video.probe import Probe, VideoStream
from workers.video.tools import probe_file, run_ffmpeg, short_limits, source_of

LUMA_BYTES_MAX = 64 * 1024
CHOSEN_EARLIER_SECONDS = (0.0, 0.5, 2.0)
"""The last frame of a recording begins before its end, and sound may go on without a picture."""


@dataclass(frozen=True)
class Candidate:
    """A JPEG in the scratch folder."""

    file: str
    luma: Luma


def poster(run: StepRun) -> StepResult:
    """The frame that an editor has chosen, else a typical one that is not black.

    Raises MediaRefused when no frame can be decoded.
    """
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    with (
        blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min),
        original_file(run) as (_, path),
    ):
        found = probe_file(run, path)
        if found.video is None:
            return StepResult(notes=("There is no picture to make a poster of.",))
        return _poster(run, path, found, found.video)


def _poster(run: StepRun, path: Path, found: Probe, video: VideoStream) -> StepResult:
    chosen_seconds = _chosen_seconds(run)
    notes: tuple[str, ...] = ()
    if chosen_seconds is not None:
        chosen = _at_chosen_time(run, path, video, at_seconds=chosen_seconds)
        if chosen is not None:
            return StepResult(renditions=(_stored(run, chosen, video),))
        notes = (f"There is no picture at {chosen_seconds:.3f} s; another one was taken.",)
    best = _best(_candidates(run, path, found, video))
    if best is None:
        raise MediaRefused(f"No frame of {run.asset.filename} could be decoded for its poster.")
    return StepResult(renditions=(_stored(run, best, video),), notes=notes)


def _best(candidates: Iterator[Candidate]) -> Candidate | None:
    """The first that is not dull, else the least dull."""
    seen: list[Candidate] = []
    for candidate in candidates:
        if not candidate.luma.is_dull:
            return candidate
        seen.append(candidate)
    return max(seen, key=lambda candidate: candidate.luma.worth, default=None)


def _candidates(run: StepRun, path: Path, found: Probe, video: VideoStream) -> Iterator[Candidate]:
    places = poster_places(found.duration_seconds, begins_seconds=video.delay_seconds)
    for number, at_seconds in enumerate(places, start=1):
        file, luma = f"typical-{number}.jpg", f"typical-{number}.txt"
        argv = typical_frame_command(
            source_of(run, path), video, at_seconds=at_seconds, file=file, luma=luma
        )
        made = _made(run, path, argv, file=file, luma=luma)
        if made is not None:
            yield made


def _at_chosen_time(
    run: StepRun, path: Path, video: VideoStream, *, at_seconds: float
) -> Candidate | None:
    earlier = dict.fromkeys(max(0.0, at_seconds - less) for less in CHOSEN_EARLIER_SECONDS)
    for number, seconds in enumerate(earlier, start=1):
        file, luma = f"chosen-{number}.jpg", f"chosen-{number}.txt"
        argv = exact_frame_command(
            source_of(run, path), video, at_seconds=seconds, file=file, luma=luma
        )
        made = _made(run, path, argv, file=file, luma=luma)
        if made is not None:
            return made
    return None


def _made(run: StepRun, path: Path, argv: list[str], *, file: str, luma: str) -> Candidate | None:
    """None when nothing can be decoded at that place."""
    run_ffmpeg(run, argv, path, limits=short_limits(run))
    if not (run.scratch / file).exists():
        return None
    with output_folder(run.scratch) as folder:
        printed = read_output(luma, within=folder, bytes_max=LUMA_BYTES_MAX)
    measured = read_luma(printed.decode(errors="replace"))
    return None if measured is None else Candidate(file, measured)


def _stored(run: StepRun, candidate: Candidate, video: VideoStream) -> Rendition:
    width, height = poster_size(video)
    return store_jpeg(run, candidate.file, POSTER, width=width, height=height)


def _chosen_seconds(run: StepRun) -> float | None:
    with run.runtime.engine.connect() as connection:
        return recordings.recording_of(connection, run.asset.id).poster_at_seconds
