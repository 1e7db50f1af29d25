"""Run in the sandbox, one process per photo: metadata as JSON on stdout, sizes as files.

    child.py PHOTO PIXELS_MAX       writes into the folder that it stands in

This is the only module of workers/photo/ that touches a photo together with its readers; the
other side of the pipe is reading.py.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import TiffImagePlugin
from PIL.ImageFile import ImageFile

from workers.photo import exif, iptc, xmp
from workers.photo.merge import Merged, Sources, merge
from workers.photo.models import SIDES, PhotoReading
from workers.photo.picture import DECODER_ERRORS, UndecodableError, load_picture, open_picture
from workers.photo.sizes import write_sizes

_IPTC_RESOURCE = 0x0404
_IPTC_TAG = 33723


def main(photo: str, pixels_max: str) -> None:
    try:
        answer = asdict(_read(Path(photo), int(pixels_max)))
    except UndecodableError as error:
        answer = {"refused": str(error)}
    json.dump(answer, sys.stdout, default=datetime.isoformat)


def _read(path: Path, pixels_max: int) -> PhotoReading:
    with open_picture(path, pixels_max=pixels_max) as header:
        merged = _metadata(header, path)
    picture = load_picture(path, side=SIDES[-1], pixels_max=pixels_max)
    return PhotoReading(
        metadata=merged.metadata,
        captured_at=merged.captured_at,
        width=picture.width,
        height=picture.height,
        is_cut=picture.is_cut,
        notes=(*merged.notes, *picture.notes),
        sizes=tuple(write_sizes(picture.pixels, Path.cwd())),
    )


def _metadata(header: ImageFile, path: Path) -> Merged:
    sources = Sources(
        exif=_exif(header, path),
        iptc=iptc.read_iptc(_iptc_block(header)),
        xmp=xmp.read_xmp(_bytes(header.info.get("xmp"))),
    )
    return merge(sources, now=datetime.now(UTC))


def _exif(header: ImageFile, path: Path) -> exif.Exif:
    if header.format == "TIFF":
        with path.open("rb") as file:
            return exif.read_exif(file)
    block = _bytes(header.info.get("exif"))
    if not block:
        return exif.Exif()
    tiff = exif.tiff_start(block)
    return exif.Exif(notes=(exif.DAMAGED,)) if tiff is None else exif.read_exif(BytesIO(tiff))


def _iptc_block(header: ImageFile) -> bytes:
    if isinstance(header, TiffImagePlugin.TiffImageFile):
        try:
            return _tiff_field(header.tag_v2)
        except DECODER_ERRORS:
            return b""
    resources = header.info.get("photoshop")
    return _bytes(resources.get(_IPTC_RESOURCE)) if isinstance(resources, dict) else b""


def _tiff_field(directory: TiffImagePlugin.ImageFileDirectory_v2) -> bytes:
    value = directory.get(_IPTC_TAG)
    if not isinstance(value, tuple):
        return _bytes(value)
    # Many programs declare the field as 32-bit numbers, so its bytes come in the file's order.
    order: Literal["little", "big"] = "little" if directory.prefix == b"II" else "big"
    return b"".join(number.to_bytes(4, order) for number in value)


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="replace")
    return bytes(value) if isinstance(value, bytes | bytearray) else b""


if __name__ == "__main__":
    main(*sys.argv[1:])
