"""What a look at the database and the disk tells, before it becomes metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.assets.models import AssetState, Kind
from portal.jobs import Lane
from portal.uploads.models import UploadState


@dataclass(frozen=True)
class LaneCount:
    """`paused` jobs wait for their next try; `oldest_seconds` is the age of the oldest due one."""

    lane: Lane
    waiting: int
    paused: int
    running: int
    oldest_seconds: float


@dataclass(frozen=True)
class AssetCount:
    kind: Kind
    state: AssetState
    count: int


@dataclass(frozen=True)
class UploadCount:
    state: UploadState
    count: int
    size_bytes: int


@dataclass(frozen=True)
class WorkerCount:
    """`silent_seconds` is how long ago the latest sign of life of any lane was; None: never."""

    lanes: int
    silent_seconds: float | None


@dataclass(frozen=True)
class Counts:
    """All that the database tells, read in one short transaction."""

    lanes: Sequence[LaneCount]
    index_lag_seconds: float
    assets: Sequence[AssetCount]
    uploads: Sequence[UploadCount]
    workers: WorkerCount
