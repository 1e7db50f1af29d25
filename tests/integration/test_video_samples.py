"""Real recordings that nobody here made, through all three steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.assets.models import Outcome, Step
from portal.runtime import Runtime
from tests.step_runs import Bench, decode_all, frame_times
from workers.sandbox import Sandbox, detect_level
from workers.video.steps import poster, transcode
from workers.video.tools import probe_file

pytestmark = pytest.mark.media


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


@pytest.mark.parametrize(
    ("name", "duration_seconds", "renditions"),
    [
        ("video/car-detection.mp4", 30.2, ["432p", "360p", "240p", "audio"]),
        ("video/bottle-detection.mp4", 39.9, ["360p", "240p"]),
        ("video/help.mkv", 2.0, ["480p", "360p", "240p"]),
        ("video/echo-hereweare.webm", 44.7, ["270p", "144p", "audio"]),
        ("audio/jfk.flac", 11.0, ["audio"]),
    ],
)
def test_every_sample_plays_from_first_to_last_segment(
    bench: Bench, samples: Path, name: str, duration_seconds: float, renditions: list[str]
) -> None:
    run = bench.run_of(samples / name, Step.TRANSCODE)
    found = probe_file(run, samples / name)
    assert found.duration_seconds == pytest.approx(duration_seconds, abs=0.3)
    result = transcode(run)
    assert (result.outcome, result.detail) == (Outcome.DONE, None)
    assert [rendition.name for rendition in result.renditions] == renditions
    made_seconds = [sum(rendition.segment_seconds or ()) for rendition in result.renditions]
    assert max(made_seconds) == pytest.approx(duration_seconds, abs=0.3)
    assert min(made_seconds) == pytest.approx(duration_seconds, abs=0.6)  # tracks differ a little
    master = bench.download(result.renditions)
    decode_all(master)
    key_frames = {
        tuple(frame_times(master.parent / rung / "index.m3u8", only_key_frames=True))
        for rung in renditions
        if rung != "audio"
    }
    assert len(key_frames) == (1 if found.video else 0)


@pytest.mark.parametrize("name", ["car-detection.mp4", "bottle-detection.mp4", "please.mkv"])
def test_every_sample_gets_a_poster(bench: Bench, samples: Path, name: str) -> None:
    [made] = poster(bench.run_of(samples / "video" / name, Step.POSTER)).renditions
    assert bench.runtime.store.read(made.key).startswith(b"\xff\xd8")
