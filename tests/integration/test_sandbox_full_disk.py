"""A disk that is full, for a while or for good: never a broken recording, always a sentence."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from portal.assets.models import Step
from portal.errors import InsufficientStorage, ToolFailed
from portal.runtime import Runtime
from tests.media import make_clip
from tests.picture_runs import chunk_run
from tests.step_runs import Bench
from workers.photo.step import photo
from workers.run import StepResult, StepRun, StepSplit
from workers.sandbox import Level, Sandbox, detect_level
from workers.stills.poster import poster
from workers.video.chunks import encode_chunk
from workers.video.transcode import transcode

pytestmark = pytest.mark.media

MOUNT = 'mount -t tmpfs -o size="$0" tmpfs /mnt && echo ready && read -r _'
FULL = r"disk .* is full or was just now: .* MiB are free"


@pytest.fixture
def small_disk() -> Iterator[Callable[[str], Path]]:
    """Makes a disk of a given size, in a mount namespace of its own that is seen through /proc."""
    holders: list[subprocess.Popen[str]] = []

    def make(size: str) -> Path:
        flags = ("--map-root-user", "--mount")
        holder = subprocess.Popen(
            ["unshare", *flags, "sh", "-c", MOUNT, size],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        holders.append(holder)
        assert holder.stdout is not None
        if holder.stdout.readline() != "ready\n":
            pytest.skip("no file system may be mounted here, not even in a namespace")
        return Path("/proc", str(holder.pid), "root", "mnt")

    yield make
    for holder in holders:
        holder.communicate("\n")


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


@pytest.fixture
def run_on(
    runtime: Runtime, tmp_path: Path, small_disk: Callable[[str], Path]
) -> Callable[[str], StepRun]:
    """A transcode whose scratch folder is on a disk of that size."""

    def make(size: str) -> StepRun:
        # Not in bubblewrap: the kernel does not bind what is mounted in another namespace.
        bench = Bench(runtime, Sandbox(Level.PLAIN), tmp_path)
        source = make_clip(tmp_path / "clip.mp4", seconds=12, size="640x360")
        run = bench.run_of(source, Step.TRANSCODE)
        return replace(run, scratch=small_disk(size), may_split=False)

    return make


@pytest.mark.parametrize("size", ["100k", "300k", "600k", "900k"])
def test_a_disk_that_fills_up_is_blamed(run_on: Callable[[str], StepRun], size: str) -> None:
    run = run_on(size)
    with pytest.raises(InsufficientStorage, match=FULL):
        transcode(run)
    assert not list(run.runtime.store.list(f"assets/{run.asset.id}/transcode/1/360p"))


def test_a_poster_that_does_not_fit_is_not_stored(run_on: Callable[[str], StepRun]) -> None:
    with pytest.raises(InsufficientStorage, match=FULL):
        poster(replace(run_on("8k"), step=Step.POSTER))


def test_a_photo_that_does_not_fit_is_not_stored(
    run_on: Callable[[str], StepRun], runtime: Runtime, tmp_path: Path
) -> None:
    picture = tmp_path / "noise.png"
    Image.effect_noise((1600, 1200), 80).save(picture)
    run = Bench(runtime, Sandbox(Level.PLAIN), tmp_path).run_of(picture, Step.PHOTO)
    with pytest.raises(InsufficientStorage, match=FULL):
        photo(replace(run, scratch=run_on("100k").scratch))


def with_minimum(run: StepRun, disk_free_bytes_min: int) -> StepRun:
    settings = run.runtime.settings.model_copy(update={"disk_free_bytes_min": disk_free_bytes_min})
    return replace(run, runtime=replace(run.runtime, settings=settings))


def test_nothing_begins_below_the_minimum(bench: Bench, tmp_path: Path) -> None:
    run = bench.run_of(make_clip(tmp_path / "clip.mp4", seconds=1), Step.TRANSCODE)
    run = replace(run, may_split=False)
    with pytest.raises(InsufficientStorage, match=r"1,048,576 MiB must stay so"):
        transcode(with_minimum(run, 1024**4))
    assert [path for path in run.scratch.rglob("*") if path.is_file()] == []


def test_a_transcode_stops_at_the_minimum(run_on: Callable[[str], StepRun]) -> None:
    """The disk would hold all of it; what must stay free is reached on the way."""
    run = run_on("40m")

    def fill(_fraction: float) -> None:
        (run.scratch / "other").write_bytes(bytes(20 * 1024**2))

    with pytest.raises(InsufficientStorage, match="30 MiB must stay so"):
        transcode(replace(with_minimum(run, 30 * 1024**2), report_progress=fill))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("truncate -s 4096 180p.mp4", "180p.mp4 is cut off or damaged"),
        ("truncate -s -1 144p.mp4", "144p.mp4 is cut off or damaged"),
        ("rm 144p.mp4", "did not write 144p.mp4"),
        ("rm 144p.mp4; mkfifo 144p.mp4", "did not write 144p.mp4"),
        ("mv 144p.mp4 away; ln -s away 144p.mp4", "did not write 144p.mp4"),
        ("head -c 800 180p.mp4 > 144p.mp4", "144p.mp4 is cut off or damaged"),
        ("truncate -s 99999999 180p.mp4", "180p.mp4 is cut off or damaged"),
    ],
)
@pytest.mark.parametrize("may_split", [True, False])
def test_results_that_are_not_whole_are_refused(
    bench: Bench, *, tmp_path: Path, damage: str, said: str, may_split: bool
) -> None:
    """The disk had been full for a while, or foreign bytes had taken ffmpeg over."""
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text(f'#!/bin/sh\nffmpeg "$@"\n{damage}\n')
    ffmpeg.chmod(0o755)
    options = ("-pix_fmt", "yuv422p")  # no compliant picture
    source = make_clip(tmp_path / "clip.mp4", seconds=9, sound=False, options=options)
    run = replace(bench.run_of(source, Step.TRANSCODE), may_split=may_split)
    settings = run.runtime.settings.model_copy(update={"ffmpeg_path": str(ffmpeg)})
    run = replace(run, runtime=replace(run.runtime, settings=settings))
    with pytest.raises(ToolFailed, match=said):
        whole_or_first_chunk(bench, run)


def whole_or_first_chunk(bench: Bench, run: StepRun) -> None:
    made = transcode(run)
    if isinstance(made, StepSplit):
        encode_chunk(chunk_run(bench, run, 1, made.chunks[0]))


def test_what_was_stored_is_not_kept_twice(bench: Bench, tmp_path: Path) -> None:
    run = bench.run_of(make_clip(tmp_path / "clip.mp4", seconds=6), Step.TRANSCODE)
    result = transcode(replace(run, may_split=False))
    assert isinstance(result, StepResult)
    assert list(run.scratch.iterdir()) == []
