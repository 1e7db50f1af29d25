"""All SQL that writes assets, originals, renditions and photo metadata, and reads them whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    Select,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from portal.assets.models import (
    Asset,
    CapturedAtSource,
    Kind,
    Original,
    Outcome,
    PhotoMetadata,
    Rendition,
    RenditionKind,
    Step,
)
from portal.assets.pipeline import ESSENTIAL_STEPS
from portal.assets.steps_repository import records_of
from portal.db.tables import (
    asset_people,
    assets,
    events,
    originals,
    photo_metadata,
    renditions,
    steps,
)
from portal.visibility import Viewer, asset_visible_to

_WHOLE = (
    select(
        assets,
        originals.c.key,
        originals.c.size_bytes,
        originals.c.media_type,
        originals.c.sha256,
        originals.c.declared_sha256,
    )
    .join(events, events.c.id == assets.c.event_id)
    .outerjoin(originals, originals.c.asset_id == assets.c.id)
)

_SAID_SHA256 = func.coalesce(originals.c.sha256, originals.c.declared_sha256)
_VERIFY_FAILED = exists().where(
    steps.c.asset_id == originals.c.asset_id,
    steps.c.name == Step.VERIFY,
    steps.c.outcome == Outcome.FAILED,
)

_FAILED = exists().where(
    steps.c.asset_id == assets.c.id,
    steps.c.name.in_(ESSENTIAL_STEPS),
    steps.c.outcome == Outcome.FAILED,
)

_RENDITION_COLUMNS = tuple(field.name for field in fields(Rendition))
_RENDITION_LISTS = ("segment_files", "segment_seconds", "keyframe_bytes")
_PHOTO_COLUMNS = tuple(field.name for field in fields(PhotoMetadata))
_PHOTO_LISTS = ("keywords", "people_shown")


def find(connection: Connection, asset_id: str, *, viewer: Viewer) -> Asset | None:
    """One asset with all its parts."""
    query = _visible(viewer).where(assets.c.id == asset_id)
    return next(iter(_load(connection, query)), None)


def list_visible(
    connection: Connection,
    *,
    viewer: Viewer,
    event_id: str | None,
    person_id: str | None,
    kinds: Collection[Kind],
    limit: int,
    offset: int = 0,
) -> list[Asset]:
    """In the order of capture, then of arrival; what failed is for editors alone."""
    query = _visible(viewer)
    if not viewer.sees_everything:
        query = query.where(~_FAILED)
    if event_id is not None:
        query = query.where(assets.c.event_id == event_id)
    if kinds:
        query = query.where(assets.c.kind.in_(kinds))
    if person_id is not None:
        pictured = select(asset_people.c.asset_id).where(asset_people.c.person_id == person_id)
        query = query.where(assets.c.id.in_(pictured))
    taken_at = func.coalesce(assets.c.captured_at, assets.c.created_at)
    query = query.order_by(
        taken_at, assets.c.filename, assets.c.id
    )  # total: pages must not overlap
    return _load(connection, query.limit(limit).offset(offset))


def list_by_ids(
    connection: Connection, asset_ids: Collection[str], *, viewer: Viewer
) -> list[Asset]:
    """Those of them that may be seen, in no order."""
    return _load(connection, _visible(viewer).where(assets.c.id.in_(asset_ids)))


def find_id_by_sha256(
    connection: Connection, event_id: str, sha256: str, *, verified_only: bool = False
) -> str | None:
    """The asset that has these bytes; what is only said of bytes counts until it proves false."""
    said = originals.c.sha256 if verified_only else _SAID_SHA256
    return connection.scalar(
        _originals_of(event_id, said, sha256)
        .where(~_VERIFY_FAILED)
        .order_by(originals.c.stored_at)
        .limit(1)
    )


def failed_ids_by_sha256(connection: Connection, event_id: str, sha256: str) -> list[str]:
    """The assets that should have these bytes, and were found out not to."""
    wanted = _originals_of(event_id, _SAID_SHA256, sha256).where(_VERIFY_FAILED)
    return list(connection.scalars(wanted.order_by(originals.c.asset_id)))


def add(connection: Connection, *, asset_id: str, event_id: str, **columns: object) -> None:
    """Add an asset's row; nothing happens when it is there already."""
    connection.execute(
        insert(assets)
        .values(id=asset_id, event_id=event_id, **columns)
        .on_conflict_do_nothing(index_elements=[assets.c.id])
    )


def add_original(
    connection: Connection, *, asset_id: str, event_id: str, original: Original
) -> None:
    connection.execute(
        insert(originals)
        .values(asset_id=asset_id, event_id=event_id, **asdict(original))
        .on_conflict_do_nothing(index_elements=[originals.c.asset_id])
    )


def mark_verified(connection: Connection, asset_id: str, *, sha256: str) -> None:
    """Raises sqlalchemy.exc.IntegrityError when the event has these bytes already."""
    connection.execute(
        update(originals)
        .where(originals.c.asset_id == asset_id)
        .values(sha256=sha256, verified_at=func.now())
    )


def update_columns(connection: Connection, asset_id: str, **columns: object) -> None:
    connection.execute(update(assets).where(assets.c.id == asset_id).values(**columns))


