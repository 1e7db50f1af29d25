"""Colours: whatever profile a photo has, the same colour is seen in sRGB."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from workers.photo.colours import ADOBE_GAMMA, ADOBE_RGB, PROFILE_UNUSABLE, matrix_profile
from workers.photo.picture import Picture, load_picture

DISPLAY_P3 = (
    (0.51512, 0.24120, -0.00105),
    (0.29198, 0.69225, 0.04189),
    (0.15710, 0.06657, 0.78407),
)
ORANGE = (220, 120, 40)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def in_profile(colour: tuple[int, int, int], profile: bytes) -> Image.Image:
    """A picture that shows `colour`, written in the numbers of `profile`."""
    target = ImageCms.ImageCmsProfile(BytesIO(profile))
    picture = Image.new("RGB", (16, 16), colour)
    converted = ImageCms.profileToProfile(picture, SRGB, target, outputMode="RGB")
    assert converted is not None
    return converted


def load(path: Path) -> Picture:
    return load_picture(path, side=1600, pixels_max=1_000_000)


def middle(image: Image.Image) -> tuple[int, ...]:
    assert image.mode == "RGB"
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return tuple(int(value) for value in pixel)


def is_near(pixel: tuple[int, ...], colour: tuple[int, ...], *, tolerance: int = 3) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif"])
@pytest.mark.parametrize(("primaries", "gamma"), [(DISPLAY_P3, 2.2), (ADOBE_RGB, ADOBE_GAMMA)])
def test_wide_colours_come_out_as_they_were_meant(
    tmp_path: Path,
    suffix: str,
    primaries: tuple[tuple[float, float, float], ...],
    gamma: float,
) -> None:
    profile = matrix_profile(primaries, gamma=gamma)
    stored = in_profile(ORANGE, profile)
    assert not is_near(middle(stored), ORANGE, tolerance=10)
    stored.save(tmp_path / f"a.{suffix}", icc_profile=profile, quality=100)
    picture = load(tmp_path / f"a.{suffix}")
    assert is_near(middle(picture.pixels), ORANGE, tolerance=6)
    assert picture.notes == ()


def test_adobe_rgb_that_only_a_word_in_exif_tells_of(tmp_path: Path) -> None:
    stored = in_profile(ORANGE, matrix_profile(ADOBE_RGB, gamma=ADOBE_GAMMA))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 0xFFFF
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    stored.save(tmp_path / "a.jpg", exif=exif, quality=100)
    assert is_near(middle(load(tmp_path / "a.jpg").pixels), ORANGE)
    exif.get_ifd(0x8769)[0xA005] = {1: "R98"}
    stored.save(tmp_path / "a.jpg", exif=exif, quality=100)
    assert is_near(middle(load(tmp_path / "a.jpg").pixels), middle(stored))


def test_grey_pixels_with_the_profile_of_a_screen(tmp_path: Path) -> None:
    Image.new("L", (16, 16), 120).save(tmp_path / "a.jpg", icc_profile=SRGB.tobytes())
    picture = load(tmp_path / "a.jpg")
    assert is_near(middle(picture.pixels), (120, 120, 120))
    assert picture.notes == ()


def test_a_profile_for_other_pixels_is_a_note(tmp_path: Path) -> None:
    Image.new("RGB", (16, 16), ORANGE).save(tmp_path / "a.png", icc_profile=ink_profile())
    picture = load(tmp_path / "a.png")
    assert middle(picture.pixels) == ORANGE
    assert picture.notes == (PROFILE_UNUSABLE,)


def ink_profile() -> bytes:
    """Of a press that prints grey only: full black ink is dark, the other inks are not seen."""
    inks, shades, ends = 4, 3, 2
    white, black = (255, 128, 128), (64, 128, 128)
    grid = b"".join(bytes(black if node % ends else white) for node in range(ends**inks))
    identity = bytes(range(256))
    table = struct.pack(
        ">4s4xBBBx9i", b"mft1", inks, shades, ends, *(0x10000, 0, 0, 0) * 2, 0x10000
    )
    table += identity * inks + grid + identity * shades
    header = struct.pack(">I4xI4s4s4s", 144 + len(table), 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header = (header.ljust(36, b"\0") + b"acsp").ljust(68, b"\0")
    header += struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I4sII", 1, b"A2B0", 144, len(table)) + table


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_inks_are_shown_as_their_profile_says(tmp_path: Path, suffix: str) -> None:
    inks = Image.new("CMYK", (16, 16), (255, 0, 200, 0))
    inks.save(tmp_path / f"a.{suffix}", quality=100)
    assert is_near(middle(load(tmp_path / f"a.{suffix}").pixels), (0, 255, 55))
    inks.save(tmp_path / f"a.{suffix}", icc_profile=ink_profile(), quality=100)
    picture = load(tmp_path / f"a.{suffix}")
    assert is_near(middle(picture.pixels), (255, 255, 255))
    assert picture.notes == ()


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_sixteen_bits_of_colour(tmp_path: Path, mode: str) -> None:
    """Pillow writes none, so this is a bare TIFF."""
    samples = {"RGB": (0xFFFF, 0x8000, 0), "CMYK": (0, 0x7FFF, 0xFFFF, 0)}[mode]
    path = tmp_path / "a.tif"
    path.write_bytes(deep_tiff(samples, photometric=2 if mode == "RGB" else 5))
    assert is_near(middle(load(path).pixels), (255, 128, 0))


def deep_tiff(samples: tuple[int, ...], *, photometric: int) -> bytes:
    side, count = 4, len(samples)
    pixels = struct.pack(f"<{count}H", *samples) * side**2
    depths_at = 8 + len(pixels)
    entries = [
        *((0x100, 3, 1, side), (0x101, 3, 1, side), (0x102, 3, count, depths_at), (0x103, 3, 1, 1)),
        *((0x106, 3, 1, photometric), (0x111, 4, 1, 8), (0x115, 3, 1, count), (0x116, 3, 1, side)),
        (0x117, 4, 1, len(pixels)),
    ]
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    depths = struct.pack(f"<{count}H", *[16] * count)
    head = b"II*\0" + struct.pack("<I", depths_at + len(depths))
    return head + pixels + depths + struct.pack("<H", len(entries)) + table + bytes(4)
