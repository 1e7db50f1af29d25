"""How a photo was exposed, as photographers write it: `1/250 s · f/2.8 · ISO 400 · 70 mm`."""

from __future__ import annotations

from fractions import Fraction

from workers.photo.exif import Exif

_SECONDS = (Fraction(1, 1_000_000), Fraction(86_400))
_F_NUMBERS = (Fraction(1, 10), Fraction(1_000))
_ISO = (1, 10_000_000)
_MILLIMETRES = (Fraction(1, 10), Fraction(100_000))
"""Least and most of what there can be; everything else is a fault."""
_WRITTEN_AS_FRACTION_BELOW = Fraction(3, 10)


def exposure_text(exif: Exif) -> str | None:
    seconds = _within(exif.exposure_seconds, _SECONDS)
    f_number = _within(exif.f_number, _F_NUMBERS)
    iso = exif.iso if exif.iso is not None and _ISO[0] <= exif.iso <= _ISO[1] else None
    millimetres = _within(exif.focal_millimetres, _MILLIMETRES)
    parts = (
        seconds and _exposure_time(seconds),
        f_number and f"f/{_short(f_number)}",
        iso and f"ISO {iso}",
        millimetres and f"{_short(millimetres)} mm",
    )
    return " · ".join(part for part in parts if part) or None


def _within(number: Fraction | None, limits: tuple[Fraction, Fraction]) -> Fraction | None:
    return number if number is not None and limits[0] <= number <= limits[1] else None


def _exposure_time(seconds: Fraction) -> str:
    is_fraction = seconds < _WRITTEN_AS_FRACTION_BELOW
    return f"1/{round(1 / seconds)} s" if is_fraction else f"{_short(seconds)} s"


def _short(number: Fraction) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".")
