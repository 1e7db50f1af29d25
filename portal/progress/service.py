"""Looking at an event's assets again and again, at the price of what has changed."""

from __future__ import annotations

from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.progress import repository
from portal.progress.models import Snapshot
from portal.visibility import Viewer


def look(
    connection: Connection, event_id: str, *, viewer: Viewer, before: Snapshot | None
) -> Snapshot:
    """How things are now; only assets that are different than `before` are read whole."""
    versions = repository.versions(connection, event_id, viewer=viewer)
    known = before or Snapshot({}, {})
    changed = [
        asset_id
        for asset_id, version in versions.items()
        if known.versions.get(asset_id) != version
    ]
    if before is not None and not changed and len(versions) == len(known.versions):
        return before
    loaded = assets_service.assets_by_ids(connection, changed, viewer=viewer)
    # One that was removed between the two queries is in neither of these.
    found = {**known.assets, **{asset.id: asset for asset in loaded}}
    gone = set(changed) - {asset.id for asset in loaded}
    kept = {asset_id: version for asset_id, version in versions.items() if asset_id not in gone}
    return Snapshot(versions=kept, assets={asset_id: found[asset_id] for asset_id in kept})
