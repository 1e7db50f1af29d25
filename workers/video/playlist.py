"""Reads the media playlist that ffmpeg wrote: how long each segment lasts."""

from __future__ import annotations

import re

from portal.errors import ToolFailed

_SEGMENT = re.compile(r"^#EXTINF:(\d+(?:\.\d+)?),[^\n]*\n(\d{5,})\.m4s$", re.MULTILINE)


def segment_seconds(playlist: str) -> tuple[float, ...]:
    """Durations of segments 1, 2, … Raises ToolFailed when they are not numbered like that."""
    found = _SEGMENT.findall(playlist)
    if [int(number) for _, number in found] != list(range(1, len(found) + 1)):
        raise ToolFailed("ffmpeg wrote a playlist whose segments are not numbered from 1.")
    return tuple(float(seconds) for seconds, _ in found)


def segment_name(number: int) -> str:
    return f"{number:05d}.m4s"
