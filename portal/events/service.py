"""Rules about events: saving, releasing, withdrawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.errors import InvalidInput, NotFound
from portal.events import repository
from portal.events.models import Event, EventDescription
from portal.jobs import Job, Task, defer
from portal.people import service as people_service
from portal.people.models import EventPerson
from portal.photos import service as photos_service
from portal.slugs import is_slug
from portal.visibility import INSTALLATION, Viewer


def save_event(connection: Connection, description: EventDescription) -> Event:
    """Make the event or replace all its texts; its release is left as it is.

    Raises InvalidInput.
    """
    _check(description)
    before = repository.find_by_slug(connection, description.slug, viewer=INSTALLATION)
    event_id = repository.upsert(connection, description)
    repository.replace_programme(connection, event_id, description.programme)
    repository.replace_topics(connection, event_id, description.topics)
    repository.replace_delegations(connection, event_id, description.delegations)
    repository.replace_people(connection, event_id, _people(connection, description))
    photos_service.date_photos(connection, event_id)
    if before is not None and _told_by_files(before) != _told_by_files(description):
        assets_service.repeat_downloads(connection, event_id)
    defer(connection, Job(Task.INDEX_EVENT, event_id))
    return get_event_by_id(connection, event_id, viewer=INSTALLATION)


def _told_by_files(event: Event | EventDescription) -> tuple[object, ...]:
    """What downloaded recordings say of their event."""
    return dict(event.title), event.default_language, event.credit


def ensure_event(connection: Connection, slug: str) -> Event:
    """The event at `slug`, made as an empty draft when missing. Raises InvalidInput."""
    _check_slug(slug)
    added_id = repository.add_draft(connection, slug)
    if added_id is not None:
        defer(connection, Job(Task.INDEX_EVENT, added_id))
    return get_event(connection, slug, viewer=INSTALLATION)


def get_event(connection: Connection, slug: str, *, viewer: Viewer) -> Event:
    """Raises NotFound when it is missing or may not be seen."""
    event = repository.find_by_slug(connection, slug, viewer=viewer) if is_slug(slug) else None
    return _found(connection, event, slug)


def get_event_by_id(connection: Connection, event_id: str, *, viewer: Viewer) -> Event:
    """Raises NotFound when it is missing or may not be seen."""
    return _found(connection, repository.find_by_id(connection, event_id, viewer=viewer), event_id)


def list_events(
    connection: Connection, *, viewer: Viewer, limit: int = 50, offset: int = 0
) -> list[Event]:
    """Newest first; without programme, topics, delegations and people."""
    return repository.list_newest_first(connection, viewer=viewer, limit=limit, offset=offset)


def events_by_ids(connection: Connection, ids: Sequence[str], *, viewer: Viewer) -> list[Event]:
    """Those of `ids` that the viewer may see, in their order, without details."""
    return repository.list_by_ids(connection, ids, viewer=viewer)


def list_appearances(connection: Connection, person_id: str, *, viewer: Viewer) -> list[Event]:
    """The events that a person takes part in, newest first, without details."""
    ids = people_service.visible_event_ids(connection, person_id, viewer=viewer)
    return events_by_ids(connection, ids, viewer=viewer)


def add_person(connection: Connection, event_id: str, person_id: str) -> None:
    """Name someone as taking part, without a role."""
    if repository.add_person(connection, event_id, person_id):
        defer(connection, Job(Task.INDEX_EVENT, event_id))


def publish(connection: Connection, slug: str, *, at: datetime | None = None) -> Event:
    """Release the event now or at an instant; lifts a withdrawal. Raises NotFound."""
    event_id = repository.release(connection, slug, at=at)
    return _reindexed(connection, event_id, slug)


def release_draft(connection: Connection, slug: str, *, at: datetime | None = None) -> Event:
    """Publish a draft; what was scheduled, published or withdrawn meanwhile stays as it is.

    Raises NotFound.
    """
    event_id = repository.release_draft(connection, slug, at=at)
    if event_id is None:
        return get_event(connection, slug, viewer=INSTALLATION)
    return _reindexed(connection, event_id, slug)


def withdraw(connection: Connection, slug: str) -> Event:
    """Hide the event from the public at once. Raises NotFound."""
    return _reindexed(connection, repository.withdraw(connection, slug), slug)


def _reindexed(connection: Connection, event_id: str | None, slug: str) -> Event:
    if event_id is None:
        raise NotFound(f"There is no event {slug!r}.")
    defer(connection, Job(Task.INDEX_EVENT, event_id))
    return get_event_by_id(connection, event_id, viewer=INSTALLATION)


def _found(connection: Connection, event: Event | None, name: str) -> Event:
    if event is None:
        raise NotFound(f"There is no event {name!r}.")
    return replace(event, people=people_service.people_of_event(connection, event.id))


def _people(connection: Connection, description: EventDescription) -> list[EventPerson]:
    """Raises InvalidInput when someone is named twice."""
    variants = {entry.name: entry.variants for entry in description.people}
    people = people_service.ensure_people(connection, variants)
    found: dict[str, EventPerson] = {}
    for entry in description.people:
        person = people[entry.name]
        if person.id in found:
            raise InvalidInput(
                f"{person.name} is named twice among the people of the event.",
                fields={"people": f"name {person.name} twice"},
            )
        found[person.id] = EventPerson(person, entry.role)
    return list(found.values())


def _check(description: EventDescription) -> None:
    _check_slug(description.slug)
    if not any(description.title.values()):
        raise InvalidInput("An event needs a title.", fields={"title": "is empty"})
    try:
        ZoneInfo(description.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder
        raise InvalidInput(
            f"{description.time_zone[:80]!r} is not a time zone; write one like Europe/Minsk.",
            fields={"time_zone": "is unknown"},
        ) from error
    starts_at, ends_at = description.starts_at, description.ends_at
    if starts_at and ends_at and ends_at < starts_at:
        raise InvalidInput("The event ends before it starts.", fields={"ends_at": "is too early"})


def _check_slug(slug: str) -> None:
    if not is_slug(slug):
        raise InvalidInput(
            f"{slug!r} cannot be an event's address: "
            "use small Latin letters, digits and single hyphens, such as press-scrum-2019.",
            fields={"slug": "is not an address"},
        )
