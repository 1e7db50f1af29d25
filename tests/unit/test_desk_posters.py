"""Times as editors write them, and the pictures of a storyboard."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.desk.assets.storyboard import STILLS_MAX, Still, read_storyboard, thinned
from portal.desk.assets.times import check_is_within, read_time
from portal.errors import InvalidInput
from portal.web.formatting import format_clock


@pytest.mark.parametrize(
    ("given_time", "seconds"),
    [
        ("0", 0.0),
        ("62.5", 62.5),
        ("62,5", 62.5),
        ("1:02.5", 62.5),
        ("00:01:02.500", 62.5),
        ("100:00:00", 360_000.0),
        (" 7 ", 7.0),
    ],
)
def test_a_time_is_read_in_the_ways_that_people_write_it(given_time: str, seconds: float) -> None:
    assert read_time(given_time, field="at") == seconds


@given(st.integers(min_value=0, max_value=999 * 3600))
def test_a_clock_is_read_as_it_is_shown(seconds: int) -> None:
    assert read_time(format_clock(seconds), field="at") == seconds


@given(st.text(max_size=12))
def test_other_texts_are_refused_and_break_nothing(text: str) -> None:
    with suppress(InvalidInput):
        assert read_time(text, field="at") >= 0


@pytest.mark.parametrize("text", ["", "soon", "-1", "1:2:3:4", "1e3", "٣", "nan", "1:02.5:3"])
def test_what_is_no_time_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_time(text, field="at")
    assert set(refused.value.fields) == {"at"}


def test_a_time_must_lie_within_the_recording() -> None:
    check_is_within(9.9, 10.0, field="at")
    check_is_within(9.9, None, field="at")
    with pytest.raises(InvalidInput, match="not that long"):
        check_is_within(10.0, 10.0, field="at")


def test_pictures_are_read_with_their_places() -> None:
    text = (
        "WEBVTT\r\n\r\n00:00:02.000 --> 00:00:04.000\r\nstoryboard-01.jpg#xywh=160,0,160,90\r\n"
        "\r\n01:04.500 --> 01:06.000\r\nstoryboard-02.jpg#xywh=0,90,160,90\r\n"
    )
    assert read_storyboard(text) == [
        Still(2.0, "storyboard-01.jpg", 160, 0, 160, 90),
        Still(64.5, "storyboard-02.jpg", 0, 90, 160, 90),
    ]


@pytest.mark.parametrize(
    "sheet", ["https://elsewhere.example/a.jpg", "../poster.jpg", "a.svg", "a b.jpg", '"><b>.jpg']
)
def test_pictures_that_are_not_ours_are_left_out(sheet: str) -> None:
    cue = f"WEBVTT\n\n00:00:02.000 --> 00:00:04.000\n{sheet}#xywh=0,0,160,90\n"
    assert read_storyboard(cue) == []


@given(st.integers(min_value=0, max_value=2000))
def test_there_are_never_too_many_to_choose_from(count: int) -> None:
    stills = [Still(float(at), "a.jpg", 0, 0, 1, 1) for at in range(count)]
    shown = thinned(stills)
    assert len(shown) <= STILLS_MAX
    assert shown[:1] == stills[:1]
    assert len(shown) >= min(count, STILLS_MAX // 2)
