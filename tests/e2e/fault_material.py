"""Small files for the fault driver, each unlike the others: photos, captions, short clips."""

from __future__ import annotations

import hashlib
import io
import random
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image

from tests.media import make_clip

LARGE_BYTES = 11 * 1024**2
"""More than two parts of 5 MiB."""


@dataclass(frozen=True)
class Material:
    name: str
    content: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def seeded(seed: object) -> random.Random:
    """Chance that comes out the same each time."""
    return random.Random(str(seed))  # noqa: S311 - it guards nothing


class Maker:
    """`next` gives the files that `seed` stands for, one after the other, however many."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self._random = seeded(seed)
        clip = folder / "clip.mp4"
        fast = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
        self._clip = make_clip(clip, seconds=1, size="160x90", options=fast).read_bytes()
        self._count = 0

    def next(self) -> Material:
        self._count += 1
        makers = (self._photo, self._captions, self._small_clip, self._large_clip)
        make = self._random.choices(makers, weights=(50, 30, 14, 6))[0]
        suffix, content = make()
        return Material(f"file-{self._count:05d}.{suffix}", content)

    def _photo(self) -> tuple[str, bytes]:
        picture = Image.frombytes("RGB", (64, 48), self._random.randbytes(64 * 48 * 3))
        file = io.BytesIO()
        picture.resize((320, 240)).save(file, "JPEG", quality=70)
        return "jpg", file.getvalue()

    def _captions(self) -> tuple[str, bytes]:
        words = " ".join(f"w{self._random.randrange(10**6)}" for _ in range(5))
        return "vtt", f"WEBVTT\n\n00:01.000 --> 00:02.000\n{words} {self._count}\n".encode()

    def _small_clip(self) -> tuple[str, bytes]:
        return "mp4", self._clip + _free_box(self._random.randbytes(64))

    def _large_clip(self) -> tuple[str, bytes]:
        return "mp4", self._clip + _free_box(self._random.randbytes(LARGE_BYTES))


def _free_box(content: bytes) -> bytes:
    """Players skip it (ISO/IEC 14496-12, 8.1.2)."""
    return struct.pack(">I4s", len(content) + 8, b"free") + content
