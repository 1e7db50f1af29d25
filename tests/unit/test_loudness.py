"""Reading the loudness from ffmpeg's log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sound.loudness import Loudness, read_loudness

SUMMARY = """\
[Parsed_ebur128_2 @ 0x55dac7508d80] Summary:

  Integrated loudness:
    I:         {integrated} LUFS
    Threshold: -33.4 LUFS

  Loudness range:
    LRA:         {range} LU
    Threshold: -43.4 LUFS
    LRA low:   -26.1 LUFS
    LRA high:  -20.0 LUFS

  True peak:
    Peak:       {peak} dBFS
[aac @ 0x55dac74f8400] Qavg: 973.968
"""
EMPTY = SUMMARY.format(integrated="-70.0", range="0.0", peak="-inf")
"""What `ebur128` also says when ffmpeg only tried how its filters fit."""


def summary(integrated: str = "-23.4", loudness_range: str = "6.1", peak: str = "-1.2") -> str:
    return SUMMARY.format(integrated=integrated, range=loudness_range, peak=peak)


def test_the_last_summary_counts() -> None:
    assert read_loudness(EMPTY + "size= 9802kB\n" + summary()) == Loudness(-23.4, 6.1, -1.2)


def test_a_peak_above_full_scale_is_told() -> None:
    assert read_loudness(summary(peak="2.3")).true_peak_dbtp == 2.3


@pytest.mark.parametrize("log", ["", "Error", EMPTY, "Summary:\n", "I: -3.0 LUFS", SUMMARY[:60]])
def test_silence_and_a_missing_summary_are_not_measured(log: str) -> None:
    assert read_loudness(log) == Loudness()


@pytest.mark.parametrize("nonsense", ["nan", "inf", "-inf", "-", "1e999", "--1", "9" * 400])
def test_nonsense_is_no_number(nonsense: str) -> None:
    assert read_loudness(summary(integrated=nonsense)) == Loudness()
    assert read_loudness(summary(loudness_range=nonsense, peak=nonsense)) == Loudness(-23.4)


@given(st.floats(-69.9, 20), st.floats(0, 60), st.floats(-90, 20))
def test_what_is_printed_is_read(integrated: float, loudness_range: float, peak: float) -> None:
    found = read_loudness(summary(f"{integrated:.1f}", f"{loudness_range:.1f}", f"{peak:.1f}"))
    assert found.integrated_lufs == pytest.approx(integrated, abs=0.051)
    assert found.range_lu == pytest.approx(loudness_range, abs=0.051)
    assert found.true_peak_dbtp == pytest.approx(peak, abs=0.051)


@given(st.text())
def test_any_log_is_read(log: str) -> None:
    read_loudness(f"Summary:{log}")
