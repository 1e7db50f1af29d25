"""An asset with all that its page needs to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.assets.models import Asset, AssetState
from portal.assets.views import Notice, notice_of
from portal.events.models import Event
from portal.people.models import Person
from portal.recordings.models import Recording
from portal.web.addresses import page_path
from portal.web.i18n import msg
from portal.web.presentation import Text, format_size, language_name, text_in

NOTHING_KNOWN = Recording()

Pairs = Iterable[tuple[str, object]]


@dataclass(frozen=True)
class Link:
    path: str
    name: str


@dataclass(frozen=True)
class EventLink:
    path: str
    title: Text


@dataclass(frozen=True)
class Subject:
    """What is known of an asset before its page is made."""

    asset: Asset
    state: AssetState
    detail: str | None
    event: Event
    people: Sequence[Person]
    language: str
    recording: Recording = NOTHING_KNOWN
    is_editor: bool = False

    @property
    def notice(self) -> Notice | None:
        return notice_of(
            self.asset,
            self.state,
            language=self.language,
            detail=self.detail,
            is_editor=self.is_editor,
        )

    @property
    def event_link(self) -> EventLink:
        title = text_in(
            self.event.title, language=self.language, fallbacks=[self.event.default_language]
        )
        return EventLink(page_path(self.language, "events", self.event.slug), title)

    @property
    def people_links(self) -> tuple[Link, ...]:
        return tuple(
            Link(page_path(self.language, "people", person.slug), person.name)
            for person in self.people
        )


def spoken_language(subject: Subject) -> str | None:
    spoken = subject.asset.language
    return language_name(spoken, language=subject.language) if spoken else None


def file_facts(subject: Subject) -> Pairs:
    """The name of a file may hold more than readers should be told."""
    original = subject.asset.original
    size = format_size(original.size_bytes, language=subject.language) if original else None
    return [
        (msg("File"), subject.asset.filename if subject.is_editor else None),
        (msg("Size of the original"), size),
        (msg("SHA-256 of the original"), original.sha256 if original else None),
    ]


def measures(width: int | None, height: int | None) -> str | None:
    return f"{width} × {height}" if width and height else None
