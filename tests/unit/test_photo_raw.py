"""Raw files of cameras: their own preview is shown, or they are refused in words."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from workers.photo.picture import NO_PREVIEW, UndecodableError, load_picture
from workers.photo.raw import Raw, read_raw

RED, BLUE = (200, 30, 40), (30, 50, 190)
Entry = tuple[int, int, int]
"""Tag, type and value."""


def jpeg(width: int, height: int) -> bytes:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), BLUE)
    image.paste(RED, (0, 0, width // 2, height))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    return file.getvalue()


def lossless(width: int, height: int) -> bytes:
    """How sensor data begins that is packed as JPEG."""
    return b"\xff\xd8\xff\xc3" + struct.pack(">HBHHB", 11, 14, height, width, 1) + bytes(99)


def raw_file(
    directories: Sequence[Sequence[Entry]], bodies: Sequence[bytes], *, mark: bytes = b""
) -> bytes:
    """Directories one after the other, each of whole numbers; values of -1, -2 … are the places
    of the bodies, values of 1.0, 2.0 … of the other directories.
    """
    start = 16
    places = []
    for body in bodies:
        places.append(start)
        start += len(body)
    tables = []
    for entries in directories:
        tables.append(start)
        start += 2 + 12 * len(entries) + 4
    data = b"II*\0" + struct.pack("<I", tables[0]) + mark.ljust(8, b"\0") + b"".join(bodies)
    for number, entries in enumerate(directories):
        data += struct.pack("<H", len(entries))
        for tag, kind, value in entries:
            placed = places[-value - 1] if value < 0 else value
            data += struct.pack("<HHII", tag, kind, 1, tables[1] if tag == 0x14A else placed)
        is_chained = mark and number + 1 < len(directories)
        data += struct.pack("<I", tables[number + 1] if is_chained else 0)
    return data


LARGE, SMALL, SENSOR = jpeg(120, 80), jpeg(16, 12), lossless(6000, 4000)


def as_nef(*, orientation: int = 1) -> bytes:
    """A thumbnail, and in a directory of its own the preview."""
    thumbnail = [(0xFE, 4, 1), (0x112, 3, orientation), (0x14A, 4, 0)]
    preview = [(0x103, 3, 6), (0x201, 4, -1), (0x202, 4, len(LARGE))]
    return raw_file([thumbnail, preview], [LARGE])


def as_cr2() -> bytes:
    """The preview is a strip of the first directory; what was not shown is larger."""
    preview = [(0x103, 3, 6), (0x111, 4, -1), (0x112, 3, 6), (0x117, 4, len(LARGE))]
    thumbnail = [(0x201, 4, -2), (0x202, 4, len(SMALL))]
    sensor = [(0x103, 3, 6), (0x111, 4, -3), (0x117, 4, len(SENSOR))]
    return raw_file([preview, thumbnail, sensor], [LARGE, SMALL, SENSOR], mark=b"CR\x02\0")


def as_dng(*, with_preview: bool) -> bytes:
    sensor = [(0xFE, 4, 0), (0x103, 3, 7), (0x106, 3, 32803), (0x111, 4, -1)]
    sensor += [(0x117, 4, len(SENSOR)), (0x14A, 4, 0), (0xC612, 4, 0x00000401)]
    preview = [(0x103, 3, 7), (0x111, 4, -2), (0x117, 4, len(LARGE))]
    return raw_file([sensor, preview if with_preview else [(0x103, 3, 1)]], [SENSOR, LARGE])


@pytest.mark.parametrize(
    "data", [as_nef(), as_cr2(), as_dng(with_preview=True)], ids=["NEF", "CR2", "DNG"]
)
def test_the_largest_preview_that_can_be_shown_is_found(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    raw = read_raw(tmp_path / "a")
    assert raw is not None
    assert raw.preview == LARGE


def test_a_preview_is_turned_as_the_raw_file_says(tmp_path: Path) -> None:
    (tmp_path / "a.nef").write_bytes(as_nef(orientation=6))
    picture = load_picture(tmp_path / "a.nef", side=1600, pixels_max=1_000_000)
    assert (picture.width, picture.height) == picture.pixels.size == (80, 120)
    red, green, blue = picture.pixels.getpixel((40, 10))  # type: ignore[misc]  # it is RGB
    assert red > 150 > blue > green
    assert picture.notes == (
        "This is a raw file; it is shown by the preview in it, of 80 × 120 pixels.",
    )


def test_the_limit_of_pixels_holds_for_previews(tmp_path: Path) -> None:
    (tmp_path / "a.nef").write_bytes(as_nef())
    with pytest.raises(UndecodableError, match="more than 1,000 pixels"):
        load_picture(tmp_path / "a.nef", side=1600, pixels_max=1000)


def test_a_raw_file_without_a_preview_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.dng").write_bytes(as_dng(with_preview=False))
    assert read_raw(tmp_path / "a.dng") == Raw(None, 1)
    with pytest.raises(UndecodableError) as refusal:
        load_picture(tmp_path / "a.dng", side=1600, pixels_max=1_000_000)
    assert str(refusal.value) == NO_PREVIEW


@pytest.mark.parametrize("data", [b"", b"II", LARGE, b"II*\0\x08\0\0\0"], ids=len)
def test_what_is_no_raw_file_is_left_alone(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    assert read_raw(tmp_path / "a") is None


def test_an_ordinary_tiff_is_no_raw_file(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.tif", compression="tiff_lzw")
    assert read_raw(tmp_path / "a.tif") is None


@given(data=st.data())
def test_no_damage_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    damaged = bytearray(data.draw(st.sampled_from([as_nef(), as_cr2()])))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(4, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("raw") / "a"
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    assert isinstance(read_raw(path), Raw | None)


def test_directories_that_lead_round_and_round_end(tmp_path: Path) -> None:
    loop = raw_file([[(0xFE, 4, 1), (0x14A, 4, 0)], [(0x14A, 4, 0)]], [])
    (tmp_path / "a").write_bytes(loop)
    assert read_raw(tmp_path / "a") == Raw(None, 1)
