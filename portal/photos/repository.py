"""All SQL that writes cameras' clocks and what they showed."""

from __future__ import annotations

from dataclasses import asdict
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from portal.db.tables import assets, camera_clocks, events, photo_clocks
from portal.ids import new_id
from portal.photos.models import Camera, ClockOfPhoto, PhotoClock


def add_camera(connection: Connection, event_id: str, *, fingerprint: str, name: str) -> None:
    """Give a new camera the next number, unless another transaction took that one just now."""
    next_number = select(func.coalesce(func.max(camera_clocks.c.number), 0) + 1).where(
        camera_clocks.c.event_id == event_id
    )
    connection.execute(
        insert(camera_clocks)
        .values(
            id=new_id(),
            event_id=event_id,
            fingerprint=fingerprint,
            name=name,
            number=next_number.scalar_subquery(),
        )
        .on_conflict_do_nothing()
    )


def find_camera_id(connection: Connection, event_id: str, fingerprint: str) -> str | None:
    """Its shift stays as it is until the transaction ends."""
    return connection.scalar(
        select(camera_clocks.c.id)
        .where(camera_clocks.c.event_id == event_id, camera_clocks.c.fingerprint == fingerprint)
        .with_for_update(read=True)
    )


def find_shift(connection: Connection, event_id: str, fingerprint: str) -> int:
    """In seconds; 0 for a camera that is not known."""
    found = connection.scalar(
        select(camera_clocks.c.shift_seconds).where(
            camera_clocks.c.event_id == event_id, camera_clocks.c.fingerprint == fingerprint
        )
    )
    return found or 0


def replace_clock(
    connection: Connection, asset_id: str, clock: PhotoClock, *, camera_id: str | None
) -> None:
    values = {"camera_id": camera_id, **asdict(clock)}
    connection.execute(
        insert(photo_clocks)
        .values(asset_id=asset_id, **values)
        .on_conflict_do_update(index_elements=[photo_clocks.c.asset_id], set_=values)
    )


def remove_clock(connection: Connection, asset_id: str) -> None:
    connection.execute(delete(photo_clocks).where(photo_clocks.c.asset_id == asset_id))


def clocks_of_event(connection: Connection, event_id: str) -> list[ClockOfPhoto]:
    return _clocks(connection, assets.c.event_id == event_id)


def clocks_of_camera(connection: Connection, event_id: str, number: int) -> list[ClockOfPhoto]:
    return _clocks(connection, assets.c.event_id == event_id, camera_clocks.c.number == number)


def clock_of_photo(connection: Connection, asset_id: str) -> ClockOfPhoto | None:
    return next(iter(_clocks(connection, assets.c.id == asset_id)), None)


def hold_photos(connection: Connection, event_id: str, number: int) -> None:
    """No step of the photos that a camera took ends until the transaction does."""
    connection.execute(
        select(assets.c.id)
        .join(photo_clocks, photo_clocks.c.asset_id == assets.c.id)
        .join(camera_clocks, camera_clocks.c.id == photo_clocks.c.camera_id)
        .where(camera_clocks.c.event_id == event_id, camera_clocks.c.number == number)
        .order_by(assets.c.id)
        .with_for_update(of=assets)
    )


def set_shift(connection: Connection, event_id: str, number: int, *, seconds: int) -> bool:
    """Whether the event has a camera of this number."""
    changed = connection.execute(
        update(camera_clocks)
        .where(camera_clocks.c.event_id == event_id, camera_clocks.c.number == number)
        .values(shift_seconds=seconds)
    )
    return changed.rowcount == 1


def list_cameras(connection: Connection, event_id: str) -> list[Camera]:
    """In the order of their numbers."""
    is_removed = assets.c.id.is_(None)  # the outer join finds none of these
    first = func.array_agg(
        aggregate_order_by(assets.c.filename, is_removed, photo_clocks.c.shown, assets.c.id)
    )[1]
    rows = connection.execute(
        select(
            camera_clocks.c.number,
            camera_clocks.c.name,
            camera_clocks.c.shift_seconds,
            func.count(assets.c.id).label("photo_count"),
            first.label("first_filename"),
        )
        .outerjoin(photo_clocks, photo_clocks.c.camera_id == camera_clocks.c.id)
        .outerjoin(assets, (assets.c.id == photo_clocks.c.asset_id) & assets.c.removed_at.is_(None))
        .where(camera_clocks.c.event_id == event_id)
        .group_by(camera_clocks.c.id)
        .order_by(camera_clocks.c.number)
    )
    return [Camera(**row) for row in rows.mappings()]


def _clocks(connection: Connection, *conditions: ColumnElement[bool]) -> list[ClockOfPhoto]:
    rows = connection.execute(
        select(
            photo_clocks,
            camera_clocks.c.number,
            func.coalesce(camera_clocks.c.shift_seconds, 0).label("shift_seconds"),
            events.c.time_zone,
            assets.c.captured_at,
        )
        .join(assets, assets.c.id == photo_clocks.c.asset_id)
        .join(events, events.c.id == assets.c.event_id)
        .outerjoin(camera_clocks, camera_clocks.c.id == photo_clocks.c.camera_id)
        .where(assets.c.removed_at.is_(None), *conditions)
        .order_by(assets.c.id)
    ).all()
    return [
        ClockOfPhoto(
            asset_id=row.asset_id,
            camera_number=row.number,
            clock=PhotoClock(row.shown, row.offset_seconds),
            shift_seconds=row.shift_seconds,
            zone=ZoneInfo(row.time_zone),
            captured_at=row.captured_at,
        )
        for row in rows
    ]
