"""A fragmented MP4 file: its initialisation segment and its fragments, checked to be whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import BinaryIO

from portal.errors import ToolFailed
from workers.hls.boxes import Box, cut_off, outermost, read_box
from workers.hls.runs import TrackRun, read_runs
from workers.hls.tracks import Track, read_tracks

MOOV_BYTES_MAX = 1024**2
"""Two tracks need 1.5 kB."""
MOOF_BYTES_MAX = 16 * 1024**2
"""16 bytes for a sample, and a fragment holds a few seconds."""


@dataclass(frozen=True)
class Fragment:
    """A moof box with its mdat. The first of `runs` is that of the file's first track."""

    offset: int
    size_bytes: int
    head_bytes: int
    runs: tuple[TrackRun, ...]

    @property
    def leading(self) -> TrackRun:
        return self.runs[0]

    @property
    def starts_at_seconds(self) -> Fraction:
        """When its first sample is shown."""
        return Fraction(self.leading.starts_at, self.leading.track.timescale)

    @property
    def seconds(self) -> Fraction:
        return Fraction(self.leading.duration, self.leading.track.timescale)


@dataclass(frozen=True)
class FragmentedFile:
    """`init_bytes` is how much of its beginning is the initialisation segment."""

    init_bytes: int
    tracks: tuple[Track, ...]
    fragments: tuple[Fragment, ...]

    @property
    def sample_count(self) -> int:
        """Of its first track: pictures, where there are any."""
        return sum(fragment.leading.sample_count for fragment in self.fragments)

    @property
    def ends_at_seconds(self) -> Fraction:
        """When the last sample of its first track has been shown."""
        if not self.fragments:
            return Fraction(0)
        last = self.fragments[-1].leading
        # Of the reordered pictures: where the rate varies, it is not that of the first fragment.
        wait = last.starts_at - last.decode_time
        return Fraction(last.decode_time + last.duration + wait, last.track.timescale)


def read_fragmented(stream: BinaryIO, *, name: str) -> FragmentedFile:
    """Read the file that ffmpeg wrote as `name`. Raises ToolFailed when any part is not whole.

    The index at its end (mfra) is the proof that ffmpeg came to the end.
    """
    found = list(outermost(stream, name=name))
    kinds = [box.kind for box in found]
    if kinds[:2] != ["ftyp", "moov"] or kinds[-1] != "mfra":
        raise cut_off(name)
    body = found[2:-1]
    if kinds[2:-1] != ["moof", "mdat"] * (len(body) // 2):
        raise cut_off(name)
    tracks = read_tracks(read_box(stream, found[1], bytes_max=MOOV_BYTES_MAX))
    fragments = tuple(
        _fragment(stream, moof, mdat, tracks)
        for moof, mdat in zip(body[::2], body[1::2], strict=True)
    )
    _require_order(fragments)
    return FragmentedFile(found[1].end, tuple(tracks.values()), fragments)


def _fragment(stream: BinaryIO, moof: Box, mdat: Box, tracks: Mapping[int, Track]) -> Fragment:
    runs = read_runs(read_box(stream, moof, bytes_max=MOOF_BYTES_MAX), tracks)
    first_track = next(iter(tracks))
    leading = [run for run in runs if run.track.number == first_track]
    others = [run for run in runs if run.track.number != first_track]
    if len(leading) != 1 or not leading[0].is_key:
        raise ToolFailed("ffmpeg wrote a fragment that does not begin with a key frame.")
    size_bytes = mdat.end - moof.offset
    if any(
        not moof.size_bytes < run.first_sample_end <= run.data_end <= size_bytes for run in runs
    ):
        raise ToolFailed("ffmpeg wrote a fragment whose samples lie outside of it.")
    return Fragment(moof.offset, size_bytes, moof.size_bytes, (*leading, *others))


def _require_order(fragments: Sequence[Fragment]) -> None:
    """Raises ToolFailed unless each fragment begins after the one before it."""
    starts = [fragment.leading.starts_at for fragment in fragments]
    if any(later <= earlier for earlier, later in pairwise(starts)):
        raise ToolFailed("ffmpeg wrote fragments whose times do not rise.")
