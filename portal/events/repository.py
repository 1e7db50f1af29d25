"""All SQL that writes events, their programme, topics, delegations and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.db.tables import (
    event_delegations,
    event_people,
    event_topics,
    events,
    programme_items,
)
from portal.events.models import Contact, Event, EventDescription, ProgrammeEntry, ProgrammeItem
from portal.ids import new_id
from portal.languages import LocalizedText
from portal.people.models import EventPerson
from portal.visibility import Viewer, event_visible_to

_STATE = case(
    (events.c.withdrawn_at <= func.now(), "withdrawn"),
    (events.c.released_at.is_(None), "draft"),
    (events.c.released_at > func.now(), "scheduled"),
    else_="public",
).label("state")


def find_by_slug(connection: Connection, slug: str, *, viewer: Viewer) -> Event | None:
    """With all its parts but people."""
    return _find(connection, _select(viewer).where(events.c.slug == slug))


def find_by_id(connection: Connection, event_id: str, *, viewer: Viewer) -> Event | None:
    """With all its parts but people."""
    return _find(connection, _select(viewer).where(events.c.id == event_id))


def list_newest_first(
    connection: Connection, *, viewer: Viewer, limit: int, offset: int
) -> list[Event]:
    """Without programme, topics, delegations and people."""
    query = _select(viewer).order_by(
        func.coalesce(events.c.starts_at, events.c.created_at).desc(), events.c.id
    )
    return [_event(row) for row in connection.execute(query.limit(limit).offset(offset))]


def list_by_ids(connection: Connection, ids: Sequence[str], *, viewer: Viewer) -> list[Event]:
    """Those of `ids` that the viewer may see, in their order."""
    rows = connection.execute(_select(viewer).where(events.c.id.in_(ids)))
    found = {row.id: _event(row) for row in rows}
    return [found[event_id] for event_id in ids if event_id in found]


def upsert(connection: Connection, description: EventDescription) -> str:
    """Write the event's own row and return its id."""
    values = _columns(description)
    statement = insert(events).values(id=new_id(), slug=description.slug, **values)
    event_id: str = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[events.c.slug], set_={**values, "updated_at": func.now()}
        ).returning(events.c.id)
    ).scalar_one()
    return event_id


def add_draft(connection: Connection, slug: str) -> str | None:
    """Add an empty event and return its id; None when the slug is taken."""
    return connection.execute(
        insert(events)
        .values(id=new_id(), slug=slug, title={"en": slug})
        .on_conflict_do_nothing(index_elements=[events.c.slug])
        .returning(events.c.id)
    ).scalar_one_or_none()


def replace_programme(
    connection: Connection, event_id: str, entries: Sequence[ProgrammeEntry]
) -> None:
    """Items keep their ids by position, so that assets stay attached to them."""
    connection.execute(
        delete(programme_items).where(
            programme_items.c.event_id == event_id, programme_items.c.position >= len(entries)
        )
    )
    for position, entry in enumerate(entries):
        values = {
            "title": dict(entry.title),
            "starts_at": entry.starts_at,
            "ends_at": entry.ends_at,
        }
        connection.execute(
            insert(programme_items)
            .values(id=new_id(), event_id=event_id, position=position, **values)
            .on_conflict_do_update(
                index_elements=[programme_items.c.event_id, programme_items.c.position],
                set_=values,
            )
        )


def replace_topics(connection: Connection, event_id: str, names: Sequence[LocalizedText]) -> None:
    _replace_rows(connection, event_topics, event_id, [{"name": dict(name)} for name in names])


def replace_delegations(
    connection: Connection, event_id: str, names: Sequence[LocalizedText]
) -> None:
    _replace_rows(connection, event_delegations, event_id, [{"name": dict(n)} for n in names])


def replace_people(connection: Connection, event_id: str, people: Sequence[EventPerson]) -> None:
    rows = [{"person_id": entry.person.id, "role": dict(entry.role)} for entry in people]
    _replace_rows(connection, event_people, event_id, rows)


