"""A photo's eight files against Pillow's plain way, in one run: decode whole, shrink each size
from the whole, save it in both formats at the same qualities.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

from portal.settings import Settings
from tests.bench.reporting import Figure, report
from workers.photo.models import ENDINGS, SIDES, size_name
from workers.photo.picture import load_picture
from workers.photo.reading import read_photo
from workers.photo.sizes import SAVED_AS, write_sizes
from workers.sandbox import Sandbox, detect_level

ROUNDS = 7
PIXELS_MAX = 100_000_000
PHOTOS = {"12 MP": (4000, 3000), "24 MP": (6000, 4000)}


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock and of the processors."""

    wall: float
    cpu: float


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as name:
        folder = Path(name)
        figures = [figure for label in PHOTOS for figure in measured(folder, label)]
    return report("photo_sizes", figures)


def measured(folder: Path, label: str) -> list[Figure]:
    source = folder / f"{label}.jpg"
    photo_of(*PHOTOS[label]).save(source, quality=90)
    plain, ours = folder / f"{label}, plain", folder / f"{label}, ours"
    plain_taken, ours_taken = in_turns(
        lambda: by_pillow(source, plain), lambda: by_us(source, ours)
    )
    speed = plain_taken.wall / ours_taken.wall
    cpu = plain_taken.cpu / ours_taken.cpu
    growth = webp_bytes(ours) / webp_bytes(plain)
    return [
        Figure(f"sizes of {label}, of Pillow's plain speed", speed, "times", 2),
        Figure(f"sizes of {label}, the same by processor time", cpu, "times", 2),
        Figure(
            f"sizes of {label}, WebP of the plain way's bytes",
            growth,
            "times",
            1.06,
            is_ceiling=True,
        ),
        Figure(
            f"photo of {label}, read and sized in the sandbox",
            sandboxed_ms(source, folder),
            "ms",
            4000,
            is_ceiling=True,
        ),
    ]


def in_turns(*ways: Callable[[], object]) -> list[Taken]:
    """The quickest of each over rounds in which all have their turn, without what others took."""
    taken: list[list[Taken]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for way, seen in zip(ways, taken, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            way()
            seen.append(Taken(time.perf_counter() - wall, time.process_time() - cpu))
    return [Taken(min(t.wall for t in seen), min(t.cpu for t in seen)) for seen in taken]


def by_us(source: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    write_sizes(load_picture(source, side=SIDES[-1], pixels_max=PIXELS_MAX).pixels, folder)


def by_pillow(source: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    with Image.open(source) as photo:
        for side in SIDES:
            scale = side / max(photo.size)
            size = (round(photo.width * scale), round(photo.height * scale))
            shrunk = photo.resize(size, Image.Resampling.LANCZOS)
            for ending in ENDINGS:
                quality = SAVED_AS[ending]["quality"]
                shrunk.save(folder / size_name(side, ending), quality=quality)


def webp_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.webp"))


def sandboxed_ms(source: Path, folder: Path) -> float:
    output = folder / f"{source.stem}, sandboxed"
    output.mkdir()

    def read() -> None:
        read_photo(
            Sandbox(detect_level()),
            source,
            filename=source.name,
            output=output,
            settings=Settings(),
            stop=threading.Event(),
        )

    (taken,) = in_turns(read)
    return taken.wall * 1000


def photo_of(width: int, height: int) -> Image.Image:
    """Shades of every breadth, the broader the stronger, and a sensor's noise, as in photos."""
    bands = [clouds(width, height, shift=shift) for shift in range(3)]
    return Image.merge("RGB", bands)


def clouds(width: int, height: int, *, shift: int) -> Image.Image:
    picture = Image.new("L", (width, height), 128)
    for octave in range(1, 10):
        breadth = 2**octave
        coarse = Image.effect_noise(
            (width // breadth + 2, height // breadth + 2), 4 * octave + shift
        )
        layer = coarse.resize((width, height), Image.Resampling.BICUBIC)
        picture = ImageChops.add(picture, layer, 1, -128)
    return ImageChops.add(picture, Image.effect_noise((width, height), 6), 1, -128)


if __name__ == "__main__":
    raise SystemExit(main())
