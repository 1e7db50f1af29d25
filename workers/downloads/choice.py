"""Which renditions a download is made of, and how much room that takes: pure."""

from __future__ import annotations

from portal.assets.models import Asset, Rendition, RenditionKind
from portal.assets.renditions import sound_tracks

SHORT_SIDE = 720
"""Good enough for a news site, small enough for a telephone."""


def picture_of(asset: Asset) -> Rendition | None:
    """The rung nearest to that size; of two equally near ones the smaller."""
    rungs = [made for made in asset.renditions if made.kind is RenditionKind.VIDEO]
    return min(
        rungs,
        key=lambda rung: (abs(_short_side(rung) - SHORT_SIDE), _short_side(rung)),
        default=None,
    )


def scratch_bytes(asset: Asset) -> int:
    """What is gathered, and the files that are made of it."""
    picture, sounds = picture_of(asset), sound_tracks(asset)
    sound_bytes = sum(sound.size_bytes for sound in sounds)
    return 2 * (picture.size_bytes if picture else 0) + 3 * sound_bytes


def _short_side(rung: Rendition) -> int:
    return min(rung.width or 0, rung.height or 0)
