"""Run in the sandbox, one process per photo: metadata as JSON on stdout, sizes as files.

    child.py PHOTO PIXELS_MAX       writes into the folder that it stands in

This is the only module of workers/photo/ that touches a photo together with its readers; the
other side of the pipe is reading.py.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from workers.photo.merge import read_metadata
from workers.photo.models import SIDES, PhotoReading
from workers.photo.picture import UndecodableError, load_picture
from workers.photo.placeholder import placeholder_of
from workers.photo.sizes import write_sizes


def main(photo: str, pixels_max: str) -> None:
    try:
        answer = asdict(_read(Path(photo), int(pixels_max)))
    except UndecodableError as error:
        answer = {"refused": str(error)}
    json.dump(answer, sys.stdout, default=datetime.isoformat)


def _read(path: Path, pixels_max: int) -> PhotoReading:
    merged = read_metadata(path, now=datetime.now(UTC))
    picture = load_picture(path, side=SIDES[-1], pixels_max=pixels_max)
    return PhotoReading(
        metadata=replace(merged.metadata, placeholder=placeholder_of(picture.pixels)),
        clock=merged.clock,
        camera=merged.camera,
        width=picture.width,
        height=picture.height,
        is_cut=picture.is_cut,
        notes=(*merged.notes, *picture.notes),
        sizes=tuple(write_sizes(picture.pixels, Path.cwd())),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
