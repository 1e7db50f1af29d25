"""The step "storyboard" with real ffmpeg: sheets that show what the recording shows."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from portal.assets.models import RenditionKind, Step
from portal.errors import Interrupted
from portal.runtime import Runtime
from tests import stored_ladder
from tests.media import make_clip
from tests.step_runs import Bench
from workers.run import StepResult, StepRun
from workers.sandbox import Sandbox, detect_level
from workers.stills.storyboard_step import storyboard

pytestmark = pytest.mark.media

CUE = re.compile(r"(\S+) --> (\S+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)\n")


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


def run_with(
    bench: Bench,
    tmp_path: Path,
    *,
    lavfi: str,
    sizes: Sequence[tuple[int, int]] = ((640, 360), (426, 240)),
) -> StepRun:
    """A run whose asset has rungs of these sizes of what the source shows."""
    source = make_clip(tmp_path / "clip.mp4", seconds=1)
    run = bench.run_of(source, Step.STORYBOARD)
    rungs = [stored_ladder.picture(run, lavfi=lavfi, size=size) for size in sizes]
    return replace(run, asset=replace(run.asset, renditions=tuple(rungs)))


def pictures(bench: Bench, result: StepResult) -> list[Image.Image]:
    """What the cues point at, one after the other."""
    content = {made.name: bench.runtime.store.read(made.key) for made in result.renditions}
    sheets = {
        name: Image.open(io.BytesIO(data)).convert("RGB")
        for name, data in content.items()
        if name.endswith(".jpg")
    }
    return [
        sheets[sheet].crop((int(left), int(top), int(left) + int(width), int(top) + int(height)))
        for _, _, sheet, left, top, width, height in CUE.findall(content["storyboard.vtt"].decode())
    ]


def test_each_picture_shows_its_moment(bench: Bench, tmp_path: Path) -> None:
    """The source is as bright as it is old: 4 of 255 in a second."""
    lavfi = "color=black:s=16x16:r=10:d=50,geq=lum='16+4*T':cb=128:cr=128"
    result = storyboard(run_with(bench, tmp_path, lavfi=lavfi))
    assert [(made.name, made.kind, made.media_type) for made in result.renditions] == [
        ("storyboard-01.jpg", RenditionKind.IMAGE, "image/jpeg"),
        ("storyboard.vtt", RenditionKind.FILE, "text/vtt"),
    ]
    found = pictures(bench, result)
    assert len(found) == 25
    assert {picture.size for picture in found} == {(160, 90)}
    for number, picture in enumerate(found):
        shown = picture.convert("L").getpixel((80, 45))
        assert shown == pytest.approx(4 * 2 * number * 255 / 219, abs=4)


def test_a_long_recording_is_read_in_parts(bench: Bench, tmp_path: Path) -> None:
    lavfi = "testsrc2=s=64x36:r=1:d=1700"
    run = run_with(bench, tmp_path, lavfi=lavfi, sizes=[(160, 90)])
    result = storyboard(run)
    sheets = [made for made in result.renditions if made.kind is RenditionKind.IMAGE]
    assert len(sheets) == 4
    assert {(made.width, made.height) for made in sheets} == {(1600, 900)}
    assert len(pictures(bench, result)) == 340


def test_sheets_hold_no_metadata(bench: Bench, tmp_path: Path) -> None:
    result = storyboard(run_with(bench, tmp_path, lavfi="testsrc2=s=320x180:r=25:d=4"))
    content = bench.runtime.store.read(result.renditions[0].key)
    with Image.open(io.BytesIO(content)) as image:
        assert not {"exif", "comment", "icc_profile"} & set(image.info)
        assert image.size == (result.renditions[0].width, result.renditions[0].height)


def test_a_stop_ends_it(bench: Bench, tmp_path: Path) -> None:
    run = run_with(bench, tmp_path, lavfi="testsrc2=s=320x180:r=25:d=4")
    bench.stop.set()
    with pytest.raises(Interrupted):
        storyboard(run)


def test_a_recording_without_rungs_has_none(bench: Bench, tmp_path: Path) -> None:
    run = bench.run_of(make_clip(tmp_path / "clip.wav", seconds=1, picture=False), Step.STORYBOARD)
    assert storyboard(run).renditions == ()
