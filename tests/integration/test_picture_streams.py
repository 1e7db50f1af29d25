"""Pictures from containers without an index: clocks that jump, holes, and pauses that are none."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from portal.assets.models import Outcome, Rendition, Step
from portal.runtime import Runtime
from tests.media import make_clip
from tests.picture_runs import make_numbered, read_numbers
from tests.step_runs import Bench, decode_all, frame_times
from workers.run import StepResult
from workers.sandbox import Sandbox, detect_level
from workers.video.transcode import transcode

pytestmark = pytest.mark.media

FAST = ("-c:v", "libx264", "-preset", "ultrafast")


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


def seconds(rendition: Rendition) -> float:
    return sum(rendition.segment_seconds or ())


def first_playlist(bench: Bench, result: StepResult) -> Path:
    rendition = result.renditions[0]
    return bench.download([rendition]).parent / rendition.name / "index.m3u8"


@pytest.mark.parametrize("name", ["clip.ts", "clip.flv", "clip.avi"])
def test_containers_without_an_index_are_made_whole(
    bench: Bench, tmp_path: Path, name: str
) -> None:
    options = (*FAST, "-bf", "0" if name == "clip.avi" else "2")
    source = make_numbered(tmp_path / name, frames=225, rate="25", options=options)
    result = transcode(bench.run_of(source, Step.TRANSCODE))
    assert isinstance(result, StepResult)
    assert result.detail is None
    assert read_numbers(first_playlist(bench, result)) == list(range(225))


@pytest.mark.parametrize("offset_seconds", [50_000, 0])
def test_times_that_jump_in_a_stream_do_no_harm(
    bench: Bench, tmp_path: Path, offset_seconds: int
) -> None:
    """A transport stream whose clock begins anew, as when two are glued together."""
    parts = [
        make_clip(tmp_path / f"{seconds}.ts", seconds=4, options=later_by(seconds))
        for seconds in (100, offset_seconds)
    ]
    source = tmp_path / "clip.ts"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    result = transcode(bench.run_of(source, Step.TRANSCODE))
    assert isinstance(result, StepResult)
    assert (result.outcome, result.detail) == (Outcome.DONE, None)
    assert [seconds(made) for made in result.renditions] == [pytest.approx(8, abs=0.1)] * 2
    decode_all(bench.download(result.renditions))
    times = frame_times(first_playlist(bench, result))
    assert all(0 < later - earlier < 0.2 for earlier, later in pairwise(times))


def later_by(seconds: int) -> tuple[str, ...]:
    return (*FAST, "-output_ts_offset", str(seconds))


@pytest.mark.parametrize("lost_frames", [50, 300])
def test_a_hole_in_a_stream_is_told(bench: Bench, tmp_path: Path, lost_frames: int) -> None:
    """Of 2 s, which stays open, and of 12 s, which ffmpeg closes up."""
    kept = f"select='not(between(n,75,{75 + lost_frames - 1}))'"
    options = ("-vf", kept, "-fps_mode", "passthrough", *FAST)
    seconds_of_all = 6 + lost_frames / 25
    source = make_clip(
        tmp_path / "clip.ts", seconds=seconds_of_all, sound=False, options=(*options, "-bf", "0")
    )
    result = transcode(bench.run_of(source, Step.TRANSCODE))
    assert isinstance(result, StepResult)
    lost = f"00:{lost_frames // 25:02d}"
    assert result.outcome is Outcome.PARTIAL
    assert result.detail == f"about {lost} of its picture are missing after 00:03"


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts"])
def test_slides_are_not_damaged(bench: Bench, tmp_path: Path, name: str) -> None:
    """A picture each minute: pauses are no holes."""
    source = make_clip(
        tmp_path / name,
        seconds=240,
        rate="1/60",
        sound=False,
        options=(*FAST, "-bf", "0"),
    )
    result = transcode(replace(bench.run_of(source, Step.TRANSCODE), may_split=False))
    assert isinstance(result, StepResult)
    assert (result.outcome, result.detail) == (Outcome.DONE, None)


def test_a_hole_in_matroska_is_told(bench: Bench, tmp_path: Path) -> None:
    """A pause alone would be none: here bytes are lost, too."""
    source = make_clip(
        tmp_path / "clip.mkv", seconds=6, sound=False, options=(*FAST, "-g", "25", "-bf", "0")
    )
    data = bytearray(source.read_bytes())
    data[len(data) // 3 : len(data) * 2 // 3] = bytes(len(data) * 2 // 3 - len(data) // 3)
    source.write_bytes(data)
    result = transcode(bench.run_of(source, Step.TRANSCODE))
    assert isinstance(result, StepResult)
    assert result.outcome is Outcome.PARTIAL
    assert "of its picture are missing after 00:0" in (result.detail or "")
