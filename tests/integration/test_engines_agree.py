"""The same archive in both engines: every query finds the same, counts the same, shows the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.runtime import Runtime
from portal.search.documents import DocumentKind
from portal.search.engines.interface import CandidateQuery, Candidates, Filters, SearchEngine
from portal.search.models import SearchResults
from portal.search.query import parse_query
from portal.visibility import INSTALLATION, PUBLIC, Viewer
from tests.integration.search_archive import HOUR, Archive
from tests.integration.search_corpus import QUERIES, build, random_queries
from tests.meilisearch_index import MeilisearchIndex

pytestmark = pytest.mark.postgres

NO_FILTERS = Filters()


@pytest.fixture
def archives(runtime: Runtime, meilisearch_index: MeilisearchIndex) -> tuple[Archive, Archive]:
    """The same rows, searched by the embedded engine and by the server."""
    embedded = Archive(runtime)
    build(embedded)
    server = Archive(replace(runtime, search=meilisearch_index.engine()))
    assert embedded.rebuild() == server.rebuild()
    return embedded, server


def found(
    archive: Archive, query: str, viewer: Viewer, filters: Filters = NO_FILTERS
) -> Candidates:
    parsed = parse_query(query)
    engine: SearchEngine = archive.runtime.search
    return engine.candidates(
        CandidateQuery(parsed.terms, parsed.phrases, viewer, archive.now, filters)
    )


def facts(candidates: Candidates) -> object:
    ids = {item.document.id for item in candidates.items}
    return ids, candidates.total, {name: dict(v) for name, v in candidates.facets.items()}


def shown(results: SearchResults) -> object:
    """All that a reader gets, in its order."""
    return results.hits, results.total, results.facets, results.listed


@pytest.mark.parametrize("viewer", [PUBLIC, INSTALLATION], ids=["public", "desk"])
def test_every_query_finds_the_same(archives: tuple[Archive, Archive], viewer: Viewer) -> None:
    embedded, server = archives
    hits = 0
    for query in (*QUERIES, *random_queries(200, seed=4)):
        expected = found(embedded, query, viewer)
        assert facts(found(server, query, viewer)) == facts(expected), query
        hits += expected.total > 0
    assert hits > len(QUERIES) + 70, "most queries must find something, or nothing is compared"


def test_filters_leave_the_same(archives: tuple[Archive, Archive]) -> None:
    embedded, server = archives
    now, day = embedded.now, timedelta(days=1)
    for filters in (
        Filters(kinds=frozenset({DocumentKind.PASSAGE})),
        Filters(kinds=frozenset({DocumentKind.PHOTO, DocumentKind.EVENT})),
        Filters(language="ru"),
        Filters(language="RU"),
        Filters(event_slug="congress"),
        Filters(event_slug='congress" OR kind = "v:photo'),
        Filters(person="gerhard-jarosch"),
        Filters(person="Anna-Sidorenko"),
        Filters(person="x" * 5000),
        Filters(since=now - day),
        Filters(until=now - day),
        Filters(since=now - 3 * day, until=now, language="en", event_slug="press-scrum"),
    ):
        for query in ("press", "jarosch", "the", "stamp", '"one form"'):
            expected = facts(found(embedded, query, INSTALLATION, filters))
            assert facts(found(server, query, INSTALLATION, filters)) == expected, filters


def test_readers_get_the_same_pages(archives: tuple[Archive, Archive]) -> None:
    embedded, server = archives
    for query in QUERIES:
        expected = shown(embedded.search(query, limit=100, page_language="en"))
        assert shown(server.search(query, limit=100, page_language="en")) == expected, query


def test_changes_lead_to_the_same(archives: tuple[Archive, Archive]) -> None:
    embedded, server = archives
    later = embedded.now + 2 * HOUR
    for archive in archives:
        digests = archive.runtime.search.document_digests()
        archive.runtime.search.replace([], [])
        assert archive.runtime.search.document_digests() == digests
    parsed = parse_query("ceremony")
    totals = {
        archive.runtime.search.candidates(
            CandidateQuery(parsed.terms, parsed.phrases, PUBLIC, later)
        ).total
        for archive in archives
    }
    assert len(totals) == 1
    assert found(embedded, "ceremony", PUBLIC).total < totals.pop()
    assert server.runtime.search.document_digests() == embedded.runtime.search.document_digests()
