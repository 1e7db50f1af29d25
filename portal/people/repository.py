"""All SQL that writes people and their variants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert

from portal.db.tables import event_people, events, people, person_variants
from portal.ids import new_id
from portal.people.models import EventPerson, Person
from portal.visibility import Viewer, event_visible_to


def find_by_slug(connection: Connection, slug: str) -> Person | None:
    row = connection.execute(select(people).where(people.c.slug == slug)).one_or_none()
    return _with_variants(connection, [row])[0] if row else None


def find_by_name(connection: Connection, name: str) -> Person | None:
    row = connection.execute(select(people).where(people.c.name == name)).one_or_none()
    return _with_variants(connection, [row])[0] if row else None


def by_ids(connection: Connection, ids: Iterable[str]) -> list[Person]:
    rows = connection.execute(select(people).where(people.c.id.in_(list(ids))).order_by("name"))
    return _with_variants(connection, list(rows))


def slugs_like(connection: Connection, slug: str) -> set[str]:
    """Slugs that start with `slug`."""
    return set(
        connection.scalars(
            select(people.c.slug).where(people.c.slug.startswith(slug, autoescape=True))
        )
    )


def add(connection: Connection, *, slug: str, name: str) -> None:
    """Add a person, unless another transaction took the name or the slug first."""
    connection.execute(
        insert(people).values(id=new_id(), slug=slug, name=name).on_conflict_do_nothing()
    )


def add_variants(connection: Connection, person_id: str, variants: Iterable[str]) -> None:
    rows = [{"person_id": person_id, "variant": variant} for variant in variants]
    if rows:
        connection.execute(insert(person_variants).on_conflict_do_nothing(), rows)


def people_of_event(connection: Connection, event_id: str) -> list[EventPerson]:
    """In the order that the editor gave."""
    rows = connection.execute(
        select(people, event_people.c.role)
        .join(event_people, event_people.c.person_id == people.c.id)
        .where(event_people.c.event_id == event_id)
        .order_by(event_people.c.position)
    ).all()
    persons = _with_variants(connection, rows)
    return [EventPerson(person, row.role) for person, row in zip(persons, rows, strict=True)]


def visible_event_ids(connection: Connection, person_id: str, *, viewer: Viewer) -> list[str]:
    """Events that the person takes part in and the viewer may see, newest first."""
    return list(
        connection.scalars(
            select(events.c.id)
            .join(event_people, event_people.c.event_id == events.c.id)
            .where(event_people.c.person_id == person_id, event_visible_to(viewer))
            .order_by(events.c.starts_at.desc().nulls_last())
        )
    )


def _with_variants(connection: Connection, rows: Iterable[Row[tuple[object, ...]]]) -> list[Person]:
    found = list(rows)
    variants: Mapping[str, list[str]] = {row.id: [] for row in found}
    for row in connection.execute(
        select(person_variants)
        .where(person_variants.c.person_id.in_(list(variants)))
        .order_by(person_variants.c.variant)
    ):
        variants[row.person_id].append(row.variant)
    return [Person(row.id, row.slug, row.name, tuple(variants[row.id])) for row in found]
