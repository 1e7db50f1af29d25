"""SQL that tells what is known of the assets whose objects the store holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from sqlalchemy import Connection, null, select, text, union_all

from portal.assets.leftovers import KnownAsset, StepMark
from portal.assets.made_files import stored_files
from portal.db.tables import assets, originals, renditions, steps
from portal.uploads.models import UploadState

_UNDER_WAY = (UploadState.OPEN, UploadState.COMPLETING)

_ASSETS = text(
    "select asset.id, asset.removed_at is not null as is_removed,"
    " greatest(asset.created_at, asset.removed_at, upload.updated_at, worked.last)"
    "  < now() - make_interval(mins => :minutes) and upload.state <> all(:under_way) as is_quiet"
    " from assets asset join uploads upload on upload.asset_id = asset.id,"
    " lateral (select max(greatest(started_at, finished_at)) from steps where asset_id = asset.id)"
    "  as worked (last)"
    " where asset.id = any(:ids)"
)
_UPLOADS_WITHOUT_ASSET = text(
    "select asset_id as id, state <> all(:under_way) as has_ended,"
    " updated_at < now() - make_interval(mins => :minutes) as is_quiet"
    " from uploads where asset_id = any(:ids)"
    " and not exists (select from assets where assets.id = uploads.asset_id)"
)


def hold(connection: Connection, asset_id: str) -> None:
    """No attempt at the asset begins, shows anything or ends until the transaction does."""
    connection.execute(select(assets.c.id).where(assets.c.id == asset_id).with_for_update())


def known_assets(
    connection: Connection, asset_ids: Sequence[str], *, quiet_minutes: int
) -> Mapping[str, KnownAsset]:
    """Those that the database has, and those whose upload ended without one or is under way.

    Of the others it has never heard.
    """
    given = {"ids": list(asset_ids), "minutes": quiet_minutes, "under_way": list(_UNDER_WAY)}
    found = connection.execute(_ASSETS, given).all()
    marks = _step_marks(connection, asset_ids)
    # After the steps: what shows its objects in between is an open step's newest attempt to us.
    shown = _shown(connection, asset_ids)
    known = {
        row.id: KnownAsset(
            is_gone=row.is_removed,
            is_quiet=row.is_quiet,
            shown=shown.get(row.id, frozenset()),
            steps=marks.get(row.id, {}),
        )
        for row in found
    }
    uploads_alone = connection.execute(_UPLOADS_WITHOUT_ASSET, given)
    return known | {
        row.id: KnownAsset(is_gone=row.has_ended, is_quiet=row.is_quiet) for row in uploads_alone
    }


def _step_marks(
    connection: Connection, asset_ids: Sequence[str]
) -> Mapping[str, Mapping[str, StepMark]]:
    rows = connection.execute(
        select(steps.c.asset_id, steps.c.name, steps.c.attempt, steps.c.outcome).where(
            steps.c.asset_id.in_(asset_ids)
        )
    )
    marks: dict[str, dict[str, StepMark]] = {}
    for row in rows:
        mark = StepMark(row.attempt, has_ended=row.outcome is not None)
        marks.setdefault(row.asset_id, {})[row.name] = mark
    return marks


def _shown(connection: Connection, asset_ids: Sequence[str]) -> Mapping[str, Set[str]]:
    query = union_all(
        select(originals.c.asset_id, originals.c.key, null().label("segment_files")).where(
            originals.c.asset_id.in_(asset_ids)
        ),
        select(renditions.c.asset_id, renditions.c.key, renditions.c.segment_files).where(
            renditions.c.asset_id.in_(asset_ids)
        ),
    )
    shown: dict[str, set[str]] = {}
    for row in connection.execute(query):
        shown.setdefault(row.asset_id, set()).update(stored_files(row.key, row.segment_files))
    return shown
