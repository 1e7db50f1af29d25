"""Recordings brought in for real: every step, from the file that was put in to what plays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from portal.assets.models import Asset, AssetState, Kind, Outcome, RenditionKind, Step
from portal.assets.pipeline import asset_state
from portal.assets.reading import outcomes_of
from portal.recordings import service as recordings
from portal.runtime import Runtime
from tests.media import make_clip, run_ffmpeg
from tests.step_runs import Bench, decode_all
from tests.stored_files import (
    QueuedJob,
    asset_of,
    forget_jobs,
    make_event,
    queued_jobs,
    store,
)
from workers.chunk_runner import ChunkRunner
from workers.registry import CHUNK_HANDLERS, STEP_HANDLERS, job_handlers
from workers.runner import StepRunner
from workers.sandbox import Sandbox, detect_level

pytestmark = [pytest.mark.media, pytest.mark.postgres]


def mp3_with_cover(folder: Path) -> Path:
    cover, plain, source = folder / "cover.png", folder / "plain.mp3", folder / "clip.mp3"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=200x200", "-frames:v", "1", str(cover))
    make_clip(plain, seconds=5, picture=False)
    both = ("-map", "0", "-map", "1", "-c", "copy", "-id3v2_version", "3")
    run_ffmpeg("-i", str(plain), "-i", str(cover), *both, str(source))
    return source


def wav(folder: Path) -> Path:
    return make_clip(folder / "clip.wav", seconds=5, picture=False)


def m4a(folder: Path) -> Path:
    return make_clip(folder / "clip.m4a", seconds=5, picture=False)


def brought_in(runtime: Runtime, source: Path) -> Asset:
    """The asset after every job that it brought about has run."""
    asset_id = store(runtime, make_event(runtime), source.name, source.read_bytes())
    sandbox = Sandbox(detect_level())
    handlers = job_handlers(
        StepRunner(runtime, sandbox, STEP_HANDLERS), ChunkRunner(runtime, sandbox, CHUNK_HANDLERS)
    )
    while jobs := taken_jobs(runtime):
        for job in jobs:
            handlers[job.task](job.subject_id)
    return asset_of(runtime, asset_id)


def taken_jobs(runtime: Runtime) -> list[QueuedJob]:
    with runtime.engine.begin() as connection:
        jobs = queued_jobs(connection)
        forget_jobs(connection)
    assert not any(job.has_pause for job in jobs)  # nothing is tried again
    return jobs


@pytest.mark.parametrize("make", [mp3_with_cover, wav, m4a])
def test_it_is_ready_and_plays(
    runtime: Runtime, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    asset = brought_in(runtime, make(tmp_path))
    assert asset.kind is Kind.AUDIO
    assert {record.name: record.detail for record in asset.steps if record.detail} == {}
    assert asset_state(asset.kind, outcomes_of(asset)) is AssetState.READY
    assert {made.name for made in asset.renditions if made.kind is not RenditionKind.PREVIEW} == {
        "sound-1",
        "sound.m4a",
        "waveform.json",
        "waveform.png",
    }
    playable = [made for made in asset.renditions if made.kind is RenditionKind.AUDIO]
    decode_all(Bench(runtime, Sandbox(detect_level()), tmp_path).download(playable))
    with runtime.engine.connect() as connection:
        recording = recordings.recording_of(connection, asset.id)
    assert recording.loudness_lufs == pytest.approx(-21.8, abs=0.5)
    assert recording.true_peak_dbtp == pytest.approx(-18, abs=4)


def test_a_picture_brings_poster_storyboard_and_files(runtime: Runtime, tmp_path: Path) -> None:
    asset = brought_in(runtime, make_clip(tmp_path / "clip.mp4", seconds=6, size="640x360"))
    assert asset_state(asset.kind, outcomes_of(asset)) is AssetState.READY
    assert outcomes_of(asset)[Step.DOWNLOAD] is Outcome.DONE
    assert {"poster.jpg", "storyboard-01.jpg", "storyboard.vtt", "sound-1"} <= {
        made.name for made in asset.renditions
    }
    assert {"video.mp4", "sound.m4a"} <= {made.name for made in asset.renditions}
