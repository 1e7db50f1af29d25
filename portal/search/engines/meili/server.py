"""One index on a server, by the few verbs that we need. Raises SearchUnavailable."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from meilisearch import Client
from meilisearch.errors import MeilisearchApiError
from meilisearch.models.task import TaskInfo

from portal.search.engines.meili.errors import (
    is_missing_index,
    task_failure,
    translated_errors,
)
from portal.search.engines.meili.rows import Row, batches
from portal.search.engines.meili.settings import KEY, LAYOUT, index_settings
from portal.search.engines.meili.tasks import Patience, wait_for

QUESTION_SECONDS_MAX = 5
CHANGE_SECONDS_MAX = 60
"""Of one request; a batch may be megabytes on a slow line."""
PAGE_ROWS = 5_000
WRITE, SWAP = "write to the index", "swap indexes"
BATCHES_IN_FLIGHT = 2
"""The server writes one while it receives the next; more would only fill its queue."""


@dataclass(frozen=True)
class Server:
    url: str
    api_key: str | None = field(repr=False)
    patience: Patience = field(default_factory=Patience)

    def client(self, *, timeout_seconds: int = QUESTION_SECONDS_MAX) -> Client:
        """One for each request: it keeps that request's headers in itself, so threads that
        shared one would send each other's."""
        return Client(self.url, self.api_key, timeout=timeout_seconds)

    # --- questions ---------------------------------------------------------------------------

    def layout_of(self, name: str) -> Sequence[str] | None:
        """The searchable attributes, by which we tell layouts apart; None without such an index."""
        with translated_errors("look at the index"):
            try:
                return self.client().index(name).get_searchable_attributes()
            except MeilisearchApiError as error:
                if is_missing_index(error):
                    return None
                raise

    def count(self, name: str) -> int:
        with translated_errors("count the index"):
            return self.client().index(name).get_stats().number_of_documents

    def search(
        self, name: str, filters: Sequence[str], *, facets: Sequence[str], limit: int
    ) -> Mapping[str, Any] | None:
        """Rows by the first filter before those by the next. None without such an index."""
        queries = [
            {
                "indexUid": name,
                "filter": expression,
                "attributesToSearchOn": [LAYOUT],
                "attributesToRetrieve": ["payload"],
                "federationOptions": {"weight": float(len(filters) - place)},
            }
            for place, expression in enumerate(filters)
        ]
        federation = {"limit": limit, "facetsByIndex": {name: list(facets)}}
        with translated_errors("search"):
            try:
                return self.client().multi_search(queries, federation)
            except MeilisearchApiError as error:
                if is_missing_index(error):
                    return None
                raise

    def rows(
        self, name: str, attributes: Sequence[str], *, where: str | None = None
    ) -> Iterator[Row]:
        """All that `where` allows, in pages."""
        wanted: dict[str, Any] = {"fields": list(attributes), "limit": PAGE_ROWS}
        if where is not None:
            wanted["filter"] = where
        offset, total = 0, 1
        while offset < total:
            with translated_errors("read the index"):
                page = self.client().index(name).get_documents({**wanted, "offset": offset})
            yield from (dict(row) for row in page.results)
            offset, total = offset + PAGE_ROWS, page.total

    def names_starting_with(self, start: str) -> list[str]:
        """Of indexes that the key may see."""
        with translated_errors("list its indexes"):
            found = self.client().get_indexes({"limit": PAGE_ROWS})["results"]
        return [index.uid for index in found if index.uid.startswith(start)]

    # --- changes, each waited for --------------------------------------------------------------

    def create(self, name: str) -> None:
        """An index laid out before any row is in it; an empty one that is there is laid out."""
        with self._changing("make an index") as client:
            task = client.create_index(name, {"primaryKey": KEY})
            self._wait_for(client, task, deed="make an index", harmless="index_already_exists")
            task = client.index(name).update_settings(index_settings())
            self._wait_for(client, task, deed="lay out the index")

    def add(self, name: str, rows: Iterable[Row]) -> int:
        """Put rows in, each in the place of the one with its key; returns how many."""
        count = 0
        in_flight: deque[TaskInfo] = deque()
        for batch in batches(rows):
            with self._changing(WRITE) as client:
                in_flight.append(client.index(name).add_documents_ndjson(batch.lines))
                count += batch.row_count
                if len(in_flight) > BATCHES_IN_FLIGHT:
                    self._wait_for(client, in_flight.popleft(), deed=WRITE)
        with self._changing(WRITE) as client:
            for task in in_flight:
                self._wait_for(client, task, deed=WRITE)
        return count

    def delete_rows(self, name: str, *, where: str) -> None:
        with self._changing(WRITE) as client:
            self._wait_for(client, client.index(name).delete_documents(filter=where), deed=WRITE)

    def put_in_place(self, draft: str, name: str) -> None:
        """The draft gets the name at one stroke, and what had it before is deleted.

        The server shows a swap to no key that is kept to certain indexes: so we wait for the
        deletion, which comes after it, and look which index has the name then.
        """
        is_new = self.layout_of(name) is None
        birth = self._birth(draft)
        with self._changing(SWAP) as client:
            client.swap_indexes([{"indexes": [draft, name], "rename": is_new}])
        self.delete(draft)
        if self._birth(name) != birth:
            raise task_failure(SWAP, None)

    def delete(self, name: str) -> None:
        with self._changing("delete an index") as client:
            task = client.delete_index(name)
            self._wait_for(client, task, deed="delete an index", harmless="index_not_found")

    def _birth(self, name: str) -> str:
        """By which an index is known whatever its name."""
        with translated_errors(SWAP):
            return str(self.client().get_raw_index(name)["createdAt"])

    def _wait_for(
        self, client: Client, task: TaskInfo, *, deed: str, harmless: str | None = None
    ) -> None:
        wait_for(client, task, deed=deed, harmless=harmless, patience=self.patience)

    @contextmanager
    def _changing(self, deed: str) -> Iterator[Client]:
        with translated_errors(deed):
            yield self.client(timeout_seconds=CHANGE_SECONDS_MAX)
