"""How long a recording plays, which may be shorter than its file says."""

from __future__ import annotations

import math

from portal.assets.models import Asset, Outcome, RenditionKind, Step

TOLERANCE_SECONDS = 1.0
"""Picture and sound never end together to the frame."""

MAKING_STEPS = frozenset({Step.TRANSCODE, Step.SOUND})


def playing_seconds(asset: Asset) -> float | None:
    """What players show: the picture's length, unless the sound goes on clearly longer.

    Before anything is made it is what the file says.
    """
    picture, longest = _made_seconds(asset, RenditionKind.VIDEO), made_seconds(asset)
    if longest is None:
        return asset.duration_seconds
    if picture is not None and longest - picture <= TOLERANCE_SECONDS:
        return picture
    return longest


def declared_seconds(asset: Asset) -> float | None:
    """What the file says, where it plays for clearly less."""
    return asset.duration_seconds if is_cut_off(asset) else None


def made_seconds(asset: Asset) -> float | None:
    """The longest of what was made of its picture and its sound."""
    made = (_made_seconds(asset, kind) for kind in (RenditionKind.VIDEO, RenditionKind.AUDIO))
    return max((seconds for seconds in made if seconds is not None), default=None)


def is_cut_off(asset: Asset) -> bool:
    """Whether less could be made of it than the file promises."""
    made, stated = made_seconds(asset), asset.duration_seconds
    if made is None or stated is None or made >= stated - TOLERANCE_SECONDS:
        return False
    return any(
        record.name in MAKING_STEPS and record.outcome is Outcome.PARTIAL for record in asset.steps
    )


def _made_seconds(asset: Asset, kind: RenditionKind) -> float | None:
    lengths = [
        round(math.fsum(rendition.segment_seconds), 3)
        for rendition in asset.renditions
        if rendition.kind is kind and rendition.segment_seconds
    ]
    return max(lengths, default=None)
