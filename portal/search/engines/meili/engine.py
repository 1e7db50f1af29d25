"""An index on a Meilisearch server, shared by processes on any number of machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from portal.errors import SearchUnavailable
from portal.ids import new_id
from portal.search.documents import Document
from portal.search.engines.interface import (
    FACETS,
    Candidate,
    CandidateQuery,
    Candidates,
    EngineStatus,
)
from portal.search.engines.meili import phrases
from portal.search.engines.meili.answers import candidates_of, without
from portal.search.engines.meili.codes import read_value
from portal.search.engines.meili.drafts import fill_and_swap
from portal.search.engines.meili.errors import OTHER_LAYOUT
from portal.search.engines.meili.filters import equal_to_any, tiers
from portal.search.engines.meili.rows import row_of
from portal.search.engines.meili.server import Server
from portal.search.engines.meili.settings import LAYOUT, LAYOUT_VERSION

NOTHING = Candidates(items=(), total=0, facets={facet: {} for facet in FACETS})


class MeilisearchEngine:
    """Implements SearchEngine. Needs no connection before the first verb."""

    def __init__(self, url: str, *, api_key: str | None, index: str) -> None:
        self._server = Server(url, api_key)
        self._index = index

    def replace(self, owner_ids: Sequence[str], documents: Sequence[Document]) -> None:
        """What comes is written before what goes is deleted, so that no reader misses either.

        Deleted are the owners' rows of the changes that were there before, and no others: a row
        that somebody else writes meanwhile bears the name of their change.
        """
        if not self._is_laid_out():
            if not documents:
                return
            self._server.create(self._index)
        of_owners = equal_to_any("owner", owner_ids)
        before = self._changes_by_document(of_owners) if owner_ids else {}
        change = new_id()
        self._server.add(self._index, (row_of(d, written_by=change) for d in documents))
        if before.keys() - {document.id for document in documents}:
            earlier = equal_to_any("written_by", sorted(set(before.values())))
            self._server.delete_rows(self._index, where=f"{of_owners} AND {earlier}")

    def candidates(self, query: CandidateQuery) -> Candidates:
        filters = tiers(query)
        if not filters:
            return NOTHING
        answer = self._server.search(self._index, filters, facets=FACETS, limit=query.limit)
        if answer is None:
            return NOTHING
        found = candidates_of(answer, index=self._index)
        if phrases.are_certain(query):
            return found
        return without(found, [one for one in found.items if not _is_match(query, one)])

    def rebuild(self, documents: Iterable[Document]) -> int:
        change = new_id()
        rows = (row_of(document, written_by=change) for document in documents)
        return fill_and_swap(self._server, self._index, rows)

    def document_digests(self) -> Mapping[str, str]:
        if not self._is_laid_out():
            return {}
        rows = self._server.rows(self._index, ["document", "digest"])
        return {row["document"]: row["digest"] for row in rows}

    def status(self) -> EngineStatus:
        count = self._server.count(self._index) if self._is_laid_out() else 0
        return EngineStatus("meilisearch", document_count=count, schema_version=LAYOUT_VERSION)

    def _changes_by_document(self, where: str) -> Mapping[str, str]:
        rows = self._server.rows(self._index, ["document", "written_by"], where=where)
        return {row["document"]: read_value(row["written_by"]) for row in rows}

    def _is_laid_out(self) -> bool:
        """False when there is nothing yet. Raises SearchUnavailable for an index of another layout.

        One without rows may be somebody's who is just making it.
        """
        layout = self._server.layout_of(self._index)
        if layout is None:
            return False
        if LAYOUT in layout:
            return True
        if self._server.count(self._index):
            raise SearchUnavailable(OTHER_LAYOUT)
        return False


def _is_match(query: CandidateQuery, one: Candidate) -> bool:
    return phrases.is_match(query, one.document)
