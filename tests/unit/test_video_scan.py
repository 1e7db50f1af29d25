"""Packets tell whether a picture has a constant rhythm, and where its key frames are."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.video.gaps import Gap
from workers.video.scan import PacketReader, Scan

RATES = [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(60)]


def scan(
    *lines: str,
    time_base: Fraction = Fraction(1, 1000),
    rate: Fraction | None = None,
    may_jump: bool = False,
) -> Scan | None:
    reader = PacketReader(time_base=time_base, rates=(rate,), may_jump=may_jump)
    for line in lines:
        reader.take(line)
    return reader.scan()


def packets(times: list[int], *, keys: frozenset[int] = frozenset({0})) -> list[str]:
    return [
        f"{time},{time},40,100,{'K_' if number in keys else '__'}"
        for number, time in enumerate(times)
    ]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("written", ["exactly", "2 decimals", "not at all"])
def test_times_in_milliseconds_are_a_constant_rate(rate: Fraction, written: str) -> None:
    """Matroska rounds every time, and some rates."""
    stated = {"exactly": rate, "2 decimals": Fraction(round(rate * 100), 100), "not at all": None}
    times = [round(number * 1000 / rate) for number in range(5000)]
    found = scan(*packets(times), rate=stated[written])
    assert found is not None
    assert found.frame_rate == rate
    assert found.is_exact is (rate == 25)
    assert found.seconds == 5000 / rate


@given(st.lists(st.integers(1, 400), min_size=30, max_size=60, unique=True))
def test_irregular_times_have_no_rate(steps: list[int]) -> None:
    times = [sum(steps[:n]) for n in range(len(steps))]
    found = scan(*packets(times), rate=Fraction(25))
    assert found is not None
    assert found.frame_rate is None
    assert found.seconds == Fraction(times[-1] - times[0] + 40, 1000)


def test_one_missing_frame_is_noticed() -> None:
    times = [number * 40 for number in range(1000) if number != 700]
    found = scan(*packets(times), rate=Fraction(25))
    assert found is not None
    assert found.frame_rate is None


def test_packets_come_in_the_order_of_decoding() -> None:
    shown = [0, 120, 40, 80, 240, 160, 200]
    found = scan(*packets(shown, keys=frozenset({0, 4})), rate=Fraction(25))
    assert found is not None
    assert found.key_frames == (0, 6)
    assert found.has_leading_pictures  # 160 and 200 follow the key frame of 240
    assert found.begins_with_key_frame
    assert found.frame_rate == 25
    assert (found.frame_count, found.is_exact) == (7, True)
    assert found.longest_group_frames == 6
    assert found.size_bytes == 700


def test_what_an_edit_list_hides_is_not_counted() -> None:
    found = scan("-80,-80,40,9,KD", "-40,-40,40,9,_D", *packets([0, 40], keys=frozenset()))
    assert found is not None
    assert found.key_frames == ()
    assert (found.frame_count, found.first_seconds) == (2, Fraction(0))
    assert not found.begins_with_key_frame


@pytest.mark.parametrize("line", ["N/A,N/A,40,100,__", "80,80,N/A", "nonsense"])
def test_what_has_no_time_is_noticed(line: str) -> None:
    found = scan(*packets([0, 40]), line)
    assert found is not None
    assert not found.is_complete
    assert scan(*packets([0, 40]), "") == scan(*packets([0, 40]))


def test_two_pictures_at_one_time_are_noticed() -> None:
    found = scan(*packets([0, 40, 40, 80]))
    assert found is not None
    assert not found.is_complete


def test_no_packet_is_no_scan() -> None:
    assert scan() is None
    assert scan("N/A,N/A,1,1,K_") is None


def evenly(*stretches: tuple[int, int]) -> list[int]:
    """Times of pictures, 40 ms from each to the next: where each stretch begins, how many."""
    return [begins + 40 * number for begins, count in stretches for number in range(count)]


@pytest.mark.parametrize("begins", [9_000_000, 0, 2_000])
def test_a_clock_that_jumps_lasts_as_long_as_its_pictures(begins: int) -> None:
    times = evenly((1_000, 75), (begins, 75))
    found = scan(*packets(times), rate=Fraction(25), may_jump=True)
    assert found is not None
    assert found.frame_rate == 25
    assert (found.frame_count, found.seconds) == (150, Fraction(6))
    assert found.gaps == ()
    assert found.is_complete


def test_a_jump_moves_reordered_pictures_together() -> None:
    """Each is decoded 80 ms before it is shown, but for those that are held back."""
    orders = [(start, n, place) for start in (0, 5_000_000) for n, place in enumerate((0, 2, 1))]
    lines = [
        f"{start + 80 + 40 * place},{start + 40 * n},40,9,{'K_' if n == 0 else '__'}"
        for start, n, place in orders
    ]
    found = scan(*lines, rate=Fraction(25), may_jump=True)
    assert found is not None
    assert found.frame_rate == 25
    assert found.key_frames == (0, 3)
    assert found.frame_count == 6


def test_what_has_no_time_of_decoding_jumps_with_the_others() -> None:
    lines = [*packets(evenly((0, 50), (5_000_000, 10))), "5000400,N/A,40,100,__"]
    found = scan(*lines, rate=Fraction(25), may_jump=True)
    assert found is not None
    assert (found.frame_count, found.seconds) == (61, Fraction(61, 25))


@pytest.mark.parametrize(
    ("away_ms", "gaps"),
    [
        (960, ()),
        (1000, (Gap(3.0, 1.0),)),
        (9_000, (Gap(3.0, 9.0),)),
        (30_000, (Gap(3.0, 30.0),)),  # closed up, and lost all the same
        (3_600_000, ()),  # nobody knows what a new clock has to do with the old one
    ],
)
def test_a_hole_is_noticed_in_what_is_even(away_ms: int, gaps: tuple[Gap, ...]) -> None:
    times = evenly((0, 75), (3_000 + away_ms, 75))
    found = scan(*packets(times), rate=Fraction(25), may_jump=True)
    assert found is not None
    assert found.gaps == gaps


@pytest.mark.parametrize(
    "times",
    [
        [60_000 * n for n in range(10)],
        [0, 60_000, 90_000, 91_000, 200_000, 260_000],
        [sum((40, 40, 40, 200, 40, 3_000)[k % 6] for k in range(n)) for n in range(60)],
        [7],
    ],
    ids=["slides", "slides by hand", "screen", "one"],
)
def test_pauses_of_slides_and_screens_are_no_holes(times: list[int]) -> None:
    for may_jump in (True, False):
        found = scan(*packets(times), may_jump=may_jump)
        assert found is not None
        assert found.gaps == ()


@given(
    st.lists(
        st.text(max_size=30)
        | st.from_regex(r"-?\d{1,18},(N/A|-?\d{1,18}),\d{1,9},\d+,K_", fullmatch=True)
    ),
    st.booleans(),
)
def test_any_lines_are_read(lines: list[str], may_jump: bool) -> None:
    found = scan(*lines, may_jump=may_jump)
    assert found is None or found.frame_count > 0
