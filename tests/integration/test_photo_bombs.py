"""Pictures made to exhaust whoever decodes them: each ends in a sentence or in sizes, soon."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from portal.errors import LimitExceeded, MediaRefused
from portal.settings import Settings
from workers.photo.models import PhotoReading
from workers.photo.reading import read_photo
from workers.sandbox import Sandbox, detect_level

TOO_LARGE = r"^a has more than 100,000,000 pixels, the most that is decoded\.$"
DAMAGED = r"^a is damaged: nothing of the picture can be decoded\.$"
UNREADABLE = r"^a is not a picture that can be decoded\.$"


def read(data: bytes, folder: Path, *, settings: Settings | None = None) -> PhotoReading:
    (folder / "a").write_bytes(data)
    (folder / "sizes").mkdir()
    return read_photo(
        Sandbox(detect_level()),
        folder / "a",
        filename="a",
        output=folder / "sizes",
        settings=settings or Settings(),
        stop=threading.Event(),
    )


def tiff(width: int, height: int, *, tile: int = 0, rows: int = 0, compression: int = 1) -> bytes:
    """One with ten bytes of pixels, whatever it declares."""
    pixels = bytes(10)
    entries = [(0x100, width), (0x101, height), (0x102, 8), (0x103, compression), (0x106, 2)]
    if tile:
        entries += [(0x115, 3), (0x142, tile), (0x143, tile), (0x144, 8), (0x145, len(pixels))]
    else:
        entries += [(0x111, 8), (0x115, 3), (0x116, rows or height), (0x117, len(pixels))]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    head = b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels
    return head + struct.pack("<H", len(entries)) + table + bytes(4)


def png(width: int, height: int, *extra: tuple[bytes, bytes]) -> bytes:
    """A black one of one bit a pixel."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width // 8 + 1) * height), 9)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


FLOOD = zlib.compress(bytes(100 * 1024**2), 9)


def animation(format_: str) -> bytes:
    frames = [Image.new("RGB", (64, 64), (number % 256, 0, 0)) for number in range(500)]
    file = io.BytesIO()
    frames[0].save(file, format_, save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (png(30_000, 30_000), TOO_LARGE),
        (png(16_000, 16_000), TOO_LARGE),
        (tiff(2**31, 2**31), TOO_LARGE),
        (tiff(65_535, 65_535), TOO_LARGE),
        (tiff(100, 100, tile=2**30), DAMAGED),
        (tiff(100, 100, tile=30_000, compression=5), DAMAGED),
        (tiff(100, 100, rows=2**31, compression=5), DAMAGED),
        (tiff(9000, 9000, compression=5), DAMAGED),
        (png(10, 10, (b"zTXt", b"Comment\0\0" + FLOOD)), UNREADABLE),
        (png(10, 10, (b"iCCP", b"a\0\0" + FLOOD)), UNREADABLE),
        (animation("GIF"), UNREADABLE),
    ],
    ids=[
        *("PNG 30000", "PNG 16000", "TIFF 2^31", "TIFF 65535", "tile 2^30", "tile 30000", "strip"),
        *("TIFF 9000 of nothing", "text of 100 MB", "profile of 100 MB", "GIF"),
    ],
)
def test_it_is_refused_in_words(tmp_path: Path, data: bytes, sentence: str) -> None:
    assert len(data) < 300_000
    with pytest.raises(MediaRefused, match=sentence):
        read(data, tmp_path)


@pytest.mark.parametrize("format_", ["WEBP", "AVIF"])
def test_of_many_frames_only_the_first_is_decoded(tmp_path: Path, format_: str) -> None:
    reading = read(animation(format_), tmp_path)
    assert (reading.width, reading.height, reading.is_cut) == (64, 64, False)
    with Image.open(tmp_path / "sizes/photo-320.jpg") as image:
        red, *_ = image.getpixel((5, 5))  # type: ignore[misc]  # it is RGB
    assert red < 40


def test_what_takes_too_long_is_ended_in_words(tmp_path: Path) -> None:
    settings = Settings(probe_seconds_max=1)
    sentence = r"^a takes more time or memory to decode than a photo may: .* was ended: .*\.$"
    with pytest.raises(LimitExceeded, match=sentence):
        read(endless_scans(), tmp_path, settings=settings)


def test_what_takes_too_much_memory_is_ended_in_words(tmp_path: Path) -> None:
    settings = Settings(sandbox_memory_bytes=256 * 1024**2)
    sentence = r"^a takes more time or memory .* it went over its memory limit\.$"
    with pytest.raises(LimitExceeded, match=sentence):
        read(png(9900, 9900), tmp_path, settings=settings)


def black_jpeg(side: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side)).save(file, "JPEG", quality=20, progressive=True)
    return file.getvalue()


def endless_scans() -> bytes:
    """A progressive JPEG whose last scan comes thousands of times, each over all pixels."""
    whole = black_jpeg(9000)
    start, end = _scans(whole)[-1]
    return whole[:end] + whole[start:end] * 3000 + whole[end:]


def _scans(jpeg: bytes) -> Sequence[tuple[int, int]]:
    """Where each scan begins and ends."""
    found, at = [], 2
    while jpeg[at + 1] != 0xD9:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        if jpeg[at + 1] == 0xDA:
            while jpeg[end] != 0xFF or jpeg[end + 1] in {0, *range(0xD0, 0xD8)}:
                end += 1
            found.append((at, end))
        at = end
    return found
