"""The tracks that an initialisation segment announces (ISO/IEC 14496-12, 8.3 to 8.8): pure."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.errors import ToolFailed
from workers.hls.boxes import find


@dataclass(frozen=True)
class SampleDefaults:
    """What a sample has that says nothing of its own."""

    duration: int = 0
    size_bytes: int = 0
    flags: int = 0


@dataclass(frozen=True)
class Track:
    """`begins_at`: the time of the media that is shown first (its edit list), in its timescale."""

    number: int
    timescale: int
    begins_at: int = 0
    defaults: SampleDefaults = field(default_factory=SampleDefaults)


def read_tracks(moov: bytes) -> Mapping[int, Track]:
    """The tracks by number, in the order of the file. Raises ToolFailed when they make no sense."""
    try:
        defaults = dict(_defaults(content) for content in find(moov, "mvex", "trex"))
        tracks = [_track(trak, defaults) for trak in find(moov, "trak")]
    except struct.error as error:
        raise _unreadable() from error
    if not tracks or any(track.timescale == 0 for track in tracks):
        raise ToolFailed("ffmpeg wrote an index without tracks or without their clocks.")
    return {track.number: track for track in tracks}


def _track(trak: bytes, defaults: Mapping[int, SampleDefaults]) -> Track:
    (number,) = _fields(_first(trak, "tkhd"), ">I", at=(12, 20))
    (timescale,) = _fields(_first(trak, "mdia", "mdhd"), ">I", at=(12, 20))
    return Track(number, timescale, _begins_at(trak), defaults.get(number, SampleDefaults()))


def _begins_at(trak: bytes) -> int:
    """The beginning of the first edit that shows media; those that wait have -1."""
    for edits in find(trak, "edts", "elst"):
        is_long = edits[:1] == b"\x01"
        entry = struct.Struct(">Qq4x" if is_long else ">Ii4x")
        whole = len(edits[8:]) // entry.size * entry.size
        for _duration, media_time in entry.iter_unpack(edits[8 : 8 + whole]):
            if media_time >= 0:
                return int(media_time)
    return 0


def _defaults(trex: bytes) -> tuple[int, SampleDefaults]:
    number, _description, duration, size_bytes, flags = struct.unpack_from(">5I", trex, 4)
    return number, SampleDefaults(duration, size_bytes, flags)


def _fields(content: bytes, layout: str, *, at: tuple[int, int]) -> tuple[int, ...]:
    """Fields behind two times, which take four bytes each in version 0 and eight in version 1."""
    return struct.unpack_from(layout, content, at[1] if content[:1] == b"\x01" else at[0])


def _first(data: bytes, *path: str) -> bytes:
    for content in find(data, *path):
        return content
    raise _unreadable()


def _unreadable() -> ToolFailed:
    return ToolFailed("ffmpeg wrote an index that cannot be read.")
