"""Whole ladders, made by everybody in turns out of the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.bench.media_clips import ClipKind
from tests.bench.media_peers import (
    MEDIACMS_KILOBITS,
    PEERTUBE_BITS_PER_PIXEL,
    Cost,
    cost_of,
    mediacms_rung,
    peertube_copy,
    peertube_rung,
)
from tests.bench.media_portal import Portal
from tests.bench.media_quality import Likeness, equal_starts_percent, likenesses


class Way(StrEnum):
    """`…_KEPT`: the picture is compliant, and is the top rung itself."""

    PEERTUBE = "PeerTube-style"
    PEERTUBE_FIRST = "PeerTube-style, until it can be played"
    PEERTUBE_KEPT = "PeerTube-style, picture kept, all threads"
    PEERTUBE_KEPT_BY_DEFAULT = "PeerTube-style, picture kept"
    MEDIACMS = "MediaCMS-style"
    OURS = "Press Portal"
    OURS_KEPT = "Press Portal, picture kept"


@dataclass(frozen=True)
class Ladders:
    """The quickest turn of each way, and what was made of the pictures."""

    costs: Mapping[Way, Cost]
    likenesses: Sequence[Likeness]
    equal_starts_percent: float


def ladders(
    portal: Portal, clips: Mapping[ClipKind, Path], folder: Path, *, lines: int, rounds: int
) -> Ladders:
    """`lines` are those of the pictures."""
    turns: dict[Way, list[Cost]] = defaultdict(list)
    _add(turns, {Way.MEDIACMS: _mediacms(clips[ClipKind.OTHER], folder, lines)})
    equal_starts: list[float] = []
    likely: list[Likeness] = []
    for turn in range(rounds):
        _add(turns, _peertube(clips, folder, lines))
        for kind, way in ((ClipKind.OTHER, Way.OURS), (ClipKind.COMPLIANT, Way.OURS_KEPT)):
            asset_id, cost = portal.whole_after(clips[kind])
            _add(turns, {way: cost})
            equal_starts.append(equal_starts_percent(portal, asset_id, folder))
            if kind is ClipKind.OTHER and turn == 0:
                likely = likenesses(portal, asset_id, clips[kind], folder)
            portal.forget(asset_id)
    costs = {way: min(seen, key=lambda cost: cost.wall_seconds) for way, seen in turns.items()}
    return Ladders(costs, likely, min(equal_starts))


def _add(turns: dict[Way, list[Cost]], costs: Mapping[Way, Cost]) -> None:
    for way, cost in costs.items():
        turns[way].append(cost)


def _mediacms(clip: Path, folder: Path, lines: int) -> Cost:
    heights = [height for height in MEDIACMS_KILOBITS if height <= lines]
    return cost_of([mediacms_rung(clip, folder, height) for height in heights])


def _peertube(clips: Mapping[ClipKind, Path], folder: Path, lines: int) -> Mapping[Way, Cost]:
    """Its lower rungs are the same work whether or not the top one was copied."""
    first, *lower = (height for height in PEERTUBE_BITS_PER_PIXEL if height <= lines)
    other, compliant = clips[ClipKind.OTHER], clips[ClipKind.COMPLIANT]
    top = cost_of([peertube_rung(other, folder, first, threads=None)])
    rest = cost_of([peertube_rung(other, folder, height, threads=None) for height in lower])
    slow = cost_of([peertube_rung(compliant, folder, height, threads=1) for height in lower])
    copied = cost_of([peertube_copy(compliant, folder)])
    return {
        Way.PEERTUBE: top + rest,
        Way.PEERTUBE_FIRST: top,
        Way.PEERTUBE_KEPT: copied + rest,
        Way.PEERTUBE_KEPT_BY_DEFAULT: copied + slow,
    }
