"""How fast a photo's metadata is read, beside exiftool and exifread, over real photos.

All read the same files, which are in the page cache, in one process: exiftool in its batch mode,
without its start; exifread as it is called when nothing is known of it. Ours finds, reads and
merges EXIF, IPTC and XMP; exifread reads EXIF alone.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import exifread

from tests.bench.reporting import Figure, report
from workers.photo.blocks.find import opened
from workers.photo.merge import read_metadata
from workers.photo.sources import read_sources

PROJECT = Path(__file__).parents[2]
ROUNDS = 30
EXIFTOOL_ROUNDS = 3
MILLISECONDS = 1000

Read = Callable[[Path], object]


def main() -> int:
    photos = sorted((_samples() / "photos").iterdir())
    logging.getLogger("exifread").setLevel(logging.CRITICAL)
    ours = _milliseconds(_read_blocks, photos, rounds=ROUNDS)
    merged = _milliseconds(_read_and_merge, photos, rounds=ROUNDS)
    plain = _milliseconds(_read_with_exifread, photos, rounds=ROUNDS)
    with _exiftool() as read:
        other = _milliseconds(read, photos, rounds=EXIFTOOL_ROUNDS)
    return report(
        "photo_metadata",
        [
            Figure("all blocks of a photo, median", median(ours), "ms", 0.25, is_ceiling=True),
            Figure("all blocks of a photo, p95", _p95(ours), "ms", 1, is_ceiling=True),
            Figure("read and merged, median", median(merged), "ms", 0.5, is_ceiling=True),
            Figure("exiftool's time, of ours", sum(other) / sum(ours), "times", 20),
            Figure("exifread's time, of ours", sum(plain) / sum(ours), "times", 1),
            Figure("exiftool, batch, median", median(other), "ms", 0),
            Figure("exifread, EXIF alone, median", median(plain), "ms", 0),
        ],
    )


def _samples() -> Path:
    folder = Path(os.environ.get("PORTAL_SAMPLES", PROJECT.parent / "shared" / "samples"))
    if not folder.is_dir():
        sys.exit(f"There are no sample media in {folder}; PORTAL_SAMPLES names another folder.")
    return folder


def _milliseconds(read: Read, photos: Sequence[Path], *, rounds: int) -> list[float]:
    """Of each photo, the median of its rounds; all photos in each round, after one to warm up."""
    times: dict[Path, list[float]] = {photo: [] for photo in photos}
    for round_number in range(rounds + 1):
        for photo in photos:
            started_at = time.perf_counter()
            read(photo)
            if round_number:
                times[photo].append((time.perf_counter() - started_at) * MILLISECONDS)
    return [median(of_photo) for of_photo in times.values()]


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


def _read_blocks(photo: Path) -> None:
    with opened(photo) as data:
        read_sources(data)


def _read_and_merge(photo: Path) -> None:
    read_metadata(photo, now=datetime.now(UTC))


def _read_with_exifread(photo: Path) -> None:
    with photo.open("rb") as file, suppress(Exception):  # it raises on one of them
        exifread.process_file(file)


@contextmanager
def _exiftool() -> Iterator[Read]:
    """One process that answers for one file after the other."""
    command = ["exiftool", "-stay_open", "True", "-@", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        requests, answers = process.stdin, process.stdout
        assert requests is not None
        assert answers is not None

        def read(photo: Path) -> None:
            requests.write(f"-fast2\n-j\n{photo}\n-execute\n".encode())
            requests.flush()
            for line in answers:
                if line.startswith(b"{ready}"):
                    return

        yield read
        requests.write(b"-stay_open\nFalse\n")
        requests.flush()


if __name__ == "__main__":
    sys.exit(main())
