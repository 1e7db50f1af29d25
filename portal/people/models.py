"""People: speakers and those pictured."""

from __future__ import annotations

from dataclasses import dataclass

from portal.languages import LocalizedText


@dataclass(frozen=True)
class Person:
    id: str
    slug: str
    name: str
    variants: tuple[str, ...] = ()

    @property
    def all_names(self) -> tuple[str, ...]:
        return (self.name, *self.variants)


@dataclass(frozen=True)
class EventPerson:
    """A person's part in one event."""

    person: Person
    role: LocalizedText
