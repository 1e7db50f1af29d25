"""Reads the media playlist that ffmpeg wrote: how long each segment lasts."""

from __future__ import annotations

import re

from portal.errors import ToolFailed

PLAYLIST_BYTES_MAX = 32 * 1024**2
"""A recording of 30 days needs 18 MB."""
_SEGMENT = re.compile(r"^#EXTINF:(\d{1,9}(?:\.\d{1,9})?),[^\n]*\n(\d{5,9})\.m4s$", re.MULTILINE)
_END = "#EXT-X-ENDLIST"


def segment_seconds(playlist: str) -> tuple[float, ...]:
    """Durations of segments 1, 2, … Raises ToolFailed when it has others or no end."""
    if playlist.rstrip().rpartition("\n")[2] != _END:
        raise ToolFailed("ffmpeg ended well but did not write its playlist to the end.")
    found = _SEGMENT.findall(playlist)
    if [int(number) for _, number in found] != list(range(1, len(found) + 1)):
        raise ToolFailed("ffmpeg wrote a playlist whose segments are not numbered from 1.")
    return tuple(float(seconds) for seconds, _ in found)
