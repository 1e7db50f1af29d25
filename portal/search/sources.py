"""What documents are built from: rows of Postgres, read together, as the builders need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.assets.models import Kind, PhotoMetadata
from portal.languages import LocalizedText
from portal.people.models import EventPerson, Person
from portal.transcripts.models import Transcript


@dataclass(frozen=True)
class EventSource:
    id: str
    slug: str
    default_language: str
    title: LocalizedText
    summary: LocalizedText
    body: LocalizedText
    place: LocalizedText
    starts_at: datetime | None
    released_at: datetime | None
    withdrawn_at: datetime | None
    topics: tuple[LocalizedText, ...] = ()
    delegations: tuple[LocalizedText, ...] = ()
    programme: tuple[LocalizedText, ...] = ()
    people: tuple[EventPerson, ...] = ()


@dataclass(frozen=True)
class AssetSource:
    """`is_verified`: its original is checked, so the public may see it once the event is out.

    `transcripts` are those shown on it; each names the asset that it came from.
    """

    id: str
    kind: Kind
    title: LocalizedText
    caption: LocalizedText
    happened_at: datetime | None
    is_verified: bool
    photo: PhotoMetadata | None = None
    programme_title: LocalizedText | None = None
    people: tuple[Person, ...] = ()
    transcripts: tuple[TranscriptSource, ...] = ()


@dataclass(frozen=True)
class TranscriptSource:
    transcript: Transcript
    is_verified: bool
