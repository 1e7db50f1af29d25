"""What is searchable: documents, built by pure functions from rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DocumentKind(StrEnum):
    PASSAGE = "passage"
    RECORDING = "recording"
    PHOTO = "photo"
    EVENT = "event"
    PERSON = "person"


@dataclass(frozen=True)
class TimedText:
    """A cue inside a passage: its text is `passage.text[offset:offset + length]` (code points)."""

    offset: int
    length: int
    start_seconds: float
    end_seconds: float
    speaker: str | None


@dataclass(frozen=True)
class Version:
    """What a document of the same thing shows in another language."""

    language: str
    title: str
    text: str


@dataclass(frozen=True)
class Document:
    """One searchable thing. `title` and `text` are shown; `names` are what else it is found by.

    A document without `released_at` is a draft: only the desk finds it. `owner_id` is the asset
    or event whose change replaces the document; `people` are slugs, to filter and count by.
    Each line of `text` stands for itself: a snippet never joins two.
    """

    id: str
    owner_id: str
    kind: DocumentKind
    event_id: str | None
    event_slug: str | None
    asset_id: str | None
    person_slug: str | None
    language: str | None
    title: str
    text: str
    names: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    happened_at: datetime | None = None
    released_at: datetime | None = None
    withdrawn_at: datetime | None = None
    cues: tuple[TimedText, ...] = field(default=())
    versions: tuple[Version, ...] = field(default=())


REHEARSED = Document(
    id="rehearsal",
    owner_id="rehearsal",
    kind=DocumentKind.PHOTO,
    event_id=None,
    event_slug=None,
    asset_id=None,
    person_slug=None,
    language=None,
    title="",
    text="",
)
"""Stands for any document where only rights and room are tried out."""
