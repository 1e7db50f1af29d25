"""Whatever colours a picture is in -> sRGB, which is what is shown where nothing else is said."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO

from PIL import Image, ImageCms

from workers.photo.decoder_errors import DECODER_ERRORS

PROFILE_UNUSABLE = "The colour profile cannot be used; colours may differ."

Colorant = tuple[float, float, float]
"""Where a primary colour lies, as XYZ adapted to D50."""

ADOBE_RGB: Sequence[Colorant] = (
    (0.60974, 0.31111, 0.01947),
    (0.20528, 0.62567, 0.06087),
    (0.14919, 0.06322, 0.74457),
)
ADOBE_GAMMA = 2.19921875
"""https://www.adobe.com/digitalimag/pdfs/AdobeRGB1998.pdf"""

_MODE_OF_SPACE: Mapping[str, str] = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
_D50: Colorant = (0.9642, 1.0, 0.8249)


def in_srgb(
    pixels: Image.Image, profile: bytes | None, *, is_adobe_rgb: bool = False
) -> tuple[Image.Image, tuple[str, ...]]:
    """`pixels` as RGB, and what must be said of them.

    `is_adobe_rgb`: a camera says so by a word in EXIF and leaves the profile out.
    """
    if profile is None and pixels.mode != "LAB" and not (is_adobe_rgb and pixels.mode == "RGB"):
        return pixels.convert("RGB"), ()
    try:
        return _converted(pixels, _source(pixels, profile)), ()
    except (ImageCms.PyCMSError, *DECODER_ERRORS):
        return pixels.convert("RGB"), (PROFILE_UNUSABLE,)


def _source(pixels: Image.Image, profile: bytes | None) -> ImageCms.ImageCmsProfile:
    if profile is not None:
        return ImageCms.ImageCmsProfile(BytesIO(profile))
    if pixels.mode == "LAB":
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    return ImageCms.ImageCmsProfile(BytesIO(matrix_profile(ADOBE_RGB, gamma=ADOBE_GAMMA)))


def _converted(pixels: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    """Raises ValueError when the profile is for other pixels."""
    mode = _MODE_OF_SPACE.get(source.profile.xcolor_space.strip(), "")
    if (pixels.mode, mode) == ("L", "RGB"):  # grey pixels that were tagged by habit
        pixels = pixels.convert("RGB")
    if pixels.mode != mode:
        raise ValueError(f"a profile for {mode or 'other'} pixels")
    converted = ImageCms.profileToProfile(pixels, source, _srgb(), outputMode="RGB")
    return converted or pixels.convert("RGB")


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def matrix_profile(primaries: Sequence[Colorant], *, gamma: float) -> bytes:
    """An ICC profile (version 2) of a display with these primaries.

    https://www.color.org/icc32.pdf
    """
    curve = struct.pack(">4s4xIHxx", b"curv", 1, round(gamma * 256))
    colorants = zip((b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt"), (*primaries, _D50), strict=True)
    tags = {name: _xyz(colorant) for name, colorant in colorants}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    header_bytes, entry_bytes = 128, 12
    at = header_bytes + 4 + entry_bytes * len(tags)
    table, bodies = struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        table += struct.pack(">4sII", name, at + len(bodies), len(body))
        bodies += body
    size = at + len(bodies)
    return _profile_header(size) + table + bodies


def _profile_header(size: int) -> bytes:
    kinds = struct.pack(">I4xI4s4s4s", size, 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header = kinds.ljust(36, b"\0") + b"acsp"
    return header.ljust(68, b"\0") + _fixed(_D50).ljust(60, b"\0")


def _xyz(colorant: Colorant) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(colorant)


def _fixed(numbers: Colorant) -> bytes:
    return struct.pack(">3i", *(round(number * 65536) for number in numbers))
