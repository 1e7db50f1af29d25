"""The ladder for every size of picture: never enlarged, even, in proportion, far enough apart."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recordings import video
from workers.video.ladder import kept_rate, ladder, preview_rung, shown_frame_rate

SIDES = st.integers(min_value=1, max_value=4000).map(lambda half: half * 2)
RATES = st.none() | st.fractions(min_value=1, max_value=480, max_denominator=1001)


@pytest.mark.parametrize(
    ("size", "names"),
    [
        ((1920, 1080), ["1080p", "720p", "480p", "360p", "240p"]),
        ((1080, 1920), ["1080p", "720p", "480p", "360p", "240p"]),
        ((3840, 2160), ["1080p", "720p", "480p", "360p", "240p"]),
        ((1600, 1200), ["1080p", "720p", "480p", "360p", "240p"]),
        ((1280, 720), ["720p", "480p", "360p", "240p"]),
        ((768, 432), ["432p", "360p", "240p"]),
        ((640, 360), ["360p", "240p"]),
        ((480, 270), ["270p", "144p"]),
        ((320, 240), ["240p", "144p"]),
        ((160, 120), ["120p"]),
        ((16, 16), ["16p"]),
    ],
)
def test_rungs_by_the_short_side(size: tuple[int, int], names: list[str]) -> None:
    assert [rung.name for rung in ladder(video(*size))] == names


def test_proportions_are_kept() -> None:
    assert [(r.width, r.height) for r in ladder(video(1080, 1920))][:2] == [
        (1080, 1920),
        (720, 1280),
    ]


@given(width=SIDES, height=SIDES, rate=RATES)
def test_every_ladder_is_sound(width: int, height: int, rate: Fraction | None) -> None:
    source = video(width, height, rate)
    rungs = ladder(source)
    assert rungs
    assert len({rung.name for rung in rungs}) == len(rungs)
    for rung in rungs:
        assert rung.width % 2 == rung.height % 2 == 0
        assert 2 <= rung.width <= min(width, 4096)
        assert 2 <= rung.height <= min(height, 4096)
        assert min(rung.width, rung.height) <= 1080
        assert rung.bitrate_bps_max >= 100_000
    heights = [min(rung.width, rung.height) for rung in rungs]
    assert heights == sorted(set(heights), reverse=True)
    assert all(lower < 0.85 * min(width, height) for lower in heights[1:])
    assert preview_rung(rungs) in rungs


@given(width=SIDES, height=SIDES)
def test_proportions_differ_by_rounding_only(width: int, height: int) -> None:
    for rung in ladder(video(width, height)):
        long_side, short_side = max(width, height), min(width, height)
        expected = long_side * min(rung.width, rung.height) / short_side
        assert abs(max(rung.width, rung.height) - min(expected, 4096)) <= max(1, 0.5 * expected / 2)


@given(height=st.sampled_from([240, 360, 480, 720, 1080]), rate=st.integers(1, 240))
def test_rates_fall_with_the_rung(height: int, rate: int) -> None:
    rates = [
        rung.bitrate_bps_max for rung in ladder(video(height * 16 // 9, height, rate * Fraction(1)))
    ]
    assert rates == sorted(rates, reverse=True)


def test_more_frames_cost_more_but_not_in_proportion() -> None:
    at_30, at_60 = (ladder(video(1280, 720, Fraction(r)))[0].bitrate_bps_max for r in (30, 60))
    assert at_30 < at_60 < 2 * at_30


def test_larger_rungs_are_made_when_they_are_allowed() -> None:
    names = ["2160p", "1440p", "1080p", "720p", "480p", "360p", "240p"]
    large = video(3840, 2160)
    assert [rung.name for rung in ladder(large, short_side_max=2160)] == names
    assert [rung.name for rung in ladder(large, short_side_max=1440)] == names[1:]
    assert [rung.name for rung in ladder(large, short_side_max=480)] == names[4:]
    assert ladder(video(1280, 720), short_side_max=2160) == ladder(video(1280, 720))


def test_the_preview_is_the_smallest_rung() -> None:
    assert preview_rung(ladder(video(1920, 1080))).name == "240p"


@pytest.mark.parametrize(
    ("rate", "kept"),
    [
        ("60", "60"),
        ("100", "50"),
        ("120", "60"),
        ("120000/1001", "60000/1001"),
        ("144", "48"),
        ("240", "60"),
    ],
)
def test_of_many_frames_every_so_many_is_kept(rate: str, kept: str) -> None:
    assert kept_rate(Fraction(rate)) == Fraction(kept)


@pytest.mark.parametrize(
    ("rate", "shown"), [(None, None), (Fraction(30000, 1001), 29.97), (Fraction(120), 60.0)]
)
def test_frame_rates_are_shown_with_three_decimals(
    rate: Fraction | None, shown: float | None
) -> None:
    assert shown_frame_rate(video(640, 360, rate)) == shown
