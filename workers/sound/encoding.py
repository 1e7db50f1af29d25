"""Runs ffmpeg over the sound tracks of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from portal.errors import MediaRefused, ToolFailed
from workers.run import StepRun
from workers.sound.commands import MEASURED_NUMBER, sound_command
from workers.sound.tracks import SoundTrack
from workers.video.probe import Probe
from workers.video.progress import line_reporter
from workers.video.tools import long_limits, run_ffmpeg, source_of

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Encoded:
    """`tracks` lie in the scratch folder; `log` is the end of what ffmpeg said of the first."""

    tracks: tuple[SoundTrack, ...]
    log: str


def encode_tracks(run: StepRun, path: Path, probe: Probe, tracks: Sequence[SoundTrack]) -> Encoded:
    """All tracks from one reading; one by one when that fails.

    ffmpeg gives up on all of them for one that says nothing of its sound. Those that can never be
    decoded are left out; what fails otherwise raises ToolFailed.
    """
    if len(tracks) > 1:
        try:
            return Encoded(tuple(tracks), _encode(run, path, probe, tracks))
        except (ToolFailed, MediaRefused) as error:
            _log.info("tracks are encoded one by one", asset_id=run.asset.id, detail=str(error))
    return _one_by_one(run, path, probe, tracks)


def _one_by_one(run: StepRun, path: Path, probe: Probe, tracks: Sequence[SoundTrack]) -> Encoded:
    logs: dict[SoundTrack, str] = {}
    for track in tracks:
        try:
            logs[track] = _encode(run, path, probe, [track])
        except MediaRefused as error:
            _log.info("a track is left out", asset_id=run.asset.id, detail=str(error))
    of_first = (log for track, log in logs.items() if track.number == MEASURED_NUMBER)
    return Encoded(tuple(logs), next(of_first, ""))


def _encode(run: StepRun, path: Path, probe: Probe, tracks: Sequence[SoundTrack]) -> str:
    return run_ffmpeg(
        run,
        sound_command(source_of(run, path), tracks),
        path,
        limits=long_limits(run),
        on_line=line_reporter(run.report_progress, duration_seconds=probe.duration_seconds),
    )
