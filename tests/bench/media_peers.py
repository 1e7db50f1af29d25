"""How others make a ladder, as their own command lines: what our figures are compared with.

PeerTube: one ffmpeg per rung, one after the other (Chocobozzz/PeerTube,
packages/ffmpeg/src/ffmpeg-default-transcoding-profile.ts, ffmpeg-vod.ts; rates from
packages/core-utils/src/videos/bitrate.ts). MediaCMS: one ffmpeg per profile at preset medium
(mediacms-io/mediacms, files/helpers.py, fixtures/encoding_profiles.json).
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PEERTUBE_BITS_PER_PIXEL = {1080: 0.10, 720: 0.11, 480: 0.12, 360: 0.15, 240: 0.17}
MEDIACMS_KILOBITS = {1080: 4500, 720: 2500, 480: 1000, 360: 500, 240: 300, 144: 150}
FRAME_RATE = 30


@dataclass(frozen=True)
class Cost:
    wall_seconds: float
    cpu_seconds: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall_seconds + other.wall_seconds, self.cpu_seconds + other.cpu_seconds)


def peertube_rung(source: Path, folder: Path, height: int, *, threads: int | None) -> list[str]:
    """One of its HLS jobs; `threads` is 1 by default there, None leaves it to ffmpeg."""
    width = round(height * 16 / 9 / 2) * 2
    rate = round(width * height * FRAME_RATE * PEERTUBE_BITS_PER_PIXEL[height])
    picture = ["-vf", f"scale=w={width}:h={height}", "-c:v", "libx264", "-preset", "veryfast"]
    picture += ["-maxrate", str(rate), "-bufsize", str(2 * rate), "-b_strategy", "1", "-bf", "16"]
    picture += ["-r", str(FRAME_RATE), "-g", str(2 * FRAME_RATE), "-pix_fmt", "yuv420p"]
    return [*_begin(source, threads=threads), *picture, *_peertube_output(folder, f"{height}")]


def peertube_copy(source: Path, folder: Path) -> list[str]:
    """Its "quick transcode": picture and sound as they are."""
    begin = [*_begin(source, threads=None), "-c:v", "copy"]
    return begin + _peertube_output(folder, "copy", sound="copy")


def mediacms_rung(source: Path, folder: Path, height: int) -> list[str]:
    rate = MEDIACMS_KILOBITS[height]
    width = round(height * 16 / 9 / 2) * 2
    keyframes = f"keyint={8 * FRAME_RATE}:keyint_min={FRAME_RATE}"
    return [
        *_begin(source, threads=None),
        *("-vf", f"scale={width}:{height}:flags=lanczos", "-c:v", "libx264", "-profile:v", "main"),
        *("-crf", "23", "-preset", "medium", "-maxrate", f"{rate * 3 // 2}k"),
        *("-bufsize", f"{rate * 3 // 2}k", "-force_key_frames", "expr:gte(t,n_forced*4)"),
        *("-x264-params", keyframes, "-c:a", "aac", "-b:a", "128k", str(folder / f"{height}.mp4")),
    ]


def cost_of(commands: Sequence[Sequence[str]]) -> Cost:
    """Of the commands, one after the other. Raises subprocess.CalledProcessError."""
    before = machine_seconds()
    started_at = time.perf_counter()
    for command in commands:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return Cost(time.perf_counter() - started_at, machine_seconds() - before)


def machine_seconds() -> float:
    """Processor seconds that the whole machine has used: the same measure for all, on a quiet one.

    A sandbox's first process does not wait for its last, so the kernel adds up no family of them.
    """
    with Path("/proc/stat").open(encoding="ascii") as lines:
        user, nice, system, *_ = map(int, next(lines).split()[1:])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def _begin(source: Path, *, threads: int | None) -> list[str]:
    limit = [] if threads is None else ["-threads", str(threads)]
    return ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", str(source), *limit]


def _peertube_output(folder: Path, name: str, *, sound: str = "aac") -> list[str]:
    segments = ["-f", "hls", "-hls_time", "4", "-hls_list_size", "0", "-hls_playlist_type", "vod"]
    segments += ["-hls_segment_type", "fmp4", "-hls_flags", "single_file"]
    segments += ["-hls_segment_filename", str(folder / f"{name}.mp4")]
    return ["-c:a", sound, *segments, str(folder / f"{name}.m3u8")]
