"""Whether readers get all of an asset, whatever is being made again or besides: pure."""

from __future__ import annotations

from collections.abc import Mapping

from portal.assets.models import Asset, Outcome, RenditionKind, Step
from portal.assets.pipeline import PIPELINE

_SHOWN: Mapping[Step, RenditionKind | None] = {
    Step.TRANSCODE: RenditionKind.VIDEO,
    Step.SOUND: RenditionKind.AUDIO,
    Step.PHOTO: RenditionKind.IMAGE,
    Step.CAPTIONS: None,
}
"""The steps that make what readers came for, with what they show of it."""


def is_all_there(asset: Asset) -> bool:
    """Each of them has ended well, or what it made before still stands while it runs again."""
    made = {rendition.kind for rendition in asset.renditions}
    ended = {r.name for r in asset.steps if r.outcome in {Outcome.DONE, Outcome.PARTIAL}}
    return all(
        step in ended or kind in made
        for step, kind in _SHOWN.items()
        if step in PIPELINE[asset.kind]
    )
