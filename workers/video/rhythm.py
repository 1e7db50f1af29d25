"""A picture of constant rate, as numbered frames: pure arithmetic between frames and times."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

KEY_FRAME_SECONDS = 2
TIMESCALE_MIN = 10_000


@dataclass(frozen=True)
class Rhythm:
    """`source_rate` is the recording's, of whose frames every `step`-th is kept.

    `begins_seconds` is when its first frame is shown, counted from the recording's beginning;
    that frame is held for `held_frames` so that picture and sound start together.
    """

    source_rate: Fraction
    step: int
    begins_seconds: Fraction
    held_frames: int

    @property
    def rate(self) -> Fraction:
        return self.source_rate / self.step

    @property
    def frame_seconds(self) -> Fraction:
        return 1 / self.rate

    @property
    def group_frames(self) -> int:
        """From one key frame to the next: 2 s, in whole frames."""
        return math.ceil(KEY_FRAME_SECONDS * self.rate)

    @property
    def timescale(self) -> int:
        """Ticks per second, of which each frame lasts a whole number."""
        return self.rate.numerator * math.ceil(Fraction(TIMESCALE_MIN, self.rate.numerator))

    @property
    def frame_ticks(self) -> int:
        return int(self.frame_seconds * self.timescale)

    def frame_count(self, source_frames: int) -> int:
        """How many frames are shown of a recording that has so many."""
        return self.held_frames + math.ceil(Fraction(source_frames, self.step))

    def is_read_from_start(self, frame: int) -> bool:
        """Whether what begins with this frame needs no seeking."""
        return frame <= self.held_frames

    def reading_from(self, frame: int) -> Fraction:
        """A time between the recording's frame that is shown as `frame` and the one before it."""
        return self.begins_seconds + (self._source_frame(frame) - Fraction(1, 2)) / self.source_rate

    def _source_frame(self, frame: int) -> int:
        return max(0, frame - self.held_frames) * self.step

    def to_json(self) -> Mapping[str, object]:
        return {
            "source_rate": str(self.source_rate),
            "step": self.step,
            "begins_seconds": str(self.begins_seconds),
            "held_frames": self.held_frames,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            source_rate=Fraction(stored["source_rate"]),
            step=stored["step"],
            begins_seconds=Fraction(stored["begins_seconds"]),
            held_frames=stored["held_frames"],
        )
