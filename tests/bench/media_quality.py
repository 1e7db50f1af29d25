"""What is compared of pictures: where segments start, and what cascaded scaling costs."""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path

from portal.assets.models import Rendition, RenditionKind
from tests.bench.media_clips import FRAME_RATE
from tests.bench.media_portal import Portal
from workers.video.argv import Source
from workers.video.commands import chunk_command, scratch_file
from workers.video.ladder import Rung
from workers.video.plan import ChunkPlan
from workers.video.probe import VideoStream
from workers.video.probe_reading import probe_command, read_probe

PIXELS_MAX = 1920 * 1080
COMPARED_AT_ONCE = 2
_SSIM = re.compile(r"ssim@(\w+) .*All:([0-9.]+)")


@dataclass(frozen=True)
class Likeness:
    """SSIM of two ways of making a rung, to the recording's picture in the rung's size."""

    rung: str
    ours: float
    direct: float

    @property
    def lost(self) -> float:
        return self.direct - self.ours


def equal_starts_percent(portal: Portal, asset_id: str, folder: Path) -> float:
    """Of all segments, those that begin at one time, with a key frame, in every rung."""
    rungs = portal.renditions(asset_id, RenditionKind.VIDEO)
    starts = [_segment_starts(portal.files(rung), folder / "joined.mp4") for rung in rungs]
    return 100 * len(set.intersection(*starts)) / len(set.union(*starts))


def likenesses(portal: Portal, asset_id: str, source: Path, folder: Path) -> list[Likeness]:
    """Of each rung that is stored, and of one scaled from the source by the same encoder.

    Its options are those of the chunk, with this rung alone. Both ways are compared with what
    the scaler makes of the source in that size, which favours the direct one.
    """
    video = _video_of(source)
    plan = portal.first_chunk(asset_id)
    stored = {r.name: r for r in portal.renditions(asset_id, RenditionKind.VIDEO)}

    def measured(rung: Rung) -> Likeness:
        ours = folder / f"{rung.name}-ours.mp4"
        ours.write_bytes(b"".join(_beginning(portal, stored[rung.name], plan)))
        direct = _made_directly(source, video, plan, rung, folder / rung.name)
        found = _ssim(source, rung, ours=ours, direct=direct, frames=plan.frame_count)
        return Likeness(rung.name, **found)

    with ThreadPoolExecutor(COMPARED_AT_ONCE) as pool:
        return list(pool.map(measured, plan.rungs))


def _beginning(portal: Portal, rendition: Rendition, plan: ChunkPlan) -> list[bytes]:
    """The files of the plan's segments, and the initialisation segment before them."""
    return portal.files(rendition)[: 1 + len(plan.segment_starts)]


def _made_directly(
    source: Path, video: VideoStream, plan: ChunkPlan, rung: Rung, folder: Path
) -> Path:
    folder.mkdir()
    alone = replace(plan, rungs=(rung,))
    command = chunk_command(Source("ffmpeg", source, PIXELS_MAX), video, alone)
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return folder / scratch_file(rung.name)


def _ssim(source: Path, rung: Rung, *, ours: Path, direct: Path, frames: int) -> dict[str, float]:
    count = f"settb=1/{FRAME_RATE},setpts=N,trim=end_frame={frames}"
    graph = (
        f"[0:v]scale={rung.width}:{rung.height}:flags=bicubic,{count},split[first][second];"
        f"[1:v]{count}[ours];[2:v]{count}[direct];"
        "[ours][first]ssim@ours;[direct][second]ssim@direct"
    )
    inputs = [word for path in (source, ours, direct) for word in ("-i", str(path))]
    argv = ["ffmpeg", "-nostdin", "-hide_banner", *inputs, "-filter_complex", graph]
    done = subprocess.run([*argv, "-f", "null", "-"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name: float(value) for name, value in _SSIM.findall(done.stderr)}


def _segment_starts(files: list[bytes], joined: Path) -> set[float]:
    """The times of the key frames that are the first pictures of segments."""
    joined.write_bytes(b"".join(files))
    ends = list(accumulate(map(len, files)))
    starts: dict[int, tuple[float, bool]] = {}
    for time, position, flags in _packets(joined):
        segment = sum(end <= position for end in ends)
        starts.setdefault(segment, (time, flags.startswith("K")))
    return {time for time, is_key in starts.values() if is_key}


def _packets(path: Path) -> list[tuple[float, int, str]]:
    argv = ["ffprobe", "-v", "error", "-select_streams", "v", "-of", "csv=p=0"]
    argv += ["-show_entries", "packet=pts_time,pos,flags", "-i", str(path)]
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True)
    rows = [line.split(",") for line in done.stdout.splitlines() if line]
    return [(round(float(time), 3), int(position), flags) for time, position, flags, *_ in rows]


def _video_of(source: Path) -> VideoStream:
    argv = probe_command("ffprobe", source, pixels_max=PIXELS_MAX)
    said = subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout
    video = read_probe(said, warnings="", now=datetime.now(UTC)).video
    assert video is not None
    return video
