"""All SQL on what is known of recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert

from portal.db.tables import recordings
from portal.recordings.models import Recording


def find(connection: Connection, asset_ids: Sequence[str]) -> Mapping[str, Recording]:
    """{asset id: what is known of it}; nothing is known of the others."""
    rows = connection.execute(select(recordings).where(recordings.c.asset_id.in_(asset_ids)))
    return {row.asset_id: _recording(row) for row in rows}


def record(connection: Connection, asset_id: str, **values: object) -> None:
    """Write some columns of a recording's row, which may be new."""
    statement = insert(recordings).values(asset_id=asset_id, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[recordings.c.asset_id], set_=values)
    )


def _recording(row: Row[Any]) -> Recording:
    return Recording(
        facts=row.facts,
        loudness_lufs=row.loudness_lufs,
        loudness_range_lu=row.loudness_range_lu,
        true_peak_dbtp=row.true_peak_dbtp,
        poster_at_seconds=row.poster_at_seconds,
    )
