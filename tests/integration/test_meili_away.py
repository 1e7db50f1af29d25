"""A search server that is away: all else goes on, readers are told, and it mends itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import text, update
from starlette.testclient import TestClient

from portal.app import create_app
from portal.assets.models import Step, StepState
from portal.db.tables import events
from portal.doctor import CheckState, check_search
from portal.events import service as events_service
from portal.jobs import Job, Lane, Task, defer
from portal.runtime import Runtime, open_search
from portal.search import service as search_service
from portal.search.api import PATH
from portal.settings import Settings
from tests.e2e.processes import wait_until
from tests.meilisearch_index import MeilisearchIndex, index_on, server_or_skip
from tests.stoppable_meilisearch import Stoppable, gate_to, own_server_or_skip
from tests.stored_files import asset_of, forget_jobs, make_event, store
from workers import indexing
from workers.chunk_runner import ChunkRunner
from workers.indexing import IndexKeeper, mend_index
from workers.lanes import jobs_at_once
from workers.queue import JobRunner, build_app, run_until
from workers.registry import CHUNK_HANDLERS, STEP_HANDLERS, job_handlers
from workers.runner import StepRunner
from workers.sandbox import open_sandbox

pytestmark = pytest.mark.postgres

AWAY = "Search is away at the moment"
CATCHING_UP = "Search is catching up"
CAPTIONS = "WEBVTT\n\n00:01.000 --> 00:04.000\nThe lighthouse keeper answered every question.\n"


@dataclass(frozen=True)
class Place:
    """A portal whose index is on a server that can be stopped."""

    runtime: Runtime
    server: Stoppable
    index: MeilisearchIndex

    def see(self, query: str) -> tuple[str, dict[str, object]]:
        """(the search page, the API's answer); both must be answers, not faults."""
        with TestClient(create_app(self.runtime), base_url="https://localhost") as client:
            page = client.get("/en/search", params={"q": query})
            answer = client.get(PATH, params={"q": query})
            assert client.get("/en/").status_code == 200
        assert (page.status_code, answer.status_code) == (200, 200)
        return page.text, answer.json()

    def is_in_step(self) -> bool:
        with self.runtime.engine.connect() as connection:
            return search_service.check_index(connection, self.runtime.search).is_empty


@pytest.fixture(params=["a gate to the shared server", "a server of its own"])
def place(
    request: pytest.FixtureRequest, runtime: Runtime, settings: Settings, tmp_path: Path
) -> Iterator[Place]:
    if request.param == "a server of its own":
        with own_server_or_skip(tmp_path / "meilisearch") as (server, key):
            yield from _place(runtime, settings, server, key=key, address=server.url)
        return
    address, key = server_or_skip()
    with gate_to(address) as gate:
        yield from _place(runtime, settings, gate, key=key, address=address)


def _place(
    runtime: Runtime, settings: Settings, server: Stoppable, *, key: str, address: str
) -> Iterator[Place]:
    with index_on(address, key) as index:
        through = replace(index, url=server.url).settings(settings)
        yield Place(replace(runtime, settings=through, search=open_search(through)), server, index)
        server.start()  # for the index to be deleted


@contextmanager
def working(runtime: Runtime) -> Iterator[None]:
    """A worker of all lanes."""
    stop = threading.Event()
    sandbox = open_sandbox(runtime.settings)
    steps = StepRunner(runtime, sandbox, STEP_HANDLERS, stop)
    chunks = ChunkRunner(runtime, sandbox, CHUNK_HANDLERS, stop)
    app = build_app(JobRunner(runtime.engine, job_handlers(steps, chunks)))

    def work() -> None:
        lanes = jobs_at_once(list(Lane), encodes=1)
        asyncio.run(run_until(app, lanes, stop, engine=runtime.engine, on_alive=lambda: None))

    threads = [
        threading.Thread(target=work),
        threading.Thread(target=IndexKeeper(runtime, stop).run),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def step_of(runtime: Runtime, asset_id: str, step: Step) -> tuple[StepState, str]:
    """Its state and what is said of it, also before it began."""
    for record in asset_of(runtime, asset_id).steps:
        if record.name is step:
            return record.state, record.detail or ""
    return StepState.WAITING, ""


def test_publishing_goes_on_and_search_catches_up_alone(place: Place) -> None:
    runtime, server = place.runtime, place.server
    with working(runtime):
        event = make_event(runtime, "lighthouse")
        wait_until(place.is_in_step)

        server.stop()
        with runtime.engine.begin() as connection:
            events_service.publish(connection, event.slug)
        captions_id = store(runtime, event, "talk.en.vtt", CAPTIONS.encode())
        wait_until(lambda: step_of(runtime, captions_id, Step.CAPTIONS)[0] is StepState.DONE)
        wait_until(lambda: "cannot be reached" in step_of(runtime, captions_id, Step.INDEX)[1])

        page, answer = place.see("keeper")
        assert AWAY in page
        assert "Nothing was found" not in page
        assert (answer["partial"], answer["total"]) == (True, 0)
        finding = check_search(runtime)
        assert (finding.state, finding.name) == (CheckState.FAILED, "search")
        assert "cannot be reached" in finding.sentence
        assert "PORTAL_MEILI_KEY" in finding.advice

        server.start()
        wait_until(lambda: place.see("keeper")[1]["total"] == 1)
        wait_until(lambda: step_of(runtime, captions_id, Step.INDEX)[0] is StepState.DONE)
        wait_until(lambda: place.see("keeper")[1]["partial"] is False)
    page, answer = place.see("keeper")
    assert AWAY not in page
    assert CATCHING_UP not in page
    assert place.is_in_step()


def test_a_server_that_comes_back_empty_is_filled_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "LOOK_EVERY_SECONDS", 0.2)
    with working(place.runtime):
        make_event(place.runtime, "lighthouse")
        make_event(place.runtime, "harbour")
        wait_until(place.is_in_step)
        place.index.change("DELETE", f"indexes/{place.index.name}")
        wait_until(place.is_in_step)


def test_a_job_that_meets_an_empty_index_fills_it_whole(place: Place) -> None:
    runtime = place.runtime
    first, second = (make_event(runtime, slug) for slug in ("lighthouse", "harbour"))
    indexing.index_event(runtime, first.id)
    assert place.is_in_step()
    place.index.change("DELETE", f"indexes/{place.index.name}")
    indexing.index_event(runtime, second.id)
    assert place.is_in_step()


def test_an_index_of_another_layout_is_made_anew_when_a_worker_starts(place: Place) -> None:
    runtime, path = place.runtime, f"indexes/{place.index.name}/settings"
    make_event(runtime, "lighthouse")
    assert mend_index(runtime)
    place.index.change("PATCH", path, {"searchableAttributes": ["layout_0"]})
    assert AWAY in place.see("lighthouse")[0]
    assert mend_index(runtime)
    assert place.is_in_step()


def test_a_worker_that_starts_before_its_server_mends_the_index_later(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "LOOK_EVERY_SECONDS", 0.2)
    make_event(place.runtime, "lighthouse")
    with place.runtime.engine.begin() as connection:
        forget_jobs(connection)
    place.server.stop()
    assert not mend_index(place.runtime)
    with working(place.runtime):
        place.server.start()
        wait_until(place.is_in_step)


def date_jobs(runtime: Runtime, *, age_seconds: int) -> None:
    statement = text("update procrastinate_events set at = now() - make_interval(secs => :age)")
    with runtime.engine.begin() as connection:
        connection.execute(statement, {"age": age_seconds})


def test_readers_are_told_while_changes_wait(place: Place) -> None:
    runtime = place.runtime
    event = make_event(runtime, "lighthouse")
    indexing.index_event(runtime, event.id)
    date_jobs(runtime, age_seconds=-3600)
    assert place.see("lighthouse")[1]["partial"] is False, "it waits for a moment only"
    date_jobs(runtime, age_seconds=6)
    page, answer = place.see("lighthouse")
    assert CATCHING_UP in page
    assert answer["partial"] is True
    with runtime.engine.begin() as connection:
        forget_jobs(connection)
        defer(connection, Job(Task.INDEX_EVENT, event.id, tries=2))
    assert place.see("lighthouse")[1]["partial"] is True, "it could not be done at first"
    with runtime.engine.begin() as connection:
        forget_jobs(connection)
        defer(connection, Job(Task.PROBE, event.id, tries=2))
    assert place.see("lighthouse")[1]["partial"] is False, "other lanes do not concern search"


def test_a_rebuild_and_a_job_take_turns(place: Place) -> None:
    """A job that read Postgres before the rebuild must not write after it, nor be overwritten."""
    runtime = place.runtime
    event = make_event(runtime, "lighthouse")
    mend_index(runtime)
    job = threading.Thread(target=indexing.index_event, args=[runtime, event.id])
    with runtime.engine.begin() as connection:
        search_service.rebuild_index(connection, runtime.search)
        job.start()
        job.join(timeout=0.3)
        assert job.is_alive(), "it waits for the rebuild's end"
        connection.execute(
            update(events).where(events.c.id == event.id).values(title={"en": "Beacon"})
        )
    job.join()
    assert place.is_in_step()
