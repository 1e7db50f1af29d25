"""Reading assets: whole, in lists, and what their steps add up to."""

from __future__ import annotations

from collections.abc import Collection, Set

from sqlalchemy import Connection

from portal.assets import repository
from portal.assets.made_files import stored_files
from portal.assets.models import Asset, AssetState, Kind, Outcome
from portal.assets.pipeline import Outcomes, asset_state
from portal.errors import NotFound
from portal.ids import is_id
from portal.visibility import INSTALLATION, Viewer


def get_asset(connection: Connection, asset_id: str, *, viewer: Viewer) -> Asset:
    """The asset with all its parts. Raises NotFound when missing or not to be seen."""
    asset = repository.find(connection, asset_id, viewer=viewer) if is_id(asset_id) else None
    if asset is None:
        raise NotFound("There is no such recording, photo or caption file.")
    return asset


def list_assets(
    connection: Connection,
    *,
    viewer: Viewer,
    event_id: str | None = None,
    person_id: str | None = None,
    kinds: Collection[Kind] = (),
    limit: int = 500,
    offset: int = 0,
) -> list[Asset]:
    """In the order of capture; of an event, of a person pictured, of some kinds.

    What failed is listed for editors alone; to others its own page says so.
    """
    return repository.list_visible(
        connection,
        viewer=viewer,
        event_id=event_id,
        person_id=person_id,
        kinds=kinds,
        limit=limit,
        offset=offset,
    )


def assets_by_ids(
    connection: Connection, asset_ids: Collection[str], *, viewer: Viewer
) -> list[Asset]:
    """Those of `asset_ids` that the viewer may see, with all their parts, in no order."""
    return repository.list_by_ids(connection, asset_ids, viewer=viewer) if asset_ids else []


def find_by_sha256(connection: Connection, event_id: str, sha256: str) -> Asset | None:
    """The event's asset that has these bytes; one that failed to be stored or verified has not."""
    asset_id = repository.find_id_by_sha256(connection, event_id, sha256)
    return repository.find(connection, asset_id, viewer=INSTALLATION) if asset_id else None


def state_of(asset: Asset) -> AssetState:
    if asset.original is None:
        return AssetState.UPLOADING
    return asset_state(asset.kind, outcomes_of(asset))


def detail_of(asset: Asset) -> str | None:
    """The sentence of the first step that went wrong, failures before partial results."""
    for outcome in (Outcome.FAILED, Outcome.PARTIAL):
        for record in asset.steps:
            if record.outcome is outcome and record.detail:
                return record.detail
    return None


def notes_of(asset: Asset) -> tuple[str, ...]:
    """What was unreadable or odd in the file, without harm to the rest."""
    return tuple(note for record in asset.steps for note in record.notes)


def shown_keys(connection: Connection, asset_id: str) -> Set[str]:
    """The keys of an asset's shown objects, its original included."""
    asset = repository.find(connection, asset_id, viewer=INSTALLATION)
    if asset is None:
        return frozenset()
    shown = {key for r in asset.renditions for key in stored_files(r.key, r.segment_files)}
    return shown | {asset.original.key} if asset.original else shown


def outcomes_of(asset: Asset) -> Outcomes:
    """How the steps that have ended did so."""
    return {record.name: record.outcome for record in asset.steps if record.outcome is not None}
