"""The samples of a fragment (ISO/IEC 14496-12, 8.8.4 to 8.8.12): read from its head, pure."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag

from portal.errors import ToolFailed
from workers.hls.boxes import boxes, find
from workers.hls.tracks import SampleDefaults, Track

_FLAGS = 0xFFFFFF
"""The lower three bytes of a box's first word; the upper one is its version."""
_NOT_A_KEY_FRAME = 0x10000
SAMPLES_MAX = 1_000_000


class _Tfhd(IntFlag):
    BASE_DATA_OFFSET = 0x1
    DESCRIPTION = 0x2
    DURATION = 0x8
    SIZE = 0x10
    FLAGS = 0x20


class _Trun(IntFlag):
    DATA_OFFSET = 0x1
    FIRST_FLAGS = 0x4
    DURATION = 0x100
    SIZE = 0x200
    FLAGS = 0x400
    SHIFT = 0x800


_COLUMNS = (_Trun.DURATION, _Trun.SIZE, _Trun.FLAGS, _Trun.SHIFT)
"""What a row of a trun may hold, in this order."""


@dataclass(frozen=True)
class TrackRun:
    """What a fragment holds of one track. Times count the track's timescale.

    `starts_at` is when its first sample is shown, edit list considered; `first_sample_end` and
    `data_end` count bytes from the beginning of the fragment.
    """

    track: Track
    decode_time: int
    duration: int
    sample_count: int
    starts_at: int
    first_sample_end: int
    data_end: int
    is_key: bool


@dataclass(frozen=True)
class _Samples:
    """A table of samples (trun): the first one's flags and shift, sums over all."""

    data_offset: int
    count: int
    duration: int
    size_bytes: int
    first_size_bytes: int
    first_shift: int
    first_flags: int


def read_runs(moof: bytes, tracks: Mapping[int, Track]) -> tuple[TrackRun, ...]:
    """The runs of a fragment, in its order. Raises ToolFailed when they make no sense."""
    try:
        runs = tuple(_run(traf, tracks) for traf in find(moof, "traf"))
    except struct.error as error:
        raise _unreadable() from error
    if not runs:
        raise _unreadable()
    return runs


def _run(traf: bytes, tracks: Mapping[int, Track]) -> TrackRun:
    parts = dict(boxes(traf))
    if not {"tfhd", "tfdt", "trun"} <= parts.keys():
        raise _unreadable()
    track, defaults = _head(parts["tfhd"], tracks)
    tables = [_samples(content, defaults) for kind, content in boxes(traf) if kind == "trun"]
    first = tables[0]
    decode_time = _decode_time(parts["tfdt"])
    return TrackRun(
        track=track,
        decode_time=decode_time,
        duration=sum(table.duration for table in tables),
        sample_count=sum(table.count for table in tables),
        starts_at=decode_time + first.first_shift - track.begins_at,
        first_sample_end=first.data_offset + first.first_size_bytes,
        data_end=max(table.data_offset + table.size_bytes for table in tables),
        is_key=not first.first_flags & _NOT_A_KEY_FRAME,
    )


def _head(tfhd: bytes, tracks: Mapping[int, Track]) -> tuple[Track, SampleDefaults]:
    fields = _Fields(tfhd)
    flags, track = _Tfhd(fields.word() & _FLAGS), tracks.get(fields.word())
    if track is None or _Tfhd.BASE_DATA_OFFSET in flags:
        raise _unreadable()  # an offset in the file means nothing in a segment
    if _Tfhd.DESCRIPTION in flags:
        fields.word()
    usual = track.defaults
    return track, SampleDefaults(
        duration=fields.word() if _Tfhd.DURATION in flags else usual.duration,
        size_bytes=fields.word() if _Tfhd.SIZE in flags else usual.size_bytes,
        flags=fields.word() if _Tfhd.FLAGS in flags else usual.flags,
    )


def _samples(trun: bytes, defaults: SampleDefaults) -> _Samples:
    fields = _Fields(trun)
    flags, count = _Trun(fields.word() & _FLAGS), fields.word()
    if _Trun.DATA_OFFSET not in flags or not 0 < count <= SAMPLES_MAX:
        raise _unreadable()
    data_offset = fields.signed_word()
    first_flags = fields.word() if _Trun.FIRST_FLAGS in flags else None
    columns = [flag for flag in _COLUMNS if flag in flags]
    rows = fields.rows(count, len(columns))

    def column(flag: _Trun, usual: int) -> Sequence[int]:
        return rows[columns.index(flag) :: len(columns)] if flag in columns else [usual] * count

    sizes_bytes = column(_Trun.SIZE, defaults.size_bytes)
    own_flags = column(_Trun.FLAGS, defaults.flags)
    return _Samples(
        data_offset=data_offset,
        count=count,
        duration=sum(column(_Trun.DURATION, defaults.duration)),
        size_bytes=sum(sizes_bytes),
        first_size_bytes=sizes_bytes[0],
        first_shift=_signed(column(_Trun.SHIFT, 0)[0]),
        first_flags=own_flags[0] if first_flags is None else first_flags,
    )


def _decode_time(tfdt: bytes) -> int:
    (time,) = struct.unpack_from(">Q" if tfdt[:1] == b"\x01" else ">I", tfdt, 4)
    return int(time)


class _Fields:
    """Reads one field of four bytes after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def word(self) -> int:
        (value,) = struct.unpack_from(">I", self._data, self._at)
        self._at += 4
        return int(value)

    def signed_word(self) -> int:
        return _signed(self.word())

    def rows(self, count: int, width: int) -> Sequence[int]:
        """All fields of a table, row after row."""
        return struct.unpack_from(f">{count * width:d}I", self._data, self._at)


def _signed(word: int) -> int:
    return word - (1 << 32) if word >= 1 << 31 else word


def _unreadable() -> ToolFailed:
    return ToolFailed("ffmpeg wrote a fragment that cannot be read.")
