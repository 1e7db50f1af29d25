"""People as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.assets.models import Asset, AssetState, Kind
from portal.assets.views import PhotoCard, photo_card
from portal.events.models import Event
from portal.events.views import EventLine, event_line
from portal.people.models import Person
from portal.recordings.views import RecordingCard, recording_card
from portal.web.addresses import page_path, phrase_path


@dataclass(frozen=True)
class PersonPage:
    path: str
    name: str
    variants: tuple[str, ...]
    search_path: str
    events: tuple[EventLine, ...]
    recordings: tuple[RecordingCard, ...]
    photos: tuple[PhotoCard, ...]


@dataclass(frozen=True)
class Appearances:
    """`events` holds the event of every asset; `lines` are those that the person takes part in."""

    lines: Sequence[Event]
    assets: Sequence[Asset]
    states: Mapping[str, AssetState]
    events: Mapping[str, Event]


def person_page(person: Person, found: Appearances, *, language: str) -> PersonPage:
    return PersonPage(
        path=page_path(language, "people", person.slug),
        name=person.name,
        variants=person.variants,
        search_path=phrase_path(language, person.name),
        events=tuple(event_line(event, language=language) for event in found.lines),
        recordings=tuple(
            recording_card(
                asset,
                found.states[asset.id],
                language=language,
                event=found.events[asset.event_id],
            )
            for asset in found.assets
            if asset.kind.is_recording
        ),
        photos=tuple(
            photo_card(
                asset,
                found.states[asset.id],
                language=language,
                event=found.events[asset.event_id],
            )
            for asset in found.assets
            if asset.kind is Kind.PHOTO
        ),
    )