def update_captured_at(connection: Connection, instants: Mapping[str, datetime | None]) -> None:
    """In one order, so that two transactions never wait for each other."""
    rows = [{"of_asset": asset_id, "instant": instants[asset_id]} for asset_id in sorted(instants)]
    if rows:
        connection.execute(
            update(assets)
            .where(assets.c.id == bindparam("of_asset"))
            .values(captured_at=bindparam("instant")),
            rows,
        )


def add_people(connection: Connection, asset_id: str, person_ids: Iterable[str]) -> None:
    rows = [{"asset_id": asset_id, "person_id": person_id} for person_id in person_ids]
    if rows:
        connection.execute(insert(asset_people).on_conflict_do_nothing(), rows)


def replace_renditions(
    connection: Connection, asset_id: str, step: Step, made: Sequence[Rendition]
) -> None:
    """What `step` made earlier gives way to what it made now."""
    connection.execute(
        delete(renditions).where(renditions.c.asset_id == asset_id, renditions.c.step == step)
    )
    if made:
        rows = [{"asset_id": asset_id, **asdict(rendition)} for rendition in made]
        connection.execute(insert(renditions), rows)


def replace_photo(connection: Connection, asset_id: str, metadata: PhotoMetadata) -> None:
    values = asdict(metadata)
    connection.execute(
        insert(photo_metadata)
        .values(asset_id=asset_id, **values)
        .on_conflict_do_update(index_elements=[photo_metadata.c.asset_id], set_=values)
    )


def mark_removed(connection: Connection, asset_id: str) -> bool:
    """Hide the asset for everybody and free its checksum for another upload."""
    found = connection.execute(
        update(assets)
        .where(assets.c.id == asset_id, assets.c.removed_at.is_(None))
        .values(removed_at=func.now())
        .returning(assets.c.id)
    ).one_or_none()
    connection.execute(delete(originals).where(originals.c.asset_id == asset_id))
    return found is not None


def _originals_of(event_id: str, digest: ColumnElement[Any], sha256: str) -> Select[str]:
    return (
        select(originals.c.asset_id)
        .join(assets, assets.c.id == originals.c.asset_id)
        .where(originals.c.event_id == event_id, digest == sha256, assets.c.removed_at.is_(None))
    )


def _visible(viewer: Viewer) -> Select[Any]:
    return _WHOLE.where(asset_visible_to(viewer))


def _load(connection: Connection, query: Select[Any]) -> list[Asset]:
    rows = connection.execute(query).all()
    ids = [row.id for row in rows]
    records = records_of(connection, ids)
    made = _renditions_of(connection, ids)
    photos = _photos_of(connection, ids)
    people = _people_of(connection, ids)
    return [
        Asset(
            id=row.id,
            event_id=row.event_id,
            kind=Kind(row.kind),
            filename=row.filename,
            title=row.title,
            caption=row.caption,
            language=row.language,
            programme_item_id=row.programme_item_id,
            captured_at=row.captured_at,
            duration_seconds=row.duration_seconds,
            width=row.width,
            height=row.height,
            created_at=row.created_at,
            original=_original(row),
            steps=tuple(records.get(row.id, ())),
            renditions=tuple(made.get(row.id, ())),
            photo=photos.get(row.id),
            people_ids=tuple(people.get(row.id, ())),
        )
        for row in rows
    ]


def _original(row: Row[Any]) -> Original | None:
    if row.key is None:
        return None
    return Original(row.key, row.size_bytes, row.media_type, row.sha256, row.declared_sha256)


def _renditions_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[Rendition]]:
    query = select(renditions).where(renditions.c.asset_id.in_(ids))
    order = (
        renditions.c.bandwidth_bps.desc().nulls_last(),
        renditions.c.width.desc(),
        renditions.c.name,
    )
    found: dict[str, list[Rendition]] = {}
    for row in connection.execute(query.order_by(*order)).mappings():
        found.setdefault(row["asset_id"], []).append(_rendition(row))
    return found


def _rendition(row: RowMapping) -> Rendition:
    columns = {name: row[name] for name in _RENDITION_COLUMNS}
    lists = {name: _tuple(row[name]) for name in _RENDITION_LISTS}
    step, kind = Step(row["step"]), RenditionKind(row["kind"])
    return Rendition(**{**columns, **lists, "step": step, "kind": kind})


def _tuple(value: list[Any] | None) -> tuple[Any, ...] | None:
    return None if value is None else tuple(value)


def _photos_of(connection: Connection, ids: Sequence[str]) -> dict[str, PhotoMetadata]:
    query = select(photo_metadata).where(photo_metadata.c.asset_id.in_(ids))
    found: dict[str, PhotoMetadata] = {}
    for row in connection.execute(query).mappings():
        found[row["asset_id"]] = _photo(row)
    return found


def _photo(row: RowMapping) -> PhotoMetadata:
    columns = {name: row[name] for name in _PHOTO_COLUMNS}
    lists = {name: tuple(row[name]) for name in _PHOTO_LISTS}
    source = row["captured_at_source"] and CapturedAtSource(row["captured_at_source"])
    return PhotoMetadata(**{**columns, **lists, "captured_at_source": source})


def _people_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    query = select(asset_people).where(asset_people.c.asset_id.in_(ids))
    found: dict[str, list[str]] = {}
    for row in connection.execute(query.order_by(asset_people.c.person_id)):
        found.setdefault(row.asset_id, []).append(row.person_id)
    return found
