"""The recordings that the benchmark of media sends in, made on the spot.

Their picture is one that costs an encoder more than people who talk: a fractal under the noise of
a sensor. A compliant source may keep it as its top rung. The other kind holds the very same
picture, copied, so that decoding costs the same; it must be encoded because of what is around it,
by us (Matroska's milliseconds keep no constant rate) and by PeerTube (its sound is not AAC).
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

FRAME_RATE = 30
GROUP_FRAMES = 60
KILOBITS = 7700
CRYSTAL = "mandelbrot=size={size}:rate={rate}"
NOISE = "noise=alls=12:allf=t"
TONE = "sine=frequency=330:sample_rate=48000"


class ClipKind(StrEnum):
    COMPLIANT = "compliant"
    OTHER = "not compliant"


@dataclass(frozen=True)
class Clips:
    """Recordings of any length, cut or repeated out of one of `base_seconds`.

    Those are a multiple of 4: a whole number of groups, and of packets of AAC.
    """

    folder: Path
    width: int
    height: int
    base_seconds: int

    def make_base(self) -> None:
        """Picture and sound in files of their own, so that each repeats without a gap."""
        rate = f"{KILOBITS * self.width * self.height // (1920 * 1080)}k"
        picture = CRYSTAL.format(size=f"{self.width}x{self.height}", rate=FRAME_RATE)
        _ffmpeg(
            *("-f", "lavfi", "-i", picture, "-vf", NOISE, "-pix_fmt", "yuv420p"),
            *("-c:v", "libx264", "-preset", "veryfast", "-g", f"{GROUP_FRAMES}"),
            *("-sc_threshold", "0", "-b:v", rate, "-maxrate", rate, "-bufsize", rate),
            *self._for_base("picture.mp4"),
        )
        for codec, name in (("aac", "sound.m4a"), ("flac", "sound.flac")):
            _ffmpeg("-f", "lavfi", "-i", TONE, "-ac", "2", "-c:a", codec, *self._for_base(name))

    def of(self, kind: ClipKind, *, seconds: int) -> Path:
        """A recording of that kind and length; nothing is encoded."""
        sound, ending = {
            ClipKind.COMPLIANT: ("sound.m4a", "mp4"),
            ClipKind.OTHER: ("sound.flac", "mkv"),
        }[kind]
        path = self.folder / f"{kind.name.lower()}-{seconds}.{ending}"
        repeated = ("-stream_loop", f"{-(-seconds // self.base_seconds) - 1}")
        _ffmpeg(
            *(*repeated, "-i", str(self.folder / "picture.mp4")),
            *(*repeated, "-t", f"{seconds}", "-i", str(self.folder / sound)),
            *("-map", "0:v", "-map", "1:a", "-c", "copy"),
            # By number: a bound in time would leave the last group without an end.
            *("-frames:v", f"{seconds * FRAME_RATE}", str(path)),
        )
        return path

    def _for_base(self, name: str) -> Sequence[str]:
        return ("-t", f"{self.base_seconds}", str(self.folder / name))


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], check=True)
