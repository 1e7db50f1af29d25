"""What an event's assets looked like at one moment, and what is different at another: pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from portal.assets.models import Asset


@dataclass(frozen=True)
class Snapshot:
    """`versions` by asset id; two snapshots with the same `mark` tell the same."""

    versions: Mapping[str, str]
    assets: Mapping[str, Asset]

    @cached_property
    def mark(self) -> str:
        words = "".join(f"{asset_id}{version}" for asset_id, version in self.versions.items())
        return hashlib.sha256(words.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Changes:
    """Assets to tell of anew, and the ids of those that are gone."""

    assets: tuple[Asset, ...]
    removed_ids: tuple[str, ...]


def changes(before: Snapshot | None, now: Snapshot) -> Changes:
    """Everything when there was nothing before."""
    known = before.versions if before else {}
    return Changes(
        assets=tuple(
            now.assets[asset_id]
            for asset_id, version in now.versions.items()
            if known.get(asset_id) != version
        ),
        removed_ids=tuple(asset_id for asset_id in known if asset_id not in now.versions),
    )
