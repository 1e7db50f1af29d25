"""The captions of a recording as WebVTT segments; pure.

https://www.rfc-editor.org/rfc/rfc8216#section-3.5
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portal.delivery.hls_syntax import rounded
from portal.transcripts.formats import write_vtt
from portal.transcripts.models import Cue

SEGMENT_SECONDS = 30
"""Long enough that an hour is not a thousand requests, short enough to come with a seek."""
PEAK_BPS = 8_000
"""More than anybody speaks: thirty words a second, in Cyrillic."""

_SIGNATURE = "WEBVTT\n"
_CLOCK = "X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"
"""Times of cues are those of picture and sound, which begin at 0."""


@dataclass(frozen=True)
class Window:
    """The stretch of a recording that a segment is for."""

    start_seconds: float
    end_seconds: float


def window(number: int) -> Window:
    """They count from 1."""
    return Window((number - 1) * SEGMENT_SECONDS, number * SEGMENT_SECONDS)


def segment_durations(seconds: float) -> list[float]:
    """Of the segments of a recording that plays so long."""
    whole, rest = divmod(seconds, SEGMENT_SECONDS)
    durations = [float(SEGMENT_SECONDS)] * int(whole)
    return [*durations, rest] if rounded(rest) > 0 or not durations else durations


def segment_text(cues: Iterable[Cue]) -> str:
    """The segment of `cues`, which are all that show within its window."""
    return write_vtt(cues).replace(_SIGNATURE, _SIGNATURE + _CLOCK, 1)
