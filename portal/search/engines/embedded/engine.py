"""An index in a folder, shared by all processes of one box."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import tantivy

from portal.errors import IndexUnusable, SearchUnavailable
from portal.search.documents import REHEARSED, Document
from portal.search.encoding import decode
from portal.search.engines.embedded.clauses import clause_of
from portal.search.engines.embedded.schema import SCHEMA, SCHEMA_VERSION, row_of
from portal.search.engines.generations import REBUILD, Generations
from portal.search.engines.interface import (
    FACET_VALUES_MAX,
    FACETS,
    Candidate,
    CandidateQuery,
    Candidates,
    EngineStatus,
)

WRITER_HEAP_BYTES = 20_000_000
"""tantivy takes no less than 15 MB; one thread is enough for the work of one press office."""


class EmbeddedEngine:
    """Implements SearchEngine. Opening is lazy; any number of threads and processes may share
    `folder`: one writes at a time, readers see a commit with their next search."""

    def __init__(self, folder: Path) -> None:
        self._generations = Generations(folder, schema_version=SCHEMA_VERSION)
        self._lock = threading.Lock()
        self._opened: tuple[Path, tantivy.Index] | None = None

    def replace(self, owner_ids: Sequence[str], documents: Sequence[Document]) -> None:
        with self._generations.writing():
            path = self._generations.current() or self._begin()
            with _writer(path) as writer:
                for owner_id in owner_ids:
                    writer.delete_documents_by_term("owner_id", owner_id)
                for document in documents:
                    writer.delete_documents_by_term("id", document.id)
                for document in documents:
                    _add(writer, document)

    def candidates(self, query: CandidateQuery) -> Candidates:
        clause = clause_of(query)
        with _translated_errors():
            searcher = self._searcher()
            found = searcher.search(clause, max(query.limit, 1), count=False)
            items = tuple(
                Candidate(document=_document(searcher, address), score=float(score))
                for score, address in found.hits[: query.limit]
            )
            facets = _facets(searcher, clause)
        return Candidates(items, total=sum(facets["kind"].values()), facets=facets)

    def rebuild(self, documents: Iterable[Document]) -> int:
        count = 0
        with self._generations.writing():
            path = self._create()
            with _writer(path) as writer:
                for document in documents:
                    _add(writer, document)
                    count += 1
            self._generations.switch_to(path)
        return count

    def rehearse(self) -> None:
        with self._generations.writing():
            path = self._create()
            try:
                with _writer(path) as writer:
                    _add(writer, REHEARSED)
            finally:
                self._generations.drop(path)

    def document_digests(self) -> Mapping[str, str]:
        with _translated_errors():
            searcher = self._searcher()
            found = searcher.search(tantivy.Query.all_query(), max(searcher.num_docs, 1))
            rows = (searcher.doc(address) for _, address in found.hits)
            return {row["id"][0]: row["digest"][0] for row in rows}

    def status(self) -> EngineStatus:
        with _translated_errors():
            count = self._searcher().num_docs
        return EngineStatus("embedded", document_count=count, schema_version=SCHEMA_VERSION)

    def _searcher(self) -> tantivy.Searcher:
        """A view of the newest commit of the current generation."""
        path = self._generations.current()
        if path is None:
            with self._generations.writing():
                path = self._generations.current() or self._begin()
        with self._lock:
            if self._opened is None or self._opened[0] != path:
                self._opened = (path, _open(path))
            index = self._opened[1]
        index.reload()
        return index.searcher()

    def _begin(self) -> Path:
        """The first generation: empty."""
        path = self._create()
        self._generations.switch_to(path)
        return path

    def _create(self) -> Path:
        with _translated_errors():
            path = self._generations.create()
            tantivy.Index(SCHEMA, path=str(path))
        return path


def _facets(searcher: tantivy.Searcher, clause: tantivy.Query) -> Mapping[str, Mapping[str, int]]:
    wanted = {name: {"terms": {"field": name, "size": FACET_VALUES_MAX}} for name in FACETS}
    answer = searcher.aggregate(clause, wanted)
    return {
        name: {bucket["key"]: int(bucket["doc_count"]) for bucket in answer[name]["buckets"]}
        for name in FACETS
    }


def _document(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> Document:
    return decode(searcher.doc(address)["payload"][0])


def _open(path: Path) -> tantivy.Index:
    index = tantivy.Index.open(str(path))
    index.config_reader("manual")  # we reload before each search; no thread that watches files
    return index


@contextmanager
def _writer(path: Path) -> Iterator[tantivy.IndexWriter]:
    """Commits when the body succeeds; either way lets go of tantivy's own lock."""
    with _translated_errors():
        writer = tantivy.Index.open(str(path)).writer(WRITER_HEAP_BYTES, num_threads=1)
    try:
        yield writer
        with _translated_errors():
            writer.commit()
    finally:
        with _translated_errors():
            writer.wait_merging_threads()


def _add(writer: tantivy.IndexWriter, document: Document) -> None:
    row = row_of(document)
    with _translated_errors():
        writer.add_document(row)


@contextmanager
def _translated_errors() -> Iterator[None]:
    """tantivy reports whatever goes wrong with its files as a ValueError."""
    try:
        yield
    except ValueError as error:
        raise IndexUnusable(f"The search index cannot be used: {error}. {REBUILD}") from error
    except OSError as error:
        raise SearchUnavailable(f"The search index cannot be used: {error}.") from error
