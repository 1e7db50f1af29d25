"""The step "probe": what it records of real files, and only when its result is published."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from portal.assets import service as assets
from portal.assets.models import Kind, Step
from portal.errors import Interrupted
from portal.recordings import service as recordings
from portal.runtime import Runtime
from tests.media import make_clip, truncate
from tests.step_runs import Bench
from workers.run import StepResult
from workers.sandbox import Sandbox, detect_level
from workers.video.probe_step import probe

pytestmark = pytest.mark.media


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


@pytest.mark.parametrize(
    ("name", "picture", "kind", "size"),
    [
        ("clip.mp4", True, Kind.VIDEO, (320, 180)),
        ("sound-only.mp4", False, Kind.AUDIO, (None, None)),
    ],
)
def test_the_probe_records_kind_size_and_duration(
    bench: Bench,
    *,
    tmp_path: Path,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    picture: bool,
    kind: Kind,
    size: tuple[int | None, int | None],
) -> None:
    recorded: dict[str, object] = {}
    told: list[Mapping[str, object]] = []
    monkeypatch.setattr(assets, "record_probe", lambda *_subject, **found: recorded.update(found))
    monkeypatch.setattr(recordings, "record_facts", lambda *subject: told.append(subject[-1]))
    result = probe(bench.run_of(make_clip(tmp_path / name, seconds=2, picture=picture), Step.PROBE))
    assert isinstance(result, StepResult)
    assert result.apply is not None
    assert recorded == {}  # nothing is written before the runner publishes the result
    result.apply(connection)
    assert (recorded["kind"], recorded["width"], recorded["height"]) == (kind, *size)
    assert recorded["duration_seconds"] == pytest.approx(2, abs=0.1)
    assert recorded["captured_at"] is None
    [facts] = told
    assert facts["container"] == "mov"
    assert (facts["video"] is not None) is picture


def test_a_wav_file_that_was_cut_off_is_recorded_as_long_as_it_says(
    bench: Bench, tmp_path: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that its page can tell how much of it is missing."""
    recorded: dict[str, object] = {}
    monkeypatch.setattr(assets, "record_probe", lambda *_subject, **found: recorded.update(found))
    monkeypatch.setattr(recordings, "record_facts", lambda *_subject: None)
    source = truncate(make_clip(tmp_path / "clip.wav", seconds=20, picture=False), ratio=0.4)
    result = probe(bench.run_of(source, Step.PROBE))
    assert isinstance(result, StepResult)
    assert result.apply is not None
    result.apply(connection)
    assert recorded["duration_seconds"] == pytest.approx(20, abs=0.01)


def test_a_clock_that_jumps_is_not_believed(
    bench: Bench, tmp_path: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: dict[str, object] = {}
    monkeypatch.setattr(assets, "record_probe", lambda *_subject, **found: recorded.update(found))
    monkeypatch.setattr(recordings, "record_facts", lambda *_subject: None)
    later = ("-output_ts_offset", "50000")
    parts = [
        make_clip(tmp_path / f"{number}.ts", seconds=2, options=options)
        for number, options in enumerate(((), later))
    ]
    source = tmp_path / "clip.ts"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    result = probe(bench.run_of(source, Step.PROBE))
    assert result.apply is not None
    result.apply(connection)
    assert recorded["duration_seconds"] == pytest.approx(4, abs=0.1)


def test_stopped_before_it_began(bench: Bench, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    run = bench.run_of(make_clip(tmp_path / "clip.mp4", seconds=1), Step.PROBE, kind=Kind.VIDEO)
    with pytest.raises(Interrupted):
        probe(replace(run, stop=stop))
