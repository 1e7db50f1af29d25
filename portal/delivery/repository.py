"""What a request for bytes must know, in one SELECT each, the right to see them included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    func,
    literal,
    or_,
    select,
)

from portal.assets.made_files import INIT
from portal.assets.models import Kind, Rendition, RenditionKind, Step
from portal.assets.pipeline import PIPELINE
from portal.db.tables import assets, events, originals, renditions, steps
from portal.visibility import PUBLIC, Viewer, asset_visible_to

_IS_PUBLIC = asset_visible_to(PUBLIC).label("is_public")
_HLS = (RenditionKind.PREVIEW, RenditionKind.VIDEO, RenditionKind.AUDIO)
_FILES = (RenditionKind.IMAGE, RenditionKind.FILE)
_MAKERS = (Step.TRANSCODE, Step.SOUND)
"""They make the ladder."""
_ENDED_STEPS = func.array(
    select(steps.c.name)
    .where(steps.c.asset_id == assets.c.id, steps.c.outcome.is_not(None))
    .correlate(assets)
    .scalar_subquery()
).label("ended_steps")


@dataclass(frozen=True)
class Ladder:
    """The HLS renditions of an asset. `open_steps`: those that may still make some."""

    is_public: bool
    captured_at: datetime | None
    open_steps: frozenset[str]
    renditions: tuple[Rendition, ...]


@dataclass(frozen=True)
class Segment:
    """One file of an HLS rendition; `is_listed` while the playlists of now name it."""

    is_public: bool
    is_listed: bool


@dataclass(frozen=True)
class StoredFile:
    """One object as it is to be sent; `sha256` None while it is not verified.

    `title` and `filename` are the asset's; of its `languages` the first says most.
    """

    is_public: bool
    key: str
    media_type: str
    size_bytes: int
    sha256: str | None
    filename: str
    title: Mapping[str, str]
    languages: tuple[str, ...]


def find_public_flag(connection: Connection, asset_id: str, *, viewer: Viewer) -> bool | None:
    """Whether everybody may see the asset; None when not even the viewer may."""
    row = connection.execute(_visible(_asset(), asset_id, viewer)).one_or_none()
    return bool(row.is_public) if row else None


def find_ladder(connection: Connection, asset_id: str, *, viewer: Viewer) -> Ladder | None:
    """None when the viewer may not see the asset; without renditions while nothing plays."""
    made = and_(renditions.c.asset_id == assets.c.id, renditions.c.kind.in_(_HLS))
    facts = (assets.c.captured_at, assets.c.kind.label("asset_kind"), _ENDED_STEPS)
    query = _asset(renditions, *facts).outerjoin(renditions, made)
    rows = connection.execute(_visible(query, asset_id, viewer)).all()
    if not rows:
        return None
    present = [row for row in rows if row.name is not None]
    return Ladder(
        is_public=bool(rows[0].is_public),
        captured_at=rows[0].captured_at,
        open_steps=_open_steps(rows[0]),
        renditions=tuple(map(_rendition, present)),
    )


def find_segment(
    connection: Connection,
    asset_id: str,
    name: str,
    *,
    step: str,
    attempt: int,
    filename: str,
    viewer: Viewer,
) -> Segment | None:
    """Of any attempt, there or not. None when the viewer may not see the asset."""
    is_listing = and_(
        renditions.c.asset_id == assets.c.id,
        renditions.c.name == name,
        renditions.c.attempt == attempt,
        renditions.c.step == step,
        renditions.c.kind.in_(_HLS),
    )
    is_listed = or_(literal(filename == INIT), renditions.c.segment_files.has_key(filename))
    is_found = and_(renditions.c.name.is_not(None), is_listed).label("is_listed")
    query = _asset(is_found).outerjoin(renditions, is_listing)
    row = connection.execute(_visible(query, asset_id, viewer)).one_or_none()
    return Segment(is_public=bool(row.is_public), is_listed=bool(row.is_listed)) if row else None


def find_file(
    connection: Connection, asset_id: str, name: str, *, viewer: Viewer
) -> StoredFile | None:
    """What was made of an asset and is one object."""
    query = _stored(renditions).join(renditions, renditions.c.asset_id == assets.c.id)
    is_wanted = and_(renditions.c.name == name, renditions.c.kind.in_(_FILES))
    return _file(connection, _visible(query, asset_id, viewer).where(is_wanted))


def find_original(connection: Connection, asset_id: str, *, viewer: Viewer) -> StoredFile | None:
    is_there = originals.c.key.is_not(None)
    return _file(connection, _visible(_stored(originals), asset_id, viewer).where(is_there))


def _asset(*columns: Any) -> Select[Any]:
    """`columns` beside the flag, from all that visibility is judged by."""
    return (
        select(_IS_PUBLIC, *columns)
        .select_from(assets)
        .join(events, events.c.id == assets.c.event_id)
        .outerjoin(originals, originals.c.asset_id == assets.c.id)
    )


def _stored(table: Table) -> Select[Any]:
    """The object that a row of `table` is about, and what its file may be called."""
    columns = (table.c.key, table.c.media_type, table.c.size_bytes, table.c.sha256)
    named = (assets.c.filename, assets.c.title, assets.c.language, events.c.default_language)
    return _asset(*columns, *named)


def _open_steps(row: Row[Any]) -> frozenset[str]:
    return frozenset(PIPELINE[Kind(row.asset_kind)]).intersection(_MAKERS) - {*row.ended_steps}


def _visible(query: Select[Any], asset_id: str, viewer: Viewer) -> Select[Any]:
    is_allowed: ColumnElement[bool] = asset_visible_to(viewer)
    return query.where(assets.c.id == asset_id, is_allowed)


def _file(connection: Connection, query: Select[Any]) -> StoredFile | None:
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return StoredFile(
        is_public=bool(row.is_public),
        key=row.key,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        filename=row.filename,
        title=row.title,
        languages=tuple(filter(None, [row.language, row.default_language])),
    )


def _rendition(row: Row[Any]) -> Rendition:
    return Rendition(
        name=row.name,
        step=Step(row.step),
        attempt=row.attempt,
        kind=RenditionKind(row.kind),
        key=row.key,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        width=row.width,
        height=row.height,
        frame_rate=row.frame_rate,
        bandwidth_bps=row.bandwidth_bps,
        average_bandwidth_bps=row.average_bandwidth_bps,
        codecs=row.codecs,
        language=row.language,
        label=row.label,
        segment_files=tuple(row.segment_files or ()),
        segment_seconds=tuple(row.segment_seconds or ()),
        keyframe_bytes=tuple(row.keyframe_bytes or ()),
    )
