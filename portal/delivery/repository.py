"""What a request for bytes must know, in one SELECT each, the right to see them included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, literal, or_, select

from portal.assets.made_files import INIT
from portal.assets.models import Rendition, RenditionKind, Step
from portal.db.tables import assets, events, originals, renditions, steps
from portal.visibility import PUBLIC, Viewer, asset_visible_to

_IS_PUBLIC = asset_visible_to(PUBLIC).label("is_public")
_HLS = (RenditionKind.PREVIEW, RenditionKind.VIDEO, RenditionKind.AUDIO)


@dataclass(frozen=True)
class Ladder:
    """The HLS renditions of an asset. `is_complete`: whoever made them has ended."""

    is_public: bool
    is_complete: bool
    renditions: tuple[Rendition, ...]


@dataclass(frozen=True)
class Segment:
    """One file of an HLS rendition; `is_listed` while the playlists of now name it."""

    is_public: bool
    is_listed: bool


@dataclass(frozen=True)
class StoredFile:
    """One object as it is to be sent; `sha256` None while it is not verified."""

    is_public: bool
    key: str
    media_type: str
    size_bytes: int
    sha256: str | None
    filename: str


def find_public_flag(connection: Connection, asset_id: str, *, viewer: Viewer) -> bool | None:
    """Whether everybody may see the asset; None when not even the viewer may."""
    row = connection.execute(_visible(_asset(), asset_id, viewer)).one_or_none()
    return bool(row.is_public) if row else None


def find_ladder(connection: Connection, asset_id: str, *, viewer: Viewer) -> Ladder | None:
    """None when the viewer may not see the asset; without renditions while nothing plays."""
    made = and_(renditions.c.asset_id == assets.c.id, renditions.c.kind.in_(_HLS))
    maker = and_(steps.c.asset_id == assets.c.id, steps.c.name == renditions.c.step)
    query = _asset(renditions, steps.c.outcome).outerjoin(renditions, made).outerjoin(steps, maker)
    rows = connection.execute(_visible(query, asset_id, viewer)).all()
    if not rows:
        return None
    present = [row for row in rows if row.name is not None]
    return Ladder(
        is_public=bool(rows[0].is_public),
        is_complete=all(row.outcome is not None for row in present),
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


def find_image(
    connection: Connection, asset_id: str, name: str, *, viewer: Viewer
) -> StoredFile | None:
    query = _asset(
        renditions.c.key,
        renditions.c.media_type,
        renditions.c.size_bytes,
        renditions.c.sha256,
        renditions.c.name.label("filename"),
    ).join(renditions, renditions.c.asset_id == assets.c.id)
    is_wanted = and_(renditions.c.name == name, renditions.c.kind == RenditionKind.IMAGE)
    return _file(connection, _visible(query, asset_id, viewer).where(is_wanted))


def find_original(connection: Connection, asset_id: str, *, viewer: Viewer) -> StoredFile | None:
    query = _asset(
        originals.c.key,
        originals.c.media_type,
        originals.c.size_bytes,
        originals.c.sha256,
        assets.c.filename,
    )
    is_there = originals.c.key.is_not(None)
    return _file(connection, _visible(query, asset_id, viewer).where(is_there))


def _asset(*columns: Any) -> Select[Any]:
    """`columns` beside the flag, from all that visibility is judged by."""
    return (
        select(_IS_PUBLIC, *columns)
        .select_from(assets)
        .join(events, events.c.id == assets.c.event_id)
        .outerjoin(originals, originals.c.asset_id == assets.c.id)
    )


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