def add_person(connection: Connection, event_id: str, person_id: str) -> bool:
    """Add someone without a role, behind the others; whether they were not there already."""
    last = select(func.coalesce(func.max(event_people.c.position), -1) + 1).where(
        event_people.c.event_id == event_id
    )
    added = connection.execute(
        insert(event_people)
        .values(event_id=event_id, person_id=person_id, position=last.scalar_subquery())
        .on_conflict_do_nothing()
        .returning(event_people.c.person_id)
    ).one_or_none()
    return added is not None


def release(connection: Connection, slug: str, *, at: datetime | None) -> str | None:
    """Set the release (`at` None: now) and lift a withdrawal; the event's id, None if missing."""
    return connection.execute(
        update(events)
        .where(events.c.slug == slug)
        .values(
            released_at=func.now() if at is None else at,
            withdrawn_at=None,
            updated_at=func.now(),
        )
        .returning(events.c.id)
    ).scalar_one_or_none()


def release_draft(connection: Connection, slug: str, *, at: datetime | None) -> str | None:
    """Set the release unless an editor has decided on one, or on a withdrawal."""
    return connection.execute(
        update(events)
        .where(
            events.c.slug == slug, events.c.released_at.is_(None), events.c.withdrawn_at.is_(None)
        )
        .values(released_at=func.now() if at is None else at, updated_at=func.now())
        .returning(events.c.id)
    ).scalar_one_or_none()


def withdraw(connection: Connection, slug: str) -> str | None:
    return connection.execute(
        update(events)
        .where(events.c.slug == slug)
        .values(withdrawn_at=func.now(), updated_at=func.now())
        .returning(events.c.id)
    ).scalar_one_or_none()


def _find(connection: Connection, query: Select[Any]) -> Event | None:
    row = connection.execute(query).one_or_none()
    return _with_parts(connection, _event(row)) if row else None


def _select(viewer: Viewer) -> Select[Any]:
    return select(events, _STATE).where(event_visible_to(viewer))


def _columns(description: EventDescription) -> dict[str, object]:
    return {
        "default_language": description.default_language,
        "time_zone": description.time_zone,
        "starts_at": description.starts_at,
        "ends_at": description.ends_at,
        "title": dict(description.title),
        "summary": dict(description.summary or {}),
        "body": dict(description.body or {}),
        "place": dict(description.place or {}),
        "credit": description.credit,
        "contact": asdict(description.contact) if description.contact else None,
    }


def _replace_rows(
    connection: Connection, table: Any, event_id: str, rows: Sequence[Mapping[str, object]]
) -> None:
    connection.execute(delete(table).where(table.c.event_id == event_id))
    if rows:
        numbered = [{"event_id": event_id, "position": n, **row} for n, row in enumerate(rows)]
        connection.execute(insert(table), numbered)


def _event(row: Row[Any]) -> Event:
    return Event(
        id=row.id,
        slug=row.slug,
        default_language=row.default_language,
        time_zone=row.time_zone,
        title=row.title,
        summary=row.summary,
        body=row.body,
        place=row.place,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        credit=row.credit,
        contact=Contact(**row.contact) if row.contact else None,
        released_at=row.released_at,
        withdrawn_at=row.withdrawn_at,
        state=row.state,
        updated_at=row.updated_at,
    )


def _with_parts(connection: Connection, event: Event) -> Event:
    return replace(
        event,
        programme=_programme(connection, event.id),
        topics=_names(connection, event_topics, event.id),
        delegations=_names(connection, event_delegations, event.id),
    )


def _programme(connection: Connection, event_id: str) -> tuple[ProgrammeItem, ...]:
    rows = connection.execute(
        select(programme_items)
        .where(programme_items.c.event_id == event_id)
        .order_by(programme_items.c.position)
    )
    return tuple(ProgrammeItem(row.id, row.title, row.starts_at, row.ends_at) for row in rows)


def _names(connection: Connection, table: Any, event_id: str) -> tuple[LocalizedText, ...]:
    query = select(table.c.name).where(table.c.event_id == event_id).order_by(table.c.position)
    return tuple(connection.scalars(query))
