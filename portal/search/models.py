"""What is asked of search and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from portal.languages import PAGE_LANGUAGES, LocalizedText
from portal.search.documents import Document, DocumentKind
from portal.search.engines.interface import Filters

LIMIT_MAX = 100

Facets = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class SearchRequest:
    """`languages`: in which to title a hit that has no title of its own, best first.

    `page_language`: in which to show what has texts in several; None: as it was found.
    """

    query: str
    filters: Filters = field(default_factory=Filters)
    limit: int = 20
    cursor: str | None = None
    languages: Sequence[str] = PAGE_LANGUAGES
    page_language: str | None = None

    @property
    def shown_language(self) -> str | None:
        """Whoever asks for hits in one language reads it."""
        return self.filters.language or self.page_language


@dataclass(frozen=True)
class SearchHit:
    """`highlights` are code-point ranges of `text`; the times are those of the matching cues.

    `person_name` is who speaks or is meant; `person_slug` is None for a speaker without a page.
    `poster` is the name of a rendition of the asset; `time_zone` is the event's.
    """

    kind: DocumentKind
    event_slug: str
    event_title: LocalizedText
    asset_id: str | None
    title: str
    start_seconds: float | None
    end_seconds: float | None
    person_slug: str | None
    person_name: str | None
    language: str | None
    text: str
    highlights: tuple[tuple[int, int], ...]
    poster: str | None
    happened_at: datetime | None
    time_zone: str


@dataclass(frozen=True)
class Counts:
    """`facets` maps kind, language, event (slug) and person (slug) to counts by value."""

    total: int
    facets: Facets


@dataclass(frozen=True)
class SearchResults:
    """`total` and `facets` count before grouping. `partial`: the index is away, or catching up.

    `listed` counts what is listed, each thing once; None when not all matches were examined.
    """

    query: str
    total: int
    hits: tuple[SearchHit, ...]
    facets: Facets
    partial: bool
    took_ms: float
    next_cursor: str | None = None
    listed: Counts | None = None
    is_away: bool = False

    @property
    def shown_counts(self) -> Counts:
        """What a reader counts, as far as it is known."""
        return self.listed or Counts(self.total, self.facets)


@dataclass(frozen=True)
class OwnedDocuments:
    """All that `owner_ids` ought to have in the index; nothing when they are gone."""

    owner_ids: tuple[str, ...]
    documents: tuple[Document, ...]


@dataclass(frozen=True)
class IndexDifferences:
    """Document ids: missing from the index, surplus in it, and there with other content."""

    missing: tuple[str, ...]
    surplus: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.missing) + len(self.surplus) + len(self.changed)

    @property
    def is_empty(self) -> bool:
        return self.count == 0
