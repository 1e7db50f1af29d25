"""The poster of a recording."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from portal.assets.models import Outcome, RenditionKind, Step
from portal.runtime import Runtime
from tests.media import make_clip, truncate
from tests.step_runs import Bench
from workers.sandbox import Sandbox, detect_level
from workers.video.steps import poster

pytestmark = pytest.mark.media


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


def test_the_poster_is_a_typical_frame_without_metadata(bench: Bench, tmp_path: Path) -> None:
    dark = ("-vf", "drawbox=t=fill:color=black:enable='lt(t,2)'", "-metadata", "title=SECRET")
    source = make_clip(tmp_path / "clip.mp4", seconds=6, size="1600x900", rate="10", options=dark)
    [made] = poster(bench.run_of(source, Step.POSTER)).renditions
    assert (made.name, made.kind, made.width, made.height) == (
        "poster.jpg",
        RenditionKind.IMAGE,
        1280,
        720,
    )
    content = bench.runtime.store.read(made.key)
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    (tmp_path / "poster.jpg").write_bytes(content)
    with Image.open(tmp_path / "poster.jpg") as image:
        assert (image.size, image.format) == ((1280, 720), "JPEG")
        assert not {"exif", "comment", "icc_profile"} & set(image.info)
        brightest = image.convert("L").getextrema()[1]
    assert brightest == pytest.approx(255, abs=40)


def test_the_poster_of_a_damaged_recording_is_its_beginning(bench: Bench, tmp_path: Path) -> None:
    fast_start = ("-movflags", "+faststart")
    source = make_clip(
        tmp_path / "clip.mp4", seconds=60, size="160x120", rate="5", options=fast_start
    )
    run = bench.run_of(truncate(source, ratio=0.14), Step.POSTER)
    assert [made.name for made in poster(run).renditions] == ["poster.jpg"]


def test_sound_alone_has_no_poster(bench: Bench, tmp_path: Path) -> None:
    run = bench.run_of(make_clip(tmp_path / "clip.wav", seconds=1, picture=False), Step.POSTER)
    result = poster(run)
    assert result.renditions == ()
    assert result.outcome is Outcome.DONE
