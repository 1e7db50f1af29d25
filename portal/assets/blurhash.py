"""BlurHash: a picture's few broadest waves of colour in some thirty characters.

Shown, blurred, until the picture is there; programs that read our API know the format too.
https://github.com/woltapp/blurhash/blob/master/Algorithm.md
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import cache

Colour = tuple[int, int, int]
"""Red, green and blue in sRGB, 0 to 255."""
Rows = Sequence[Sequence[Colour]]

LENGTH_MAX = 6 + 2 * 80
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_VALID = re.compile("[" + re.escape(_DIGITS) + "]{6,}")
_QUANTA, _QUANTA_HALF = 19, 9
_MAXIMUM_QUANTA = 82

_Light = tuple[float, float, float]
"""The same in linear light, or the strength of a wave in it."""


def is_blurhash(text: str) -> bool:
    """Whether it has as many characters as it says, of those that are used, and can be shown."""
    if len(text) > LENGTH_MAX or not _VALID.fullmatch(text):
        return False
    across, down = _components(text)
    is_colour = _number(text[2:6]) < 2**24
    return down <= 9 and is_colour and len(text) == 4 + 2 * across * down


def encoded(pixels: Rows, *, across: int, down: int) -> str:
    """`across` and `down` are how many waves are kept, each 1 to 9."""
    first, *others = _waves(pixels, across, down)
    strongest = max((abs(part) for wave in others for part in wave), default=0.0)
    quantised = max(0, min(_MAXIMUM_QUANTA, math.floor(strongest * 166 - 0.5)))
    maximum = (quantised + 1) / 166
    size = _base83(across - 1 + (down - 1) * 9, 1)
    average = _base83(int.from_bytes(bytes(map(_shade, first))), 4)
    details = (_base83(_packed(wave, maximum), 2) for wave in others)
    return size + _base83(quantised if others else 0, 1) + average + "".join(details)


def decoded(text: str, *, width: int, height: int) -> list[list[Colour]]:
    """The blurred picture, row by row. Only for what is a blurhash."""
    across, down = _components(text)
    maximum = (_number(text[1]) + 1) / 166
    first: _Light = _three(_light(part) for part in _number(text[2:6]).to_bytes(3))
    others = [_unpacked(_number(text[at : at + 2]), maximum) for at in range(6, len(text), 2)]
    waves = [first, *others]
    return [
        [_colour(waves, _basis(x, width, across), _basis(y, height, down)) for x in range(width)]
        for y in range(height)
    ]


def _waves(pixels: Rows, across: int, down: int) -> list[_Light]:
    """Row by row first: the sums over both directions are independent."""
    height, width = len(pixels), len(pixels[0])
    columns = [_basis(x, width, across) for x in range(width)]
    lines = [
        [_weighted(light, [column[i] for column in columns]) for i in range(across)]
        for light in ([_three(map(_light, pixel)) for pixel in row] for row in pixels)
    ]
    rows = [_basis(y, height, down) for y in range(height)]
    return [
        _scaled(
            _weighted([line[i] for line in lines], [row[j] for row in rows]),
            (1 if i == j == 0 else 2) / (width * height),
        )
        for j in range(down)
        for i in range(across)
    ]


def _basis(at: int, length: int, count: int) -> list[float]:
    return [math.cos(math.pi * at * wave / length) for wave in range(count)]


def _weighted(lights: Sequence[_Light], weights: Sequence[float]) -> _Light:
    return _three(
        sum(light[part] * weight for light, weight in zip(lights, weights, strict=True))
        for part in range(3)
    )


def _scaled(light: _Light, factor: float) -> _Light:
    return _three(part * factor for part in light)


def _colour(waves: Sequence[_Light], column: Sequence[float], row: Sequence[float]) -> Colour:
    weights = [vertical * horizontal for vertical in row for horizontal in column]
    red, green, blue = map(_shade, _weighted(waves, weights))
    return red, green, blue


def _packed(wave: _Light, maximum: float) -> int:
    number = 0
    for part in wave:
        root = math.copysign(math.sqrt(min(1.0, abs(part) / maximum)), part)
        level = math.floor(root * _QUANTA_HALF + _QUANTA_HALF + 0.5)
        number = number * _QUANTA + max(0, min(_QUANTA - 1, level))
    return number


def _unpacked(number: int, maximum: float) -> _Light:
    levels = (number // _QUANTA**2, number // _QUANTA % _QUANTA, number % _QUANTA)
    roots = ((level - _QUANTA_HALF) / _QUANTA_HALF for level in levels)
    return _three(math.copysign(root * root, root) * maximum for root in roots)


def _three(parts: Iterable[float]) -> _Light:
    red, green, blue = parts
    return red, green, blue


@cache
def _light(shade: int) -> float:
    """https://www.w3.org/Graphics/Color/srgb"""
    value = shade / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _shade(light: float) -> int:
    value = max(0.0, min(1.0, light))
    encoded = value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(encoded * 255)


def _components(text: str) -> tuple[int, int]:
    flag = _number(text[0])
    return flag % 9 + 1, flag // 9 + 1


def _base83(number: int, length: int) -> str:
    return "".join(_DIGITS[number // 83**place % 83] for place in reversed(range(length)))


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * 83 + _DIGITS.index(digit)
    return number
