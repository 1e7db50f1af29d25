"""Picture or sound that begins late: how much is filled up, and what is said of the rest."""

from __future__ import annotations

from datetime import timedelta

from workers.video.probe import AudioStream, Probe, VideoStream

DELAY_SECONDS_MAX = 300
"""What begins later begins at once: a file of a few bytes may claim days, and days to encode."""


def is_beyond_filling(delay_seconds: float) -> bool:
    return delay_seconds > DELAY_SECONDS_MAX


def has_delay_left_out(probe: Probe) -> bool:
    """Whether the result is shorter than the recording claims to be, and not damaged by that."""
    return any(_too_late(probe))


def delay_notes(probe: Probe) -> tuple[str, ...]:
    """A sentence about each of picture and sound whose delay was left out."""
    return tuple(
        f"The {_what(stream)} claims to begin {timedelta(seconds=round(stream.delay_seconds))} "
        "after the recording; it was put at the beginning."
        for stream in _too_late(probe)
    )


def _too_late(probe: Probe) -> tuple[VideoStream | AudioStream, ...]:
    return tuple(
        stream
        for stream in (probe.video, probe.audio)
        if stream is not None and is_beyond_filling(stream.delay_seconds)
    )


def _what(stream: VideoStream | AudioStream) -> str:
    return "picture" if isinstance(stream, VideoStream) else "sound"
