"""Time expressions of TTML and the parameters on which they depend.

https://www.w3.org/TR/ttml2/#timing-value-time-expression
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

_CLOCK = re.compile(
    r"([0-9]{1,4}):([0-9]{2}):([0-9]{2})"
    r"(?:[.,](?P<fraction>[0-9]{1,12})|[:;](?P<frames>[0-9]{1,4})(?:\.(?P<sub>[0-9]{1,4}))?)?"
)
_OFFSET = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(h|ms|m|s|f|t)")
_METRIC_SECONDS = {
    "h": Fraction(3600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 1000),
}
_DROPPED_FRAMES = {"dropNTSC": (2, 1), "dropPAL": (4, 2)}
"""Numbers left out each minute but every tenth, and in how many minutes: M/PAL skips odd ones."""
_RATE_MAX = 10**9


@dataclass(frozen=True)
class Clock:
    """How the document counts. `frame_rate` is the effective one, its multiplier applied."""

    nominal_frame_rate: int = 30
    frame_rate: Fraction = Fraction(30)
    sub_frame_rate: int = 1
    tick_rate: int = 1
    is_smpte: bool = False
    drop_mode: str = "nonDrop"

    def seconds(self, expression: str) -> Fraction | None:
        """`00:01:02.5`, `00:01:02:12`, `62.5s`, `1500t`; None for what is no time."""
        expression = expression.strip()
        if (offset := _OFFSET.fullmatch(expression)) is not None:
            return Fraction(offset[1]) * self._metric_seconds(offset[2])
        if (clock := _CLOCK.fullmatch(expression)) is not None:
            return self._clock_seconds(clock)
        return None

    def _metric_seconds(self, metric: str) -> Fraction:
        if metric == "f":
            return 1 / self.frame_rate
        return Fraction(1, self.tick_rate) if metric == "t" else _METRIC_SECONDS[metric]

    def _clock_seconds(self, clock: re.Match[str]) -> Fraction:
        minutes = int(clock[1]) * 60 + int(clock[2])
        whole = minutes * 60 + int(clock[3])
        if clock["fraction"] is not None:
            return whole + Fraction(int(clock["fraction"]), 10 ** len(clock["fraction"]))
        frames = Fraction(int(clock["frames"] or 0))
        frames += Fraction(int(clock["sub"] or 0), self.sub_frame_rate)
        if not self.is_smpte:
            return whole + frames / self.frame_rate
        # Time code counts frames; at 29.97 per second its clock is slow, or numbers are left out.
        counted = whole * self.nominal_frame_rate + frames - self._dropped(minutes)
        return counted / self.frame_rate

    def _dropped(self, minutes: int) -> int:
        numbers, every = _DROPPED_FRAMES.get(self.drop_mode, (0, 1))
        return numbers * (minutes // every - minutes // (10 * every))


def read_clock(parameters: Mapping[str, str]) -> Clock:
    """From the attributes of the root element; what makes no sense counts as absent."""
    nominal = _count(parameters.get("frameRate"))
    sub_frame_rate = _count(parameters.get("subFrameRate")) or 1
    ticks_of_frames = nominal * sub_frame_rate if nominal else 1
    return Clock(
        nominal_frame_rate=nominal or 30,
        frame_rate=(nominal or 30) * _multiplier(parameters.get("frameRateMultiplier", "")),
        sub_frame_rate=sub_frame_rate,
        tick_rate=_count(parameters.get("tickRate")) or ticks_of_frames,
        is_smpte=parameters.get("timeBase") == "smpte",
        drop_mode=parameters.get("dropMode", "nonDrop"),
    )


def _multiplier(value: str) -> Fraction:
    numbers = [_count(part) for part in re.split(r"[\s:]+", value.strip())]
    if len(numbers) == 2 and numbers[0] and numbers[1]:
        return Fraction(numbers[0], numbers[1])
    return Fraction(1)


def _count(value: str | None) -> int | None:
    is_number = value is not None and value.isascii() and value.isdigit() and len(value) < 12
    number = int(value or 0) if is_number else 0
    return number if 0 < number <= _RATE_MAX else None
