"""A small drawing board in units of its height, smooth because it is drawn at twice the size."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont

OVERSAMPLING = 2
FONTS = Path("/usr/share/fonts/truetype/dejavu")

Point = tuple[float, float]


@cache
def font(size_pixels: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(FONTS / name, size_pixels)


class Canvas:
    """Coordinates run from 0 to `aspect` and from 0 to 1; colours are names or #RRGGBB."""

    def __init__(self, size: tuple[int, int], *, top: str, bottom: str) -> None:
        self._size = size
        self._unit = size[1] * OVERSAMPLING
        self.aspect = size[0] / size[1]
        large = (size[0] * OVERSAMPLING, self._unit)
        self._image = Image.composite(
            Image.new("RGB", large, bottom),
            Image.new("RGB", large, top),
            Image.linear_gradient("L").resize(large),
        )
        self._draw = ImageDraw.Draw(self._image)

    def box(self, start: Point, end: Point, colour: str, *, radius: float = 0.0) -> None:
        self._draw.rounded_rectangle(
            [self._at(start), self._at(end)], radius * self._unit, fill=colour
        )

    def frame(self, start: Point, end: Point, colour: str, *, width: float) -> None:
        self._draw.rectangle(
            [self._at(start), self._at(end)], outline=colour, width=round(width * self._unit)
        )

    def disc(self, centre: Point, radius: float, colour: str) -> None:
        self._draw.circle(self._at(centre), radius * self._unit, fill=colour)

    def ring(self, centre: Point, radius: float, colour: str, *, width: float) -> None:
        self._draw.circle(
            self._at(centre), radius * self._unit, outline=colour, width=round(width * self._unit)
        )

    def line(self, points: Sequence[Point], colour: str, *, width: float) -> None:
        self._draw.line(
            [self._at(point) for point in points],
            fill=colour,
            width=round(width * self._unit),
            joint="curve",
        )

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        self._draw.polygon([self._at(point) for point in points], fill=colour)

    def text(self, centre: Point, words: str, colour: str, *, height: float) -> None:
        self._draw.text(
            self._at(centre),
            words,
            fill=colour,
            font=font(round(height * self._unit), bold=True),
            anchor="mm",
        )

    def glow(self, centre: Point, radius: float, colour: str, *, strength: float = 0.6) -> None:
        """A soft pool of light."""
        side = round(2 * radius * self._unit)
        light = Image.radial_gradient("L").point(lambda v: max(0, 255 - 2 * v) * strength)
        x, y = self._at(centre)
        corner = (round(x - side / 2), round(y - side / 2))
        self._image.paste(ImageColor.getrgb(colour), corner, light.resize((side, side)))

    def soften(self, radius: float) -> None:
        """Put all that was drawn so far out of focus."""
        small = self._image.reduce(4)
        blurred = small.filter(ImageFilter.GaussianBlur(radius * self._unit / 4))
        self._image.paste(blurred.resize(self._image.size))

    def finish(self, *, label: str, seed: int) -> Image.Image:
        """The picture in its own size, with grain, darker corners and the label."""
        picture = _darken_corners(self._image.reduce(OVERSAMPLING))
        noise = Image.frombytes("L", self._size, _noise(self._size, seed)).convert("RGB")
        picture = Image.blend(picture, noise, 0.035)
        _stamp_label(picture, label)
        return picture

    def _at(self, point: Point) -> Point:
        return (point[0] * self._unit, point[1] * self._unit)


def _darken_corners(picture: Image.Image) -> Image.Image:
    shade = Image.radial_gradient("L").point(lambda v: v * 0.45).resize(picture.size)
    return Image.composite(Image.new("RGB", picture.size, "black"), picture, shade)


def _noise(size: tuple[int, int], seed: int) -> bytes:
    return random.Random(seed).randbytes(size[0] * size[1])  # noqa: S311 - film grain


def _stamp_label(picture: Image.Image, label: str) -> None:
    draw = ImageDraw.Draw(picture, "RGBA")
    size = max(18, picture.height // 45)
    edge = size
    words = label.upper()
    left, top, right, bottom = draw.textbbox((0, 0), words, font=font(size, bold=True))
    width, height = right - left + 2 * edge, bottom - top + edge
    corner = (picture.width - width - edge, picture.height - height - edge)
    draw.rectangle((*corner, corner[0] + width, corner[1] + height), fill=(0, 0, 0, 150))
    draw.text(
        (corner[0] + width / 2, corner[1] + height / 2),
        words,
        font=font(size, bold=True),
        fill=(255, 255, 255, 235),
        anchor="mm",
    )
