"""SQL that tells which assets of an event look different than before; it writes nothing."""

from __future__ import annotations

from sqlalchemy import Connection, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from portal.db.tables import assets, events, originals, steps
from portal.visibility import Viewer, asset_visible_to

_STEP = func.concat_ws(
    "|",
    steps.c.name,
    steps.c.attempt,
    steps.c.started_at,
    steps.c.outcome,
    steps.c.progress,
    steps.c.detail,
)
_STEPS = func.string_agg(_STEP, aggregate_order_by(literal("/"), steps.c.name))
_VERSION = func.md5(
    func.concat_ws(
        "|",
        assets.c.kind,
        assets.c.title,
        events.c.default_language,
        originals.c.size_bytes,
        _STEPS,
    )
)


def versions(connection: Connection, event_id: str, *, viewer: Viewer) -> dict[str, str]:
    """{asset id: what changes whenever anything that is told of it does}, oldest asset first."""
    rows = connection.execute(
        select(assets.c.id, _VERSION.label("version"))
        .join(events, events.c.id == assets.c.event_id)
        .outerjoin(originals, originals.c.asset_id == assets.c.id)
        .outerjoin(steps, steps.c.asset_id == assets.c.id)
        .where(assets.c.event_id == event_id, asset_visible_to(viewer))
        .group_by(assets.c.id, events.c.id, originals.c.asset_id)
        .order_by(assets.c.created_at, assets.c.id)
    )
    return {row.id: row.version for row in rows}
