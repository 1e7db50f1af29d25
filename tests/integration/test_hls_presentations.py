"""What workers make of real recordings is valid HLS: linted, and decoded to the last frame."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from portal.assets.models import Asset, Outcome, RenditionKind, Step
from portal.delivery.urls import hls_path
from portal.events import service as events
from portal.jobs import LANES, Lane
from portal.runtime import Runtime
from tests.delivery_requests import web_client
from tests.hls_lint import Presentation, fetch_presentation, lint
from tests.hls_lint.decoding import check_bytes
from tests.media import make_clip, run_ffmpeg
from tests.stored_files import asset_of, make_event, queued_jobs, store
from workers.chunk_runner import ChunkRunner
from workers.queue import JobRunner, build_app, run_due
from workers.registry import CHUNK_HANDLERS, STEP_HANDLERS, job_handlers
from workers.runner import StepRunner
from workers.sandbox import Sandbox, detect_level

pytestmark = [pytest.mark.media, pytest.mark.postgres]

MAKERS = (Step.TRANSCODE, Step.SOUND)
CAPTIONS = b"""WEBVTT

00:01.000 --> 00:04.500
<v Jarosch>History belongs to those who find it.

00:28.000 --> 00:33.000
It crosses a border.
"""


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with web_client(runtime) as client:
        yield client


def work_off(runtime: Runtime, *lanes: Lane) -> None:
    """All that is queued in these lanes, or in any, and all that this queues there."""
    stop, sandbox = threading.Event(), Sandbox(detect_level())
    steps = StepRunner(runtime, sandbox, STEP_HANDLERS, stop)
    chunks = ChunkRunner(runtime, sandbox, CHUNK_HANDLERS, stop)
    jobs = JobRunner(runtime.engine, job_handlers(steps, chunks))
    while is_work_left(runtime, lanes or tuple(Lane)):
        asyncio.run(run_due(build_app(jobs), dict.fromkeys(lanes or Lane, 1)))


def is_work_left(runtime: Runtime, lanes: Sequence[Lane]) -> bool:
    with runtime.engine.connect() as connection:
        return any(
            LANES[job.task] in lanes and not job.has_pause for job in queued_jobs(connection)
        )


def ingested(runtime: Runtime, *files: Path) -> Asset:
    """The first of `files`, all of them processed and public."""
    event = make_event(runtime)
    ids = [store(runtime, event, file.name, file.read_bytes()) for file in files]
    work_off(runtime)
    with runtime.engine.begin() as connection:
        events.publish(connection, event.slug)
    asset = asset_of(runtime, ids[0])
    ended = {step.name: step.outcome for step in asset.steps if step.name in MAKERS}
    assert set(ended.values()) == {Outcome.DONE}, [str(step) for step in asset.steps]
    return asset


def fetched(client: TestClient, asset: Asset) -> Presentation:
    def fetch(address: str) -> bytes | None:
        answer = client.get(address)
        assert answer.status_code in {200, 404}, address
        return answer.content if answer.status_code == 200 else None

    return fetch_presentation(hls_path(asset.id), fetch)


def assert_valid(found: Presentation, scratch: Path) -> None:
    faults = [*lint(found), *check_bytes(found, scratch)]
    assert not faults, "\n".join(map(str, faults))


def test_a_recording_with_interpretation_and_captions(
    runtime: Runtime, client: TestClient, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "floor.mp4", seconds=33, size="640x360", rate="10")
    source = tmp_path / "scrum.mp4"
    run_ffmpeg(
        *("-i", str(clip), "-f", "lavfi", "-i", "sine=frequency=880:duration=32.8"),
        *("-map", "0:v", "-map", "0:a", "-map", "1:a", "-c:v", "copy", "-c:a", "aac"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=rus"),
        *("-metadata", "creation_time=2019-06-04T10:00:00Z", str(source)),
    )
    captions = tmp_path / "scrum.en.vtt"
    captions.write_bytes(CAPTIONS)
    asset = ingested(runtime, source, captions)
    assert not [
        step for step in asset.steps if step.name in {Step.TRANSCODE, Step.SOUND} and step.detail
    ]

    found = fetched(client, asset)
    rungs = [r for r in asset.renditions if r.kind is RenditionKind.VIDEO]
    assert len(found.having("variant")) == len(rungs) >= 2
    assert len(found.having("iframes")) == len(rungs)
    assert len(found.having("audio")) == 2
    [spoken] = found.having("subtitles").values()
    assert [part.seconds for part in spoken.parts] == pytest.approx([30, 3], abs=0.1)
    assert b"It crosses a border" in found.bytes_of(spoken.parts[0])
    assert b"It crosses a border" in found.bytes_of(spoken.parts[1])
    assert {p.starts_at for p in found.playlists.values()} == {asset.captured_at}
    assert asset.captured_at is not None
    assert_valid(found, tmp_path)


@pytest.mark.parametrize(
    ("rate", "options"),
    [
        ("30000/1001", ()),
        ("25", ("-bf", "3", "-g", "37")),
        ("50", ("-vf", "scale=202:360,setsar=1")),
    ],
)
def test_rates_and_shapes(
    runtime: Runtime, client: TestClient, tmp_path: Path, rate: str, options: tuple[str, ...]
) -> None:
    source = make_clip(tmp_path / "clip.mp4", seconds=7, size="640x360", rate=rate, options=options)
    asset = ingested(runtime, source)
    assert_valid(fetched(client, asset), tmp_path)


@pytest.mark.parametrize(
    ("name", "sounds"),
    [("car-detection.mp4", 1), ("bottle-detection.mp4", 0), ("echo-hereweare.webm", 1)],
)
def test_files_that_nobody_made_for_us(
    runtime: Runtime,
    client: TestClient,
    tmp_path: Path,
    *,
    samples: Path,
    name: str,
    sounds: int,
) -> None:
    found = fetched(client, ingested(runtime, samples / "video" / name))
    assert len(found.having("audio")) == sounds
    assert_valid(found, tmp_path)


def test_sound_alone(runtime: Runtime, client: TestClient, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "radio.m4a", seconds=11, picture=False)
    asset = ingested(runtime, source)
    found = fetched(client, asset)
    assert len(found.having("variant")) == 1
    assert_valid(found, tmp_path)


def test_the_preview_while_the_rest_is_made(
    runtime: Runtime, client: TestClient, tmp_path: Path
) -> None:
    source = make_clip(tmp_path / "long.mp4", seconds=20, size="640x360")
    event = make_event(runtime)
    asset_id = store(runtime, event, source.name, source.read_bytes())
    work_off(runtime, Lane.FIRST, Lane.LIGHT)
    with runtime.engine.begin() as connection:
        events.publish(connection, event.slug)
    found = fetched(client, asset_of(runtime, asset_id))
    [preview] = found.having("variant").values()
    assert (preview.kind, preview.is_ended) == ("EVENT", False)
    assert_valid(found, tmp_path)


def test_a_silent_picture(runtime: Runtime, client: TestClient, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "silent.mp4", seconds=5, sound=False)
    asset = ingested(runtime, source)
    found = fetched(client, asset)
    assert not found.having("audio")
    assert_valid(found, tmp_path)
