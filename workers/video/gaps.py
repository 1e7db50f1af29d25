"""Holes in a picture, and clocks that jump, told from the times of its packets: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

GAP_SECONDS_MIN = 1
JUMP_SECONDS_MIN = 10
"""From here on ffmpeg takes a hole in a stream for a new clock, and closes it up
(`dts_delta_threshold`, https://ffmpeg.org/ffmpeg.html#Advanced-options)."""
GAP_SECONDS_MAX = 600
"""What jumps farther was not away for so long: its clock was set anew."""
EVEN_SHARE = Fraction(9, 10)
"""Of the steps from picture to picture: with fewer equal ones a pause is no hole, but the way in
which slides and screens are recorded."""
_JITTER_RATIO = Fraction(1, 4)
_BACKWARDS_SECONDS = Fraction(1, 10)


@dataclass(frozen=True)
class Gap:
    """`after_seconds` counts from the first picture."""

    after_seconds: float
    seconds: float


def gaps_between(
    times: Sequence[int], *, time_base: Fraction, cut_out: Sequence[tuple[int, int]] = ()
) -> tuple[Gap, ...]:
    """Where pictures must be missing in `times`, which rise; none when their steps are uneven.

    `cut_out` are gaps that were closed up: the time behind each and how much was taken out.
    """
    steps = [later - earlier for earlier, later in pairwise(times)]
    usual = sorted(steps)[len(steps) // 2] if steps else 0
    if not usual or not _are_even(steps, usual, jumps=len(cut_out)):
        return ()
    closed = [(time, ticks) for time, ticks in cut_out if ticks * time_base < GAP_SECONDS_MAX]
    opened = [
        (earlier + usual, step - usual)
        for earlier, step in zip(times, steps, strict=False)
        if (step - usual) * time_base >= GAP_SECONDS_MIN
    ]
    return tuple(
        Gap(float((time - times[0]) * time_base), float(ticks * time_base))
        for time, ticks in sorted([*opened, *closed])
    )


def _are_even(steps: Sequence[int], usual: int, *, jumps: int) -> bool:
    """Where the clock jumps a step was as long as usual only once it was closed up."""
    equal = sum(abs(step - usual) <= _JITTER_RATIO * usual for step in steps) - jumps
    return equal >= EVEN_SHARE * len(steps)


class SteadyClock:
    """Takes the times of a stream as they come, and lets none jump: what ffmpeg does, too."""

    def __init__(self, time_base: Fraction) -> None:
        self._forwards_max = int(JUMP_SECONDS_MIN / time_base)
        self._backwards_max = int(_BACKWARDS_SECONDS / time_base)
        self._last: int | None = None
        self._next = 0
        self.offset = 0
        self.cut_out: list[tuple[int, int]] = []

    def shift(self, decoded_at: int, *, duration: int) -> int:
        """How much must be added to the times of a packet that follows the ones before."""
        time = decoded_at + self.offset
        if self._last is not None:
            ahead = time - self._next
            if ahead > self._forwards_max or time < self._last - self._backwards_max:
                self.offset -= ahead
                time = self._next
                if ahead > 0:
                    self.cut_out.append((time, ahead))
        self._last = time
        self._next = time + duration
        return self.offset
