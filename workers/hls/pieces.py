"""What is known of a stored rendition or of a part of one, and the rendition made of the parts.

Pure. The answer of a chunk is a `Piece` for each rung, kept in the database as JSON.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Self

from portal.assets.made_files import INIT, PLAYLIST_TYPE
from portal.assets.models import Rendition, RenditionKind, Step
from portal.storage import keys


@dataclass(frozen=True)
class Shape:
    """What a rendition is, apart from its bytes."""

    name: str
    kind: RenditionKind
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    language: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class StoredSegment:
    """`keyframe_bytes`: from its beginning to the end of its first picture or frame of sound."""

    file: str
    seconds: float
    size_bytes: int
    sha256: str
    keyframe_bytes: int


@dataclass(frozen=True)
class Piece:
    """Segments that follow each other, with what the initialisation segment says of them.

    `sample_count` is that of the pictures, or of the frames of sound where there are none.
    """

    codecs: str
    init_size_bytes: int
    init_sha256: str
    sample_count: int
    segments: tuple[StoredSegment, ...]

    def to_json(self) -> Mapping[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_json` gave, read back from the database."""
        segments = tuple(StoredSegment(**segment) for segment in stored["segments"])
        return cls(**{**stored, "segments": segments})


def rendition_of(
    pieces: Sequence[Piece], shape: Shape, *, asset_id: str, step: Step, attempt: int
) -> Rendition:
    """The rendition that `pieces`, in this order, are."""
    first = pieces[0]
    segments = tuple(chain.from_iterable(piece.segments for piece in pieces))
    seconds = tuple(segment.seconds for segment in segments)
    sizes_bytes = [segment.size_bytes for segment in segments]
    is_picture = shape.kind is not RenditionKind.AUDIO
    return Rendition(
        name=shape.name,
        step=step,
        attempt=attempt,
        kind=shape.kind,
        key=f"{keys.attempt_prefix(asset_id, step, attempt)}{shape.name}/",
        media_type=PLAYLIST_TYPE,
        size_bytes=first.init_size_bytes + sum(sizes_bytes),
        sha256=listing_sha256(
            {INIT: first.init_sha256} | {segment.file: segment.sha256 for segment in segments}
        ),
        width=shape.width,
        height=shape.height,
        frame_rate=shape.frame_rate,
        bandwidth_bps=peak_bandwidth_bps(sizes_bytes, seconds),
        average_bandwidth_bps=round(8 * sum(sizes_bytes) / sum(seconds)),
        codecs=first.codecs,
        language=shape.language,
        label=shape.label,
        segment_files=tuple(segment.file for segment in segments),
        segment_seconds=seconds,
        keyframe_bytes=tuple(s.keyframe_bytes for s in segments) if is_picture else None,
    )


def listing_sha256(sha256_by_name: Mapping[str, str]) -> str:
    """The SHA-256 of the lines "name sha256" of all files, by name."""
    lines = (f"{name} {sha256}\n" for name, sha256 in sorted(sha256_by_name.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def peak_bandwidth_bps(sizes_bytes: Sequence[int], seconds: Sequence[float]) -> int:
    """The largest bit rate of neighbours that play for half to one and a half target durations.

    So RFC 8216, 4.1 wants it: a short last segment counts with the one before it. Never below the
    average.
    """
    target_seconds = max(seconds)
    rates = [sum(sizes_bytes) / sum(seconds)]
    for first in range(len(seconds)):
        size_bytes, length = 0, 0.0
        for position in range(first, len(seconds)):
            size_bytes += sizes_bytes[position]
            length += seconds[position]
            if length > 1.5 * target_seconds:
                break
            if length >= 0.5 * target_seconds:
                rates.append(size_bytes / length)
    return math.ceil(8 * max(rates))
