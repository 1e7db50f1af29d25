"""Makes the picture of a recording as workers do, chunk by chunk, and reads it back."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portal.assets.models import Rendition, Step
from portal.ids import new_id
from tests.media import run_ffmpeg
from tests.step_runs import Bench
from workers.run import ChunkRun, StepResult, StepRun, StepSplit
from workers.video.chunks import encode_chunk
from workers.video.joining import join_chunks
from workers.video.transcode import transcode

BITS = 10
NUMBERS = 1 << BITS
"""After so many frames their numbers begin again."""
NUMBERED_SIZE = (200, 180)
"""Of a picture whose frames bear their number as dark and light bars: two rungs."""


@dataclass(frozen=True)
class Made:
    """What a transcode gave, and the plans of its chunks, if it had any."""

    result: StepResult
    plans: tuple[Mapping[str, object], ...] = ()

    def rung(self, name: str) -> Rendition:
        return next(r for r in self.result.renditions if r.name == name)

    @property
    def names(self) -> list[str]:
        return [rendition.name for rendition in self.result.renditions]


def transcoded(bench: Bench, source: Path, *, tries: Sequence[int] = ()) -> Made:
    """Run the step and all of its chunks; `tries` are the numbers of each chunk's try."""
    run = bench.run_of(source, Step.TRANSCODE)
    made = transcode(run)
    if isinstance(made, StepResult):
        return Made(made)
    return join(bench, run, made, tries=tries)


def join(bench: Bench, run: StepRun, split: StepSplit, *, tries: Sequence[int] = ()) -> Made:
    # As the database keeps them.
    plans = tuple(json.loads(json.dumps(plan)) for plan in split.chunks)
    results = [
        json.loads(json.dumps(encode_chunk(chunk_run(bench, run, number, plan, tries=tries))))
        for number, plan in enumerate(plans, start=1)
    ]
    return Made(join_chunks(run.asset, run.attempt, results), plans)


def chunk_run(
    bench: Bench,
    run: StepRun,
    number: int,
    plan: Mapping[str, object],
    *,
    tries: Sequence[int] = (),
) -> ChunkRun:
    scratch = bench.folder / f"scratch-{new_id()}"
    scratch.mkdir()
    return ChunkRun(
        runtime=run.runtime,
        sandbox=run.sandbox,
        asset=run.asset,
        step=run.step,
        attempt=run.attempt,
        number=number,
        tries=tries[number - 1] if tries else 1,
        plan=plan,
        scratch=scratch,
        stop=run.stop,
        report_progress=run.report_progress,
        check_room=run.check_room,
    )


def make_numbered(
    path: Path,
    *,
    frames: int,
    rate: str,
    size: tuple[int, int] = NUMBERED_SIZE,
    options: Sequence[str] = (),
    filters: str = "",
) -> Path:
    """A recording whose frame n shows the number n, bit by bit, for `read_numbers`."""
    width, height = size
    drawn = "geq=lum='if(bitand(floor(N/pow(2,X)),1),200,50)':cb=128:cr=128"
    source = f"nullsrc=size={BITS}x2:rate={rate},format=yuv444p,{drawn}"
    grown = f"scale={width}:{height}:flags=neighbor,setsar=1,format=yuv420p"
    graph = ",".join(part for part in (source, grown, filters) if part)
    encoder = options or ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30")
    run_ffmpeg(
        *("-f", "lavfi", "-i", graph, "-frames:v", str(frames), "-fps_mode", "passthrough"),
        *encoder,
        f"file:{path}",
    )
    return path


def read_numbers(media: Path) -> list[int]:
    """The numbers that the frames of a picture bear, in the order in which they are shown."""
    # Each bar becomes one pixel.
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(media), "-map", "0:v:0"]
    command += ["-vf", f"scale={BITS}:1:flags=area,format=gray", "-fps_mode", "passthrough"]
    done = subprocess.run(
        [*command, "-f", "rawvideo", "-"], check=True, timeout=120, capture_output=True
    )
    rows = [done.stdout[at : at + BITS] for at in range(0, len(done.stdout), BITS)]
    return [sum(1 << bit for bit, value in enumerate(row) if value > 125) for row in rows]
