"""Real recordings that nobody here made: their picture, frame by frame, and a preview."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.assets.models import Outcome, Step
from portal.runtime import Runtime
from tests.picture_runs import transcoded
from tests.step_runs import Bench, decode_all, frame_times
from workers.run import StepResult
from workers.sandbox import Sandbox, detect_level
from workers.video.preview import preview
from workers.video.tools import probe_file

pytestmark = pytest.mark.media


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


@pytest.mark.parametrize(
    ("name", "duration_seconds", "works", "rungs"),
    [
        ("car-detection.mp4", 30.2, ["copy", "encode", "encode"], ["432p", "360p", "240p"]),
        ("bottle-detection.mp4", 39.9, ["copy", "encode", "encode"], ["360p", "240p"]),
        ("help.mkv", 2.0, [], ["480p", "360p", "240p"]),
        ("echo-hereweare.webm", 44.7, [], ["270p", "144p"]),
    ],
)
def test_every_sample_plays_from_first_to_last_segment(
    bench: Bench,
    *,
    samples: Path,
    name: str,
    duration_seconds: float,
    works: list[str],
    rungs: list[str],
) -> None:
    source = samples / "video" / name
    made = transcoded(bench, source)
    assert (made.result.outcome, made.result.detail) == (Outcome.DONE, None)
    assert [plan["work"] for plan in made.plans] == works
    assert made.names == rungs
    master = bench.download(made.result.renditions)
    decode_all(master)
    playlists = [master.parent / rung / "index.m3u8" for rung in rungs]
    starts = {r.segment_seconds for r in made.result.renditions}
    assert len(starts) == 1
    assert sum(starts.pop() or ()) == pytest.approx(duration_seconds, abs=0.6)
    keys = [frame_times(playlist, only_key_frames=True) for playlist in playlists]
    assert all(own == pytest.approx(keys[0], abs=1e-5) for own in keys)
    expected = len(frame_times(source))
    assert [len(frame_times(playlist)) for playlist in playlists] == [expected] * len(rungs)


@pytest.mark.parametrize("name", ["video/bottle-detection.mp4", "video/help.mkv", "audio/jfk.flac"])
def test_every_sample_has_a_preview(bench: Bench, samples: Path, name: str) -> None:
    run = bench.run_of(samples / name, Step.PREVIEW)
    seconds = probe_file(run, samples / name).duration_seconds
    assert seconds is not None
    result = preview(run)
    assert isinstance(result, StepResult)
    [made] = result.renditions
    assert sum(made.segment_seconds or ()) == pytest.approx(min(8, seconds), abs=0.4)
    decode_all(bench.download([made]))
