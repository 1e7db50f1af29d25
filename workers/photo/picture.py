"""A photo's bytes -> its pixels, upright and in sRGB, within limits."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageFile
from PIL.Image import Resampling, Transpose

from workers.photo.colours import in_srgb
from workers.photo.decoder_errors import DECODER_ERRORS
from workers.photo.raw import Raw, read_raw

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")

_HEIF_BOX = b"ftyp"
_ORIENTATION_TAG, _INTEROPERABILITY, _INTEROPERABILITY_INDEX = 0x0112, 0xA005, 1
_ADOBE_RGB_INDEX = "R03"
"""https://www.cipa.jp/std/documents/e/DC-010-2020_E.pdf (DCF), 3.2.2"""
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


SHOWN_BY_PREVIEW = "This is a raw file; it is shown by the preview in it, of %d × %d pixels."
NO_PREVIEW = (
    "is a raw file of a camera without a preview in it that can be shown; "
    "export it as JPEG or TIFF."
)


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
def open_picture(
    path: Path, *, pixels_max: int, preview: bytes | None = None
) -> Iterator[ImageFile.ImageFile]:
    """The file, or the preview that it holds, with its header read and its pixels not yet.

    Raises UndecodableError.
    """
    _learn_heif(path)
    try:
        with _pixel_limit(pixels_max):
            source = path if preview is None else BytesIO(preview)
            picture = Image.open(source, formats=FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UndecodableError(_too_large(pixels_max)) from error
    except DECODER_ERRORS as error:
        raise UndecodableError("is not a picture that can be decoded.") from error
    with picture:
        if picture.width * picture.height > pixels_max:
            raise UndecodableError(_too_large(pixels_max))
        yield picture


def _learn_heif(path: Path) -> None:
    """Load the plug-in, which takes a while, when the file looks like one for it."""
    with path.open("rb") as file:
        is_box = file.read(12)[4:8] == _HEIF_BOX
    if is_box:
        from pillow_heif import register_heif_opener  # noqa: PLC0415 - see above

        register_heif_opener()


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
    raw = _raw(path)
    with suppress(*DECODER_ERRORS):
        return _load(path, raw, side=side, pixels_max=pixels_max, is_cut=False)
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        return _load(path, raw, side=side, pixels_max=pixels_max, is_cut=True)
    except DECODER_ERRORS as error:
        raise UndecodableError("is damaged: nothing of the picture can be decoded.") from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _raw(path: Path) -> Raw | None:
    """Raises UndecodableError for a raw file without a preview."""
    raw = read_raw(path)
    if raw is not None and raw.preview is None:
        raise UndecodableError(NO_PREVIEW)
    return raw


def _load(path: Path, raw: Raw | None, *, side: int, pixels_max: int, is_cut: bool) -> Picture:
    preview = raw.preview if raw else None
    with open_picture(path, pixels_max=pixels_max, preview=preview) as picture:
        width, height = picture.size
        # JPEG is decoded at a half, a quarter or an eighth, much faster, when that is enough.
        scale = side / max(width, height)
        if scale < 1:
            picture.draft(None, (round(width * scale), round(height * scale)))
        picture.load()
        # After loading: some plug-ins turn the picture themselves and then say so.
        orientation = raw.orientation if raw else _orientation(picture)
        if orientation in _ON_THEIR_SIDE:
            width, height = height, width
        profile, is_adobe_rgb = picture.info.get("icc_profile"), _is_adobe_rgb(picture)
        pixels = fitted(_resizable(picture), side)
        pixels, notes = in_srgb(pixels, profile, is_adobe_rgb=is_adobe_rgb)
        if orientation in _UPRIGHT_BY:
            pixels = pixels.transpose(_UPRIGHT_BY[orientation])
        shown = (SHOWN_BY_PREVIEW % (width, height),) if raw else ()
        return Picture(pixels, width, height, is_cut, (*shown, *notes))


def fitted(pixels: Image.Image, side: int) -> Image.Image:
    """Shrunk so that the longest side is `side`; never enlarged."""
    scale = side / max(pixels.size)
    if scale >= 1:
        return pixels
    width, height = (max(1, round(length * scale)) for length in pixels.size)
    return pixels.resize((width, height), Resampling.BICUBIC, reducing_gap=2.0)


def _orientation(picture: Image.Image) -> int:
    with suppress(*DECODER_ERRORS):
        return int(picture.getexif().get(_ORIENTATION_TAG, 1))
    return 1


def _is_adobe_rgb(picture: Image.Image) -> bool:
    with suppress(*DECODER_ERRORS):
        index = picture.getexif().get_ifd(_INTEROPERABILITY).get(_INTEROPERABILITY_INDEX)
        return str(index).startswith(_ADOBE_RGB_INDEX)
    return False


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


def _too_large(pixels_max: int) -> str:
    return f"has more than {pixels_max:,} pixels, the most that is decoded."
