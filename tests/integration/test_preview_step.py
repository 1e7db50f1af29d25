"""The preview: the first seconds, or nothing, but never an error of the recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from portal.assets.models import Kind, Outcome, Rendition, RenditionKind, Step
from portal.errors import Interrupted
from portal.runtime import Runtime
from tests.media import ffprobe, make_clip, run_ffmpeg, truncate
from tests.step_runs import Bench, decode_all
from workers.run import StepResult
from workers.sandbox import Sandbox, detect_level
from workers.video.preview import preview

pytestmark = pytest.mark.media

FULL_COLOUR = ("-c:v", "libx264", "-pix_fmt", "yuv444p")
"""No compliant picture."""


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


def made(bench: Bench, source: Path) -> Rendition:
    result = preview(bench.run_of(source, Step.PREVIEW))
    assert isinstance(result, StepResult)
    [rendition] = result.renditions
    assert (rendition.name, rendition.kind) == ("preview", RenditionKind.PREVIEW)
    decode_all(bench.download([rendition]))
    return rendition


def test_the_first_seconds_in_the_smallest_rung(bench: Bench, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=12, size="640x480", options=FULL_COLOUR)
    rendition = made(bench, clip)
    assert (rendition.width, rendition.height) == (320, 240)
    assert rendition.segment_seconds == (2.0, 2.0, 2.0, 2.0)
    assert [early.segment_seconds for early in bench.seen.early] == [(2.0,), (2.0,) * 4]
    assert rendition.codecs is not None
    assert rendition.codecs.startswith("avc1.64")
    assert rendition.codecs.endswith(",mp4a.40.2")


def test_a_compliant_picture_is_shown_as_it_is(bench: Bench, tmp_path: Path) -> None:
    options = ("-c:v", "libx264", "-profile:v", "high", "-g", "50", "-bf", "2")
    clip = make_clip(tmp_path / "clip.mp4", seconds=12, size="640x480", options=options)
    rendition = made(bench, clip)
    assert (rendition.width, rendition.height) == (640, 480)
    assert sum(rendition.segment_seconds or ()) == pytest.approx(8, abs=0.2)
    playlist = bench.download([rendition]).parent / "preview" / "index.m3u8"
    sizes = ffprobe(playlist, "packet=size", "-select_streams", "v")
    assert sizes[1:100] == ffprobe(clip, "packet=size", "-select_streams", "v")[1:100]


def test_a_recording_without_sound(bench: Bench, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=3, sound=False, options=FULL_COLOUR)
    assert made(bench, clip).segment_seconds == (2.0, 1.0)


def test_sound_alone(bench: Bench, tmp_path: Path) -> None:
    rendition = made(bench, make_clip(tmp_path / "clip.wav", seconds=12, picture=False))
    assert rendition.codecs == "mp4a.40.2"
    assert rendition.width is None
    assert rendition.segment_seconds == pytest.approx((2, 2, 2, 2), abs=0.5)
    assert sum(rendition.segment_seconds or ()) == pytest.approx(8, abs=0.1)


def test_a_late_track_leaves_the_other_one_playing(bench: Bench, tmp_path: Path) -> None:
    make_clip(tmp_path / "picture.mp4", seconds=3, sound=False)
    late = ("-itsoffset", "40", "-i", str(make_clip(tmp_path / "a.wav", seconds=2, picture=False)))
    run_ffmpeg("-i", str(tmp_path / "picture.mp4"), *late, "-c:v", "copy", str(tmp_path / "c.mp4"))
    made(bench, tmp_path / "c.mp4")


@pytest.mark.parametrize(
    "commands",
    [
        "exit 1",
        "exec sleep 60",  # over its time
        "echo Cannot allocate memory >&2; exit 1",
        "echo Invalid data found >&2; exit 1",
        "mkfifo preview.mp4",
        "echo damaged > preview.mp4",
    ],
)
def test_a_recording_does_without_its_preview(bench: Bench, tmp_path: Path, commands: str) -> None:
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text(f"#!/bin/sh\n{commands}\n")
    ffmpeg.chmod(0o755)
    run = bench.run_of(make_clip(tmp_path / "clip.mp4", seconds=2), Step.PREVIEW)
    changes = {"ffmpeg_path": str(ffmpeg), "probe_seconds_max": 3}
    settings = run.runtime.settings.model_copy(update=changes)
    result = preview(replace(run, runtime=replace(run.runtime, settings=settings)))
    assert result == StepResult(outcome=Outcome.DONE)


def test_a_file_that_is_none_has_no_preview(bench: Bench, tmp_path: Path) -> None:
    source = truncate(make_clip(tmp_path / "clip.mp4", seconds=2), ratio=0.5)
    assert preview(bench.run_of(source, Step.PREVIEW)) == StepResult()


def test_a_stop_ends_it(bench: Bench, tmp_path: Path) -> None:
    run = bench.run_of(make_clip(tmp_path / "clip.mp4", seconds=2), Step.PREVIEW, kind=Kind.VIDEO)
    bench.stop.set()
    with pytest.raises(Interrupted):
        preview(run)
