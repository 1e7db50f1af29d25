"""What is known of recordings besides what every asset has, and the chunks they are made in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.assets.service import Attempt


@dataclass(frozen=True)
class Recording:
    """`facts` are those of its probe, as JSON. Loudness is by EBU R 128, of the first sound track.

    `poster_at_seconds` is what an editor has chosen.
    """

    facts: Mapping[str, object] = field(default_factory=dict)
    loudness_lufs: float | None = None
    loudness_range_lu: float | None = None
    true_peak_dbtp: float | None = None
    poster_at_seconds: float | None = None


@dataclass(frozen=True)
class ChunkTry:
    """One try at one chunk of an attempt at a step.

    `number` counts the `count` chunks of the attempt from 1. `tries` counts this chunk's, and is
    the fencing token; `costly_tries` are those of them that count towards giving up.
    """

    id: str
    attempt: Attempt
    number: int
    count: int
    tries: int
    costly_tries: int
    plan: Mapping[str, object]
