"""Events and their programme."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from portal.languages import LocalizedText
from portal.people.models import EventPerson


@dataclass(frozen=True)
class Contact:
    name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class ProgrammeItem:
    id: str
    title: LocalizedText
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True)
class Event:
    """`released_at` None: a draft. `state` is computed with the database's clock."""

    id: str
    slug: str
    default_language: str
    time_zone: str
    title: LocalizedText
    summary: LocalizedText
    body: LocalizedText
    place: LocalizedText
    starts_at: datetime | None
    ends_at: datetime | None
    credit: str | None
    contact: Contact | None
    released_at: datetime | None
    withdrawn_at: datetime | None
    state: str  # draft | scheduled | public | withdrawn
    updated_at: datetime
    programme: tuple[ProgrammeItem, ...] = ()
    topics: tuple[LocalizedText, ...] = ()
    delegations: tuple[LocalizedText, ...] = ()
    people: tuple[EventPerson, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True)
class ProgrammeEntry:
    """A programme item as an editor describes it; `recordings` are file names."""

    title: LocalizedText
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    recordings: tuple[str, ...] = ()


@dataclass(frozen=True)
class PersonEntry:
    name: str
    role: LocalizedText
    variants: tuple[str, ...] = ()


@dataclass(frozen=True)
class EventDescription:
    """All that an editor says of an event; saving it makes or replaces the event's texts."""

    slug: str
    title: LocalizedText
    default_language: str = "en"
    time_zone: str = "UTC"
    summary: LocalizedText | None = None
    body: LocalizedText | None = None
    place: LocalizedText | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    credit: str | None = None
    contact: Contact | None = None
    topics: tuple[LocalizedText, ...] = ()
    delegations: tuple[LocalizedText, ...] = ()
    people: tuple[PersonEntry, ...] = ()
    programme: tuple[ProgrammeEntry, ...] = ()
