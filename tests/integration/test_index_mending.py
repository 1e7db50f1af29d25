"""An index that is lost or of another version is made anew when a worker starts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.events import service as events_service
from portal.runtime import Runtime
from portal.search import service as search_service
from portal.search.engines.embedded import EmbeddedEngine
from portal.search.models import SearchRequest
from portal.visibility import INSTALLATION
from workers.indexing import index_event, mend_index

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
