"""A store that is slow or hangs holds up neither pages nor the database's connections."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import QueuePool
from starlette.testclient import TestClient

from portal.accounts import service as accounts_service
from portal.app import create_app
from portal.errors import StorageUnavailable
from portal.runtime import Runtime
from portal.uploads import service
from portal.uploads.models import FileOffer, UploadState
from portal.visibility import Role
from portal.web.store_threads import STORE_THREADS_MAX
from tests.e2e.processes import wait_until
from tests.integration.test_uploads_api import HOST, make_editor
from tests.stored_files import (
    FLAC,
    acknowledge,
    begin_upload,
    complete,
    make_event,
    put_parts,
    store,
)
from workers.uploading import finish_upload

pytestmark = pytest.mark.postgres


@dataclass
class WatchedUploads:
    """The real storage; `before` is called with the name of each verb before it is done."""

    inner: Any
    before: Callable[[str], None]
    verbs: list[str] = field(default_factory=list)

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.verbs.append(verb)
            self.before(verb)
            return getattr(self.inner, verb)(*args, **kwargs)

        return call


def watched(runtime: Runtime, before: Callable[[str], None]) -> tuple[Runtime, WatchedUploads]:
    uploads = WatchedUploads(runtime.uploads, before)
    return replace(runtime, uploads=uploads), uploads


def connections_in_use(runtime: Runtime) -> int:
    assert isinstance(runtime.engine.pool, QueuePool)
    return runtime.engine.pool.checkedout()


def offer_of(runtime: Runtime, account_id: str) -> FileOffer:
    event = make_event(runtime)
    return FileOffer(event.id, "a.flac", len(FLAC), head=FLAC, account_id=account_id)


def make_account(runtime: Runtime) -> str:
    with runtime.engine.begin() as connection:
        return accounts_service.create_account(
            connection, "olga@example.org", name="Olga", role=Role.EDITOR
        ).id


def test_no_connection_is_held_while_the_store_is_asked(runtime: Runtime) -> None:
    def check(verb: str) -> None:
        assert connections_in_use(runtime) == 0, verb

    ours, uploads = watched(runtime, check)
    event, account_id = make_event(runtime), make_account(runtime)
    offer = offer_of(runtime, account_id)

    first = service.begin_or_resume(ours, offer).upload
    assert service.begin_or_resume(ours, offer).upload == first
    put_parts(ours, first, FLAC)
    complete(ours, first, list(service.stored_parts(ours, first)))
    service.finish(ours, first.id)
    assert acknowledge(ours, event, "b.flac", FLAC).state is UploadState.DUPLICATE
    service.abort(ours, begin_upload(ours, event, "c.flac", FLAC).id)
    lost = acknowledge(ours, event, "d.flac", FLAC + b"d")
    runtime.uploads.abort(lost.key, lost.storage_upload_id)
    finish_upload(ours, lost.id)
    taken = service.take_file(
        ours, BytesIO(FLAC + b"e"), event_id=event.id, account_id=account_id, filename="e.flac"
    )
    assert taken.state is UploadState.COMPLETING

    assert {"begin", "list_parts", "put_part", "complete", "abort"} <= set(uploads.verbs)


def test_two_pages_that_offer_the_same_file_at_once_get_one_upload(runtime: Runtime) -> None:
    meeting = threading.Barrier(2)

    def meet(verb: str) -> None:
        if verb == "begin":
            meeting.wait(timeout=30)

    ours, _ = watched(runtime, meet)
    offer = offer_of(runtime, make_account(runtime))
    with ThreadPoolExecutor(2) as pool:
        begun = [pool.submit(service.begin_or_resume, ours, offer) for _ in range(2)]
        first, second = (each.result(timeout=60) for each in begun)

    assert first.upload == second.upload
    assert sorted([first.is_new, second.is_new]) == [False, True]
    assert [found.key for found in runtime.uploads.list_open()] == [first.upload.key]


def test_a_store_that_is_away_keeps_nobody_from_giving_up(runtime: Runtime) -> None:
    """What it still has, the sweep finds by the upload's end."""

    def be_away(verb: str) -> None:
        if verb == "abort":
            raise StorageUnavailable("The store cannot be reached.")

    ours, _ = watched(runtime, be_away)
    event = make_event(runtime)
    upload = begin_upload(ours, event, "a.flac", FLAC)
    service.abort(ours, upload.id)
    known_id = store(ours, event, "b.flac", FLAC)
    assert acknowledge(ours, event, "c.flac", FLAC).asset_id == known_id

    with runtime.engine.begin() as connection:
        assert service.get_upload(connection, upload.id).state is UploadState.ABORTED
        assert len(list(runtime.uploads.list_open())) == 2
        service.abort_forgotten(runtime, connection, older_than_hours=0)
    assert list(runtime.uploads.list_open()) == []


def test_a_store_that_hangs_holds_up_nothing_else(runtime: Runtime) -> None:
    make_event(runtime)
    over = threading.Event()
    ours, uploads = watched(runtime, lambda _verb: check_over(over))
    count = STORE_THREADS_MAX + runtime.settings.database_pool_size
    with (
        TestClient(create_app(ours), base_url=HOST) as client,
        ThreadPoolExecutor(count + 1) as pool,
    ):
        editor = make_editor(runtime, client, "olga", Role.EDITOR)
        asked = [pool.submit(editor.begin, f"{n}.flac", FLAC) for n in range(count)]
        try:
            wait_until(lambda: len(uploads.verbs) >= STORE_THREADS_MAX)
            listed = pool.submit(editor.ask, "GET", "/api/v1/uploads").result(timeout=10)
            assert listed.json() == {"uploads": [], "more": 0}
            assert connections_in_use(runtime) == 0
        finally:
            over.set()
        assert [each.result(timeout=60).status_code for each in asked] == [201] * count


def check_over(over: threading.Event) -> None:
    assert over.wait(60), "nobody let the store answer"
