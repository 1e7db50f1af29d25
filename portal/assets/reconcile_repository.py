"""SQL that finds assets whose processing needs a second look."""

from __future__ import annotations

from sqlalchemy import Connection, case, exists, func, select, update

from portal.assets.models import Outcome
from portal.assets.pipeline import ESSENTIAL_STEPS, PIPELINE
from portal.db.tables import assets, steps, uploads
from portal.uploads.models import UploadState

BATCH = 100


def unsettled_assets(connection: Connection, *, seconds: int) -> list[str]:
    """Assets put together long enough ago whose steps have not all ended, oldest first.

    Without those for which an essential step has failed: what follows it never ends.
    """
    age = func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    ended = (
        select(steps.c.asset_id, func.count().label("steps"))
        .where(steps.c.outcome.is_not(None))
        .group_by(steps.c.asset_id)
        .subquery()
    )
    all_steps = case({kind: len(rules) for kind, rules in PIPELINE.items()}, value=assets.c.kind)
    has_failed = exists().where(
        steps.c.asset_id == assets.c.id,
        steps.c.outcome == Outcome.FAILED,
        steps.c.name.in_(ESSENTIAL_STEPS),
    )
    return list(
        connection.scalars(
            select(assets.c.id)
            .join(uploads, uploads.c.asset_id == assets.c.id)
            .outerjoin(ended, ended.c.asset_id == assets.c.id)
            .where(
                assets.c.removed_at.is_(None),
                uploads.c.state == UploadState.FINISHED,
                uploads.c.updated_at < func.now() - age,
                func.coalesce(ended.c.steps, 0) < all_steps,
                ~has_failed,
            )
            .order_by(assets.c.created_at)
            .limit(BATCH)
        )
    )


def untidied_assets(connection: Connection, *, minutes: int) -> list[str]:
    """Assets that ended their steps, or were removed, so long ago and were not tidied since."""
    age = func.make_interval(0, 0, 0, 0, 0, minutes)
    ended_at = (
        select(func.max(steps.c.finished_at))
        .where(steps.c.asset_id == assets.c.id)
        .scalar_subquery()
    )
    last = func.coalesce(assets.c.removed_at, ended_at)
    is_open = exists().where(steps.c.asset_id == assets.c.id, steps.c.outcome.is_(None))
    return list(
        connection.scalars(
            select(assets.c.id)
            .where(
                last < func.now() - age,
                assets.c.removed_at.is_not(None) | ~is_open,
                assets.c.tidied_at.is_(None) | (assets.c.tidied_at < last),
            )
            .limit(BATCH)
        )
    )


def mark_tidied(connection: Connection, asset_id: str, *, seconds_ago: float) -> None:
    tidied_at = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds_ago)
    connection.execute(update(assets).where(assets.c.id == asset_id).values(tidied_at=tidied_at))
