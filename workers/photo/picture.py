"""A photo's bytes -> its pixels, upright and in sRGB, within limits."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pillow_heif
from PIL import Image, ImageCms, ImageFile
from PIL.Image import Resampling, Transpose

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")

DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    EOFError,
    struct.error,
)
"""What Pillow and its plug-ins raise on damaged pictures; the list grew out of real files."""

_ORIENTATION_TAG = 0x0112
_UPRIGHT_BY = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_ON_THEIR_SIDE = frozenset({5, 6, 7, 8})
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))


class UndecodableError(Exception):
    """No picture can be made of it; `str(error)` goes on after the file's name."""


@dataclass(frozen=True)
class Picture:
    """Pixels, shrunk to not much more than was asked for; `width` and `height` are the full ones.

    `is_cut`: the file ends early or is damaged inside, so part of the picture is missing.
    """

    pixels: Image.Image
    width: int
    height: int
    is_cut: bool
    notes: tuple[str, ...] = ()


@contextmanager
def open_picture(path: Path, *, pixels_max: int) -> Iterator[ImageFile.ImageFile]:
    """The file with its header read and its pixels not yet. Raises UndecodableError."""
    pillow_heif.register_heif_opener()
    try:
        with _pixel_limit(pixels_max):
            picture = Image.open(path, formats=FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UndecodableError(_too_large(pixels_max)) from error
    except DECODER_ERRORS as error:
        raise UndecodableError("is not a picture that can be decoded.") from error
    with picture:
        if picture.width * picture.height > pixels_max:
            raise UndecodableError(_too_large(pixels_max))
        yield picture


@contextmanager
def _pixel_limit(pixels_max: int) -> Iterator[None]:
    """Pillow's own limit, at which it only warns, for what is unpacked while opening."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, pixels_max
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def load_picture(path: Path, *, side: int, pixels_max: int) -> Picture:
    """Decode the first frame so that its longest side is at least `side`, if it ever was.

    Raises UndecodableError when not even a part can be shown.
    """
    with suppress(*DECODER_ERRORS):
        return _load(path, side=side, pixels_max=pixels_max, is_cut=False)
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        return _load(path, side=side, pixels_max=pixels_max, is_cut=True)
    except DECODER_ERRORS as error:
        raise UndecodableError("is damaged: nothing of the picture can be decoded.") from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _load(path: Path, *, side: int, pixels_max: int, is_cut: bool) -> Picture:
    with open_picture(path, pixels_max=pixels_max) as picture:
        width, height = picture.size
        # JPEG is decoded at a half, a quarter or an eighth, much faster, when that is enough.
        scale = side / max(width, height)
        if scale < 1:
            picture.draft(None, (round(width * scale), round(height * scale)))
        picture.load()
        # After loading: some plug-ins turn the picture themselves and then say so.
        orientation = _orientation(picture)
        if orientation in _ON_THEIR_SIDE:
            width, height = height, width
        pixels = fitted(_resizable(picture), side)
        pixels, notes = _in_srgb(pixels, picture.info.get("icc_profile"))
        if orientation in _UPRIGHT_BY:
            pixels = pixels.transpose(_UPRIGHT_BY[orientation])
        return Picture(pixels, width, height, is_cut, notes)


def fitted(pixels: Image.Image, side: int) -> Image.Image:
    """Shrunk so that the longest side is `side`; never enlarged."""
    scale = side / max(pixels.size)
    if scale >= 1:
        return pixels
    width, height = (max(1, round(length * scale)) for length in pixels.size)
    return pixels.resize((width, height), Resampling.LANCZOS, reducing_gap=3.0)


def _orientation(picture: Image.Image) -> int:
    with suppress(*DECODER_ERRORS):
        return int(picture.getexif().get(_ORIENTATION_TAG, 1))
    return 1


def _resizable(picture: Image.Image) -> Image.Image:
    """In a mode that can be shrunk smoothly, with transparent places shown on white."""
    if picture.mode in _DEEP_MODES:
        return _eight_bits(picture)
    if picture.has_transparency_data:
        drawn = picture.convert("RGBA")
        white = Image.new("RGBA", drawn.size, "white")
        return Image.alpha_composite(white, drawn).convert("RGB")
    return picture if picture.mode in {"L", "RGB", "CMYK", "LAB"} else picture.convert("RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    # Converting clips at 255: a 16-bit photo would come out white.
    low, high = 0.0, 65535.0
    if not picture.mode.startswith("I;16"):
        low, high = (float(extreme) for extreme in picture.getextrema())  # type: ignore[arg-type]
    scale = 255 / (high - low) if high > low else 1.0
    return picture.point(lambda value: value * scale - low * scale).convert("L")


def _in_srgb(pixels: Image.Image, profile: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    if profile is None and pixels.mode != "LAB":
        return pixels.convert("RGB"), ()
    try:
        source = _LAB if profile is None else ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(pixels, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, *DECODER_ERRORS):
        return pixels.convert("RGB"), ("The colour profile cannot be used; colours may differ.",)
    return converted or pixels.convert("RGB"), ()


def _too_large(pixels_max: int) -> str:
    return f"has more than {pixels_max:,} pixels, the most that is decoded."
