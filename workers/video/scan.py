"""When each picture of a recording is shown, and which are key frames: read from its packets.

Pure apart from the command, which decodes nothing. What ffprobe prints is read line by line.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from workers.video.formats import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST
from workers.video.gaps import Gap, SteadyClock, gaps_between

PACKETS_MAX = 5_000_000
"""A day at 50 pictures per second; what is longer is not cut into chunks."""
STANDARD_RATES = (
    *(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)),
    *(Fraction(n) for n in (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 100, 120)),
)
_SNAP_RATIO = Fraction(1, 2000)
"""How far a written rate may lie from the standard one that is meant: 29.97 is 30000/1001."""
_JITTER_RATIO = Fraction(1, 4)
"""Of a frame's duration: half of one is what tells two frames apart by their times."""
_LINE = re.compile(r"(-?\d{1,18}|N/A),(-?\d{1,18}|N/A),(\d{1,10}|N/A),(\d{1,10}|N/A),([\w]{2,8}),?")


@dataclass(frozen=True)
class Scan:
    """The pictures in the order in which they are shown.

    `frame_rate` is the constant one, None when times are irregular; `is_exact` says that they
    meet it to the tick, not only about. `key_frames` are places in that order. Times are the
    stream's own.
    """

    frame_count: int
    first_seconds: Fraction
    seconds: Fraction
    frame_rate: Fraction | None
    is_exact: bool
    key_frames: tuple[int, ...]
    size_bytes: int
    has_leading_pictures: bool
    """Whether pictures follow a key frame that are shown before it: its group is open."""
    is_complete: bool
    """Whether every packet had a time, and all could be looked at."""
    gaps: tuple[Gap, ...] = ()
    """Where pictures must be missing, for all that their times tell."""
    is_container_broken: bool = False
    """Whether bytes between the packets made no sense."""

    @property
    def begins_with_key_frame(self) -> bool:
        return self.key_frames[:1] == (0,)

    @property
    def bit_rate_bps(self) -> float:
        return float(8 * self.size_bytes / self.seconds) if self.seconds else 0.0

    @property
    def longest_group_frames(self) -> int:
        """From a key frame to the next, or to the end."""
        return max((b - a for a, b in pairwise([*self.key_frames, self.frame_count])), default=0)


def scan_command(
    ffprobe: str, source: Path, *, stream: int, first_seconds: int | None = None
) -> list[str]:
    """Print time, duration, size and flags of each packet of one stream."""
    flags = ["-v", "error", "-protocol_whitelist", PROTOCOL_WHITELIST]
    flags += ["-format_whitelist", FORMAT_WHITELIST, "-codec_whitelist", CODEC_WHITELIST]
    flags += ["-select_streams", str(stream), "-of", "csv=p=0"]
    flags += ["-show_entries", "packet=pts,dts,duration,size,flags"]
    if first_seconds is not None:
        flags += ["-read_intervals", f"%+{first_seconds:d}"]
    return [ffprobe, *flags, "-i", f"file:{source}"]


@dataclass
class PacketReader:
    """Takes the lines of `scan_command` and gives the `Scan` at the end.

    `may_jump`: times are those of a stream that may begin anew anywhere, and are made steady.
    """

    time_base: Fraction
    rates: Sequence[Fraction | None] = ()
    may_jump: bool = False
    _times: array[int] = field(default_factory=lambda: array("q"))
    _keys: set[int] = field(default_factory=set)
    _size_bytes: int = 0
    _last_duration: int = 0
    _last_key_time: int | None = None
    _has_leading: bool = False
    _is_complete: bool = True
    _clock: SteadyClock = field(init=False)

    def __post_init__(self) -> None:
        self._clock = SteadyClock(self.time_base)

    def take(self, line: str) -> None:
        found = _LINE.fullmatch(line.strip())
        if found is None:
            self._is_complete = self._is_complete and not line.strip()
            return
        shown_at, decoded_at, duration, size, flags = found.groups()
        if "D" in flags:
            return  # before the beginning of an edit list: decoded, never shown
        if shown_at == "N/A" or len(self._times) == PACKETS_MAX:
            self._is_complete = False
            return
        self._last_duration = _count(duration) or self._last_duration
        shift = self._shift(decoded_at) if self.may_jump else 0
        self._add(int(shown_at) + shift, is_key=flags.startswith("K"))
        self._size_bytes += _count(size)

    def _shift(self, decoded_at: str) -> int:
        if decoded_at == "N/A":
            return self._clock.offset
        return self._clock.shift(int(decoded_at), duration=self._last_duration)

    def _add(self, time: int, *, is_key: bool) -> None:
        if is_key:
            self._keys.add(time)
            self._last_key_time = time
        elif self._last_key_time is not None and time < self._last_key_time:
            self._has_leading = True
        self._times.append(time)

    def scan(self, *, is_container_broken: bool = False) -> Scan | None:
        """What was seen; None when there was no picture with a time."""
        if not self._times:
            return None
        times = sorted(self._times)
        rate, is_exact = self._constant_rate(times)
        ticks = times[-1] - times[0] + self._last_duration
        return Scan(
            frame_count=len(times),
            first_seconds=times[0] * self.time_base,
            seconds=len(times) / rate if rate else ticks * self.time_base,
            frame_rate=rate,
            is_exact=is_exact,
            key_frames=tuple(n for n, time in enumerate(times) if time in self._keys),
            size_bytes=self._size_bytes,
            has_leading_pictures=self._has_leading,
            is_complete=self._is_complete and all(a < b for a, b in pairwise(times)),
            gaps=gaps_between(times, time_base=self.time_base, cut_out=self._clock.cut_out),
            is_container_broken=is_container_broken,
        )

    def _constant_rate(self, times: Sequence[int]) -> tuple[Fraction | None, bool]:
        for rate in self._candidates(times):
            ticks = 1 / (rate * self.time_base)
            error = _largest_error(times, ticks, within=_JITTER_RATIO * ticks)
            if error is not None:
                return rate, error == 0
        return None, False

    def _candidates(self, times: Sequence[int]) -> list[Fraction]:
        """Rates to try, likely ones first."""
        stated = [rate for rate in self.rates if rate]
        if len(times) > 1 and times[-1] > times[0]:
            mean = Fraction(len(times) - 1, times[-1] - times[0]) / self.time_base
            stated.append(mean)
        near = [
            standard for rate in stated for standard in STANDARD_RATES if _is_near(rate, standard)
        ]
        return list(dict.fromkeys([*near, *stated]))


def _is_near(rate: Fraction, standard: Fraction) -> bool:
    return abs(rate - standard) <= _SNAP_RATIO * standard


def _largest_error(times: Sequence[int], ticks: Fraction, *, within: Fraction) -> Fraction | None:
    """How far a picture is from its place in a constant rhythm; None when one is too far."""
    # Whole numbers: a long recording has hundreds of thousands of pictures.
    step, unit = ticks.numerator, ticks.denominator
    limit = within * unit
    largest = 0
    for number, time in enumerate(times):
        error = abs((time - times[0]) * unit - number * step)
        if error > limit:
            return None
        largest = max(largest, error)
    return Fraction(largest, unit)


def _count(written: str) -> int:
    return 0 if written == "N/A" else int(written)
