"""The interface to a search engine: it stores documents and returns candidates.

Engines find, our own pure code ranks (`portal.search.ranking`). Both sides of a match, document
and query, pass through `portal.search.text`, so engines agree by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from portal.search.documents import Document, DocumentKind
from portal.visibility import Viewer

CANDIDATES_MAX = 200
FACETS = ("kind", "language", "event", "person")
FACET_VALUES_MAX = 16_000
"""Of each facet. Totals are taken at their word only while every event is among them, so this is
ten events a week for thirty years; tantivy allows 65,000 values of all facets together."""


@dataclass(frozen=True)
class Filters:
    """Empty means: no restriction."""

    kinds: frozenset[DocumentKind] = frozenset()
    language: str | None = None
    event_slug: str | None = None
    person: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class CandidateQuery:
    """`terms` are normalised words, all required; `phrases` are runs of normalised words.

    `now` comes from Postgres; with `viewer` it decides what may be found.
    """

    terms: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]
    viewer: Viewer
    now: datetime
    filters: Filters = Filters()
    limit: int = CANDIDATES_MAX


@dataclass(frozen=True)
class Candidate:
    document: Document
    score: float


@dataclass(frozen=True)
class Candidates:
    """`total` counts all matches that may be seen; `facets` maps facet -> value -> count."""

    items: tuple[Candidate, ...]
    total: int
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class EngineStatus:
    name: str
    document_count: int
    schema_version: int


class SearchEngine(Protocol):
    """Each verb may raise SearchUnavailable, or IndexUnusable, which is one."""

    def replace(self, owner_ids: Sequence[str], documents: Sequence[Document]) -> None:
        """Drop every document of these owners and add the given ones; atomic for readers."""
        ...

    def candidates(self, query: CandidateQuery) -> Candidates:
        """The best matches that the viewer may see at `now`, at most `limit`."""
        ...

    def rebuild(self, documents: Iterable[Document]) -> int:
        """Fill a new index and swap it in with no empty moment; returns how many it holds."""
        ...

    def rehearse(self) -> None:
        """Do all that changes need, beside the index in use, and leave nothing of it behind."""
        ...

    def document_digests(self) -> Mapping[str, str]:
        """{document id: digest of its content}, for comparison with Postgres."""
        ...

    def status(self) -> EngineStatus: ...
