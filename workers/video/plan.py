"""How a picture is made: in one piece, in chunks, or with its own picture as the top rung. Pure.

Why these figures: docs/decisions/0004-ladder.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any, Self

from workers.video.compliance import is_compliant
from workers.video.damage import is_short
from workers.video.ladder import FRAME_RATE_MAX, Rung, ladder
from workers.video.probe import Probe, VideoStream
from workers.video.rhythm import Rhythm
from workers.video.scan import Scan

SPLIT_SECONDS_MIN = 8
"""Two segments: what is shorter cannot be cut."""
CHUNK_SECONDS = 50
"""Enough to make its beginning cheap, and little to do again after a crash."""
CHUNKS_MIN = 2
SEGMENT_SECONDS = Fraction(4)
GROUPS_PER_SEGMENT = 2
RATE_NUMERATOR_MAX = 1_000_000
"""A track counts its ticks in 32 bits."""
INDEXED_CONTAINERS = frozenset({"mov", "mp4", "matroska", "mxf"})
"""The others find a time by guessing: frames would be lost or doubled."""
PACKET_IS_PICTURE = frozenset(
    {"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "prores", "dnxhd", "mjpeg", "ffv1"}
)


class Work(StrEnum):
    ENCODE = "encode"
    COPY = "copy"


@dataclass(frozen=True)
class ChunkPlan:
    """Frames that are made by one job, for some rungs, out of one decode.

    `first_frame` counts the frames that are shown. `key_frames` and `segment_starts` count from
    the chunk's beginning: frames, and key frames that begin a segment. `first_segment` and
    `first_fragment` count those of the rendition from 1. `is_beside_copy`: the top rung is the
    recording's own picture, whose key frames and colours the others share.
    """

    work: Work
    rungs: tuple[Rung, ...]
    rhythm: Rhythm
    first_frame: int
    frame_count: int
    is_last: bool
    key_frames: tuple[int, ...]
    segment_starts: tuple[int, ...]
    first_segment: int
    first_fragment: int
    is_beside_copy: bool = False

    @property
    def later_by(self) -> int:
        """Ticks of the rung's timescale before its first frame."""
        return self.first_frame * self.rhythm.frame_ticks

    def to_json(self) -> Mapping[str, object]:
        return {**asdict(self), "rhythm": self.rhythm.to_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_json` gave, read back from the database."""
        return cls(
            **{
                **stored,
                "work": Work(stored["work"]),
                "rungs": tuple(Rung(**rung) for rung in stored["rungs"]),
                "rhythm": Rhythm.from_json(stored["rhythm"]),
                "key_frames": tuple(stored["key_frames"]),
                "segment_starts": tuple(stored["segment_starts"]),
            }
        )


def chunk_plans(probe: Probe, scan: Scan | None, *, short_side_max: int) -> tuple[ChunkPlan, ...]:
    """The chunks of a recording; none when it is to be made in one piece."""
    video = probe.video
    rhythm = None if video is None or scan is None else _rhythm(probe, video, scan)
    if video is None or scan is None or rhythm is None:
        return ()
    rungs = ladder(video, short_side_max=short_side_max)
    if is_compliant(probe, scan, short_side_max=short_side_max) and not rhythm.held_frames:
        grid = Grid(scan.frame_count, scan.key_frames, _starts(scan.key_frames, rhythm))
        copied = _chunk(Work.COPY, rungs[:1], rhythm, grid, slice(0, len(grid.starts)))
        return (copied, *_encoded(rungs[1:], rhythm, grid, is_beside_copy=True))
    if scan.seconds < SPLIT_SECONDS_MIN:
        return ()
    return _encoded(rungs, rhythm, _regular(rhythm.frame_count(scan.frame_count), rhythm))


@dataclass(frozen=True)
class Grid:
    """All frames of a recording, its key frames, and which of those begin segments."""

    frame_count: int
    key_frames: Sequence[int]
    starts: Sequence[int]


def _rhythm(probe: Probe, video: VideoStream, scan: Scan) -> Rhythm | None:
    """How its frames are numbered; None when their numbers cannot be relied on."""
    rate = scan.frame_rate
    if rate is None or rate.numerator > RATE_NUMERATOR_MAX or not _is_reliable(probe, video, scan):
        return None
    begins_seconds = scan.first_seconds - Fraction(probe.start_seconds)
    step = math.ceil(rate / FRAME_RATE_MAX)
    held_frames = round(begins_seconds * rate / step)
    rhythm = Rhythm(rate, step, begins_seconds, held_frames)
    return rhythm if 0 <= held_frames < rhythm.group_frames else None


def _is_reliable(probe: Probe, video: VideoStream, scan: Scan) -> bool:
    """Whether every frame is where the file says, and can be read from there on."""
    stated_seconds = probe.stated_duration_seconds
    own_seconds = video.duration_seconds or stated_seconds
    return (
        scan.is_complete
        and probe.container.partition(",")[0] in INDEXED_CONTAINERS
        and video.codec in PACKET_IS_PICTURE
        and stated_seconds is not None
        and own_seconds is not None
        and not is_short(float(scan.seconds), min(own_seconds, stated_seconds))
    )


def _regular(frame_count: int, rhythm: Rhythm) -> Grid:
    key_frames = range(0, frame_count, rhythm.group_frames)
    return Grid(frame_count, key_frames, range(0, len(key_frames), GROUPS_PER_SEGMENT))


def _starts(key_frames: Sequence[int], rhythm: Rhythm) -> tuple[int, ...]:
    """The first key frames at or after 0, 4, 8, … seconds."""
    starts: list[int] = []
    border = Fraction(0)
    for place, frame in enumerate(key_frames):
        time = frame * rhythm.frame_seconds
        if time >= border:
            starts.append(place)
            border = (time // SEGMENT_SECONDS + 1) * SEGMENT_SECONDS
    return tuple(starts)


def _encoded(
    rungs: Sequence[Rung], rhythm: Rhythm, grid: Grid, *, is_beside_copy: bool = False
) -> tuple[ChunkPlan, ...]:
    """Chunks of about equal length, whose borders are borders of segments."""
    if not rungs:
        return ()
    seconds = grid.frame_count * rhythm.frame_seconds
    wanted = (
        max(CHUNKS_MIN, math.ceil(seconds / CHUNK_SECONDS)) if seconds >= SPLIT_SECONDS_MIN else 1
    )
    count = min(wanted, len(grid.starts))
    borders = [len(grid.starts) * number // count for number in range(count + 1)]
    return tuple(
        _chunk(Work.ENCODE, rungs, rhythm, grid, slice(a, b), is_beside_copy=is_beside_copy)
        for a, b in pairwise(borders)
    )


def _chunk(
    work: Work,
    rungs: Sequence[Rung],
    rhythm: Rhythm,
    grid: Grid,
    segments: slice,
    *,
    is_beside_copy: bool = False,
) -> ChunkPlan:
    is_last = segments.stop == len(grid.starts)
    first = grid.starts[segments.start]
    after = len(grid.key_frames) if is_last else grid.starts[segments.stop]
    first_frame = grid.key_frames[first]
    end_frame = grid.frame_count if is_last else grid.key_frames[after]
    return ChunkPlan(
        work=work,
        rungs=tuple(rungs),
        rhythm=rhythm,
        first_frame=first_frame,
        frame_count=end_frame - first_frame,
        is_last=is_last,
        key_frames=tuple(frame - first_frame for frame in grid.key_frames[first:after]),
        segment_starts=tuple(place - first for place in grid.starts[segments]),
        first_segment=segments.start + 1,
        first_fragment=first + 1,
        is_beside_copy=is_beside_copy,
    )
