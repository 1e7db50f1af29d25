"""The commands of still pictures, and the judgement of a frame."""

from __future__ import annotations

import shlex
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.stills.luma import Luma, read_luma
from workers.stills.poster_commands import (
    exact_frame_command,
    poster_places,
    poster_size,
    typical_frame_command,
)
from workers.stills.storyboard import plan_storyboard
from workers.stills.storyboard_command import storyboard_command
from workers.video.argv import Source
from workers.video.formats import CODEC_WHITELIST, FORMAT_WHITELIST
from workers.video.probe import Colour, VideoStream

SOURCE = Source(ffmpeg="ffmpeg", path=Path("/store/-a 'b'.mp4"), pixels_max=1000)
VIDEO = VideoStream(
    index=0,
    codec="h264",
    width=1920,
    height=1080,
    rotation_degrees=0,
    pixel_format="yuv420p",
    average_frame_rate=Fraction(25),
    nominal_frame_rate=Fraction(25),
    duration_seconds=None,
    is_default=True,
    coded_width=1920,
    coded_height=1080,
)
PRINTED = """\
frame:0    pts:0       pts_time:0
lavfi.signalstats.YMIN=3
lavfi.signalstats.YLOW={low}
lavfi.signalstats.YAVG={average}
lavfi.signalstats.YHIGH={high}
lavfi.signalstats.YMAX=250
"""


def graph_of(argv: list[str]) -> str:
    return argv[argv.index("-filter_complex") + 1]


def typical(video: VideoStream = VIDEO) -> list[str]:
    return typical_frame_command(SOURCE, video, at_seconds=3.5, file="a.jpg", luma="a.txt")


def test_a_typical_frame_is_looked_for_in_a_few_seconds() -> None:
    argv = typical()
    text = shlex.join(argv)
    assert "-ss 3.5 -t 5 -i" in text
    assert argv[argv.index("-i") + 1] == "file:/store/-a 'b'.mp4"
    assert (f"-format_whitelist {FORMAT_WHITELIST}") in text
    assert (f"-codec_whitelist {CODEC_WHITELIST}") in text
    graph = graph_of(argv)
    assert graph.startswith("[0:0]fps=3[s0];[s0]thumbnail=15[s1];[s1]scale=1280:720")
    assert "signalstats" in graph
    assert "metadata=print:file=a.txt" in graph
    assert "-map_metadata -1" in text
    assert text.endswith("-update 1 a.jpg")


def test_a_chosen_frame_is_that_frame() -> None:
    argv = exact_frame_command(SOURCE, VIDEO, at_seconds=61.04, file="a.jpg", luma="a.txt")
    assert "-ss 61.04" in shlex.join(argv)
    assert not {"thumbnail", "fps"} & set(shlex.join(argv).replace("=", " ").split())
    assert "-frames:v 1" in shlex.join(argv)


def test_high_dynamic_range_is_mapped_and_fields_are_joined() -> None:
    hdr = replace(VIDEO, colour=Colour("bt2020", "smpte2084", "bt2020nc", "tv"))
    assert "tonemap" in graph_of(typical(hdr))
    assert "bwdif" in graph_of(typical(replace(VIDEO, field_order="tt")))
    assert not {"tonemap", "bwdif"} & set(graph_of(typical()).replace("=", "]").split("]"))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1920, 1080), (1280, 720)), ((720, 1280), (720, 1280)), ((16, 16), (16, 16))],
)
def test_a_poster_is_never_enlarged(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert poster_size(replace(VIDEO, width=size[0], height=size[1])) == expected


@given(st.none() | st.floats(0, 1e6), st.floats(0, 1e6))
def test_few_places_are_looked_at_and_the_beginning_last(
    duration_seconds: float | None, begins_seconds: float
) -> None:
    places = poster_places(duration_seconds, begins_seconds=begins_seconds)
    assert 1 <= len(places) <= 7
    assert len(set(places)) == len(places)
    assert min(places) >= 0
    assert places[-1] <= begins_seconds or places[-1] == pytest.approx(begins_seconds, abs=0.001)


def luma(average: float, low: float, high: float) -> Luma | None:
    return read_luma(PRINTED.format(average=average, low=low, high=high))


@pytest.mark.parametrize(
    ("values", "is_dull"),
    [
        ((0, 0, 0), True),
        ((9.5, 0, 30), True),
        ((128, 127, 129), True),
        ((255, 255, 255), True),
        ((60, 20, 140), False),
        ((220, 120, 250), False),
    ],
)
def test_black_and_flat_frames_are_dull(values: tuple[float, float, float], is_dull: bool) -> None:
    found = luma(*values)
    assert found is not None
    assert found.is_dull is is_dull


def test_of_dull_frames_the_one_with_something_to_see_is_worth_more() -> None:
    frames = [Luma(2, 0, 0), Luma(200, 199, 201), Luma(10, 0, 90)]
    assert max(frames, key=lambda frame: frame.worth) == Luma(200, 199, 201)


@given(st.text())
def test_what_tells_nothing_is_nothing(printed: str) -> None:
    assert read_luma(printed) is None


def test_the_storyboard_takes_key_frames_from_the_smallest_rung() -> None:
    board = plan_storyboard(duration_seconds=3600, width=426, height=240)
    argv = storyboard_command(SOURCE, board)
    assert "-skip_frame nokey" in shlex.join(argv[: argv.index("-i")])
    graph = graph_of(argv)
    assert graph.startswith("[0:v:0]fps=fps=1/10:round=up:start_time=0[s0];[s0]scale=160:90[s1]")
    assert "trim=end_frame=360" in graph
    assert "tile=10x10" in graph
    assert argv[-1] == "storyboard-%02d.jpg"
