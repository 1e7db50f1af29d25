"""An index on a Meilisearch server, shared by processes on any number of machines."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from portal.errors import IndexUnusable
from portal.ids import new_id
from portal.search.documents import REHEARSED, Document
from portal.search.engines.interface import (
    FACETS,
    CandidateQuery,
    Candidates,
    EngineStatus,
)
from portal.search.engines.meili import phrases
from portal.search.engines.meili.answers import candidates_of, without
from portal.search.engines.meili.codes import read_value
from portal.search.engines.meili.drafts import fill_and_swap, rehearse
from portal.search.engines.meili.errors import OTHER_LAYOUT
from portal.search.engines.meili.filters import equal_to_any, tiers
from portal.search.engines.meili.rows import row_of
from portal.search.engines.meili.server import Server
from portal.search.engines.meili.settings import LAYOUT, LAYOUT_VERSION
from portal.search.engines.meili.tasks import TASK_SECONDS_MAX, Patience

REHEARSAL_SECONDS_MAX = 30.0
"""Of each task; whoever asks is somebody who waits."""
NOTHING = Candidates(items=(), total=0, facets={facet: {} for facet in FACETS})


class MeilisearchEngine:
    """Implements SearchEngine. Needs no connection before the first verb."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None,
        index: str,
        stop: threading.Event | None = None,
        patience_seconds: float = TASK_SECONDS_MAX,
    ) -> None:
        """`stop` and `patience_seconds` end the wait for a change that the server has taken."""
        patience = Patience(patience_seconds, stop or threading.Event())
        self._server = Server(url, api_key, patience)
        self._index = index

    def replace(self, owner_ids: Sequence[str], documents: Sequence[Document]) -> None:
        """What comes is written before what goes is deleted, so that no reader misses either.

        The server does one thing after another. So nothing that was asked of it earlier, and was
        perhaps no longer waited for, can put a row back: what there is besides ours is looked for
        when ours is written, and with nothing to write the deletion itself comes last.
        """
        if not self._is_laid_out():
            if not documents:
                return
            self._server.create(self._index)
        change = new_id()
        self._server.add(self._index, (row_of(d, written_by=change) for d in documents))
        if not owner_ids:
            return
        of_owners = equal_to_any("owner", owner_ids)
        if not documents:
            self._server.delete_rows(self._index, where=of_owners)
        elif earlier := self._other_changes(of_owners, change):
            where = f"{of_owners} AND {equal_to_any('written_by', earlier)}"
            self._server.delete_rows(self._index, where=where)

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
        return without(
            found, [one for one in found.items if not phrases.is_match(query, one.document)]
        )

    def rebuild(self, documents: Iterable[Document]) -> int:
        change = new_id()
        rows = (row_of(document, written_by=change) for document in documents)
        return fill_and_swap(self._server, self._index, rows)

    def rehearse(self) -> None:
        in_short = replace(self._server.patience, seconds=REHEARSAL_SECONDS_MAX)
        server = replace(self._server, patience=in_short)
        rehearse(server, self._index, row_of(REHEARSED, written_by=new_id()))

    def document_digests(self) -> Mapping[str, str]:
        if not self._is_laid_out():
            return {}
        rows = self._server.rows(self._index, ["document", "digest"])
        return {row["document"]: row["digest"] for row in rows}

    def status(self) -> EngineStatus:
        count = self._server.count(self._index) if self._is_laid_out() else 0
        return EngineStatus("meilisearch", document_count=count, schema_version=LAYOUT_VERSION)

    def _other_changes(self, of_owners: str, change: str) -> list[str]:
        """Those that wrote the rows of these owners which `change` did not write."""
        where = f"{of_owners} AND NOT {equal_to_any('written_by', [change])}"
        rows = self._server.rows(self._index, ["written_by"], where=where)
        return sorted({read_value(row["written_by"]) for row in rows})

    def _is_laid_out(self) -> bool:
        """False when there is nothing yet. Raises IndexUnusable for an index of another layout.

        One without rows may be somebody's who is just making it.
        """
        layout = self._server.layout_of(self._index)
        if layout is None:
            return False
        if LAYOUT in layout:
            return True
        if self._server.count(self._index):
            raise IndexUnusable(OTHER_LAYOUT)
        return False
