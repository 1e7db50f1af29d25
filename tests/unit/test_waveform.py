"""Waveforms: read from what ffmpeg prints, written as JSON, drawn as PNG."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from workers.sound.drawing import HEIGHT, WIDTH, waveform_png
from workers.sound.waveform import (
    FULL_SCALE,
    POINTS_MAX,
    Waveform,
    columns,
    read_waveform,
    waveform_json,
)

LEVELS = st.floats(-90, 0)


def printed(levels: Sequence[object]) -> list[bytes]:
    """What `ametadata` prints for stretches with these peaks in dB."""
    return [
        line
        for number, level in enumerate(levels)
        for line in (
            b"frame:%d    pts:%d    pts_time:%f\n" % (number, number * 4800, number / 10),
            f"lavfi.astats.Overall.Peak_level={level}\n".encode(),
        )
    ]


def test_peaks_are_linear() -> None:
    waveform = read_waveform(printed([0, -6, -20, "-inf"]))
    assert waveform == Waveform(seconds_per_point=0.1, peaks=(255, 128, 26, 0))


@pytest.mark.parametrize(("level", "peak"), [("3.1", 255), ("inf", 255), ("nan", 0), ("-400", 0)])
def test_odd_levels_stay_within_the_scale(level: str, peak: int) -> None:
    assert read_waveform(printed([level])).peaks == (peak,)


@given(st.lists(st.binary(max_size=60)))
def test_any_lines_are_read(lines: list[bytes]) -> None:
    prefixed = [b"lavfi.astats.Overall.Peak_level=" + line for line in lines]
    peaks = read_waveform([*lines, *prefixed]).peaks
    assert all(0 <= peak <= FULL_SCALE for peak in peaks)


@given(st.integers(0, 5 * POINTS_MAX), st.integers(0, 5 * POINTS_MAX))
def test_however_long_the_points_are_few_and_the_loudest_is_kept(count: int, place: int) -> None:
    levels: list[object] = ["-inf"] * count
    levels[place : place + 1] = [0] if place < count else []
    waveform = read_waveform(printed(levels))
    assert len(waveform.peaks) <= POINTS_MAX
    seconds = len(waveform.peaks) * waveform.seconds_per_point
    assert count / 10 <= seconds + 1e-6 < count / 10 + waveform.seconds_per_point + 1e-6
    if place < count:
        assert waveform.peaks[math.floor(place / 10 / waveform.seconds_per_point + 1e-6)] == 255


def test_the_json_is_small_and_documented() -> None:
    text = waveform_json(Waveform(0.2, (0, 17, 255)))
    assert text == b'{"version":1,"seconds_per_point":0.2,"peaks":[0,17,255]}'
    longest = waveform_json(Waveform(648, (255,) * POINTS_MAX))
    assert len(longest) < 20_000
    assert json.loads(longest)["seconds_per_point"] == 648


@given(st.lists(st.integers(0, FULL_SCALE), max_size=50), st.integers(1, 60))
def test_no_peak_is_lost_between_columns(peaks: list[int], count: int) -> None:
    found = columns(Waveform(0.1, tuple(peaks)), count)
    assert len(found) == count
    assert max(found) == max(peaks, default=0)


def drawn(waveform: Waveform) -> Image.Image:
    with Image.open(io.BytesIO(waveform_png(waveform))) as image:
        assert image.format == "PNG"
        assert image.size == (WIDTH, HEIGHT)
        return image.convert("RGBA")


def test_silence_is_a_thin_line_on_nothing() -> None:
    image = drawn(Waveform(0.1, (0, 0, 0)))
    opacity = [image.getpixel((WIDTH // 3, row)) for row in range(HEIGHT)]
    assert opacity.count((255, 255, 255, 255)) == 2
    assert opacity.count((255, 255, 255, 0)) == HEIGHT - 2


def test_what_is_loud_is_tall() -> None:
    image = drawn(Waveform(0.1, (255, 128, 0)))
    heights = [_height(image, column) for column in (WIDTH // 6, WIDTH // 2, 5 * WIDTH // 6)]
    assert heights == [HEIGHT, 70, 2]


def test_equal_numbers_give_equal_bytes() -> None:
    waveform = Waveform(0.1, tuple(range(256)))
    assert waveform_png(waveform) == waveform_png(waveform)
    assert len(waveform_png(waveform)) < 20_000


def _height(image: Image.Image, column: int) -> int:
    alpha = image.getchannel("A")
    return sum(alpha.getpixel((column, row)) == 255 for row in range(HEIGHT))
