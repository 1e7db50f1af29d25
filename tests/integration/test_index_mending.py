"""An index that is lost or of another version is made anew when a worker starts."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from portal.errors import IndexUnusable, SearchUnavailable
from portal.events import service as events_service
from portal.runtime import Runtime
from portal.search import service as search_service
from portal.search.documents import Document
from portal.search.engines.embedded import EmbeddedEngine
from portal.search.engines.interface import EngineStatus
from portal.search.models import SearchRequest
from portal.visibility import INSTALLATION
from tests.e2e.processes import wait_until
from workers import indexing
from workers.indexing import IndexKeeper, index_event, mend_index

pytestmark = pytest.mark.postgres


def of_another_version(index: Path) -> None:
    pointer = json.loads((index / "current").read_text())
    (index / "current").write_text(json.dumps({**pointer, "schema_version": 0}))


def damaged(index: Path) -> None:
    (index / "current").write_text("{")


@pytest.mark.parametrize("spoil", [of_another_version, damaged, shutil.rmtree])
def test_what_was_indexed_is_found_again(runtime: Runtime, spoil: Callable[[Path], object]) -> None:
    with runtime.engine.begin() as connection:
        event = events_service.ensure_event(connection, "lighthouse")
    index_event(runtime, event.id)
    index = runtime.settings.data_path / "search"
    spoil(index)
    fresh = Runtime(
        runtime.settings, runtime.engine, runtime.store, runtime.uploads, EmbeddedEngine(index)
    )

    mend_index(fresh)

    with runtime.engine.connect() as connection:
        request = SearchRequest("lighthouse")
        found = search_service.search(connection, fresh.search, request, viewer=INSTALLATION)
        assert [hit.event_slug for hit in found.hits] == ["lighthouse"]
        assert search_service.check_index(connection, fresh.search).is_empty


def test_an_index_in_use_is_left_alone(runtime: Runtime) -> None:
    with runtime.engine.begin() as connection:
        event = events_service.ensure_event(connection, "lighthouse")
    index_event(runtime, event.id)
    pointer = (runtime.settings.data_path / "search" / "current").read_bytes()
    mend_index(runtime)
    assert (runtime.settings.data_path / "search" / "current").read_bytes() == pointer


class Engine(EmbeddedEngine):
    """Counts rebuilds; says of itself what it is told to, once."""

    def __init__(self, folder: Path, *, error: Exception) -> None:
        super().__init__(folder)
        self.errors = [error]
        self.rebuilds = 0

    def status(self) -> EngineStatus:
        if self.errors:
            raise self.errors.pop()
        return super().status()

    def rebuild(self, documents: Iterable[Document]) -> int:
        self.rebuilds += 1
        return super().rebuild(documents)


@pytest.fixture
def indexed(runtime: Runtime) -> Runtime:
    with runtime.engine.begin() as connection:
        event = events_service.ensure_event(connection, "lighthouse")
    index_event(runtime, event.id)
    return runtime


@pytest.mark.parametrize(
    ("error", "rebuilds"),
    [
        (IndexUnusable("It was laid out by another version."), 1),
        (SearchUnavailable("The search server took too long to count the index."), 0),
        (SearchUnavailable("The search server refuses the key in PORTAL_MEILI_KEY."), 0),
    ],
)
def test_only_what_a_rebuild_mends_is_rebuilt(
    indexed: Runtime, error: SearchUnavailable, rebuilds: int
) -> None:
    engine = Engine(indexed.settings.data_path / "search", error=error)

    assert mend_index(replace(indexed, search=engine)) == bool(rebuilds)

    assert engine.rebuilds == rebuilds


def test_the_keeper_goes_on_after_any_fault(
    indexed: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "LOOK_EVERY_SECONDS", 0.01)
    index, stop = indexed.settings.data_path / "search", threading.Event()
    damaged(index)
    engine = Engine(index, error=ZeroDivisionError("of ours"))
    keeper = IndexKeeper(replace(indexed, search=engine), stop)
    thread = threading.Thread(target=keeper.run)
    thread.start()
    try:
        wait_until(lambda: engine.rebuilds == 1 or not thread.is_alive())
        assert thread.is_alive()
        engine.errors.append(ZeroDivisionError("of ours"))
        wait_until(lambda: not engine.errors or not thread.is_alive())
        index.rename(index.with_name("lost"))  # at one stroke, while it is looked at
        wait_until(lambda: engine.rebuilds == 2 or not thread.is_alive())
    finally:
        stop.set()
        thread.join()
    assert engine.rebuilds == 2
