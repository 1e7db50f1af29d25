"""The sweep through a real store, local and S3: it deletes what nobody accounts for, no more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from portal.assets import service as assets_service
from portal.assets.models import Outcome, Rendition, RenditionKind, Step
from portal.assets.service import Attempt
from portal.db import tables
from portal.events.models import Event
from portal.ids import new_id
from portal.runtime import Runtime
from portal.storage import keys
from portal.uploads import service as uploads_service
from tests.stored_files import (
    FLAC,
    MP4,
    acknowledge,
    age,
    begin_upload,
    keys_of,
    make_event,
    put_parts,
    sha256,
    store,
)
from tests.transactions import wait_until_blocked
from tests.watched_store import Deletions, watched
from workers.orphans import OrphanSweep

pytestmark = pytest.mark.postgres

Put = Callable[[str], None]


@pytest.fixture(params=["local", "s3"])
def runtime(request: pytest.FixtureRequest, runtime: Runtime) -> Runtime:
    if request.param == "local":
        return runtime
    on_s3: Runtime = request.getfixturevalue("s3_runtime")
    return on_s3


@pytest.fixture
def event(runtime: Runtime) -> Event:
    return make_event(runtime)


@pytest.fixture
def put(runtime: Runtime, tmp_path: Path) -> Put:
    def put(key: str) -> None:
        (tmp_path / "object").write_bytes(b"x")
        runtime.store.put_file(key, tmp_path / "object", media_type="video/mp4")

    return put


def sweep(runtime: Runtime) -> None:
    OrphanSweep(runtime).sweep_all()


def pass_hours(runtime: Runtime, hours: int = 2) -> None:
    """Everything happened so much earlier."""
    with runtime.engine.begin() as connection:
        age(connection, tables.assets, "created_at", "removed_at", hours=hours)
        age(connection, tables.uploads, "created_at", "updated_at", hours=hours)
        age(connection, tables.steps, "started_at", "finished_at", hours=hours)


def begin(runtime: Runtime, asset_id: str) -> Attempt:
    with runtime.engine.begin() as connection:
        attempt = assets_service.begin_attempt(connection, asset_id, Step.TRANSCODE)
    assert attempt is not None
    return attempt


def key_of(attempt: Attempt, name: str = "360p/init.mp4") -> str:
    return keys.result(attempt.asset.id, attempt.step, attempt.number, name)


def end(runtime: Runtime, attempt: Attempt) -> None:
    shown = Rendition(
        name="360p",
        step=attempt.step,
        attempt=attempt.number,
        kind=RenditionKind.VIDEO,
        key=key_of(attempt).removesuffix("init.mp4"),
        media_type="video/mp4",
        size_bytes=1,
        sha256=sha256(b"x"),
        segment_files=("00001.m4s",),
        segment_seconds=(1.0,),
    )
    with runtime.engine.begin() as connection:
        assets_service.publish_renditions(connection, attempt, [shown])
        assets_service.finish_attempt(connection, attempt, outcome=Outcome.DONE)


def test_what_dead_attempts_left_is_deleted(runtime: Runtime, event: Event, put: Put) -> None:
    """Also when it came after the asset had been tidied, and while the step is open again."""
    asset_id = store(runtime, event, "a.mp4", MP4)
    dead, shown = begin(runtime, asset_id), begin(runtime, asset_id)
    put(key_of(shown))
    put(key_of(shown, "preview/init.mp4"))
    end(runtime, shown)
    put(key_of(dead))
    pass_hours(runtime)

    sweep(runtime)

    assert keys_of(runtime) == {keys.original(asset_id), key_of(shown)}


def test_what_was_replaced_just_now_is_kept_for_players(
    runtime: Runtime, event: Event, put: Put
) -> None:
    asset_id = store(runtime, event, "a.mp4", MP4)
    dead, shown = begin(runtime, asset_id), begin(runtime, asset_id)
    put(key_of(dead))
    put(key_of(shown))
    end(runtime, shown)
    before = keys_of(runtime)
    sweep(runtime)
    assert keys_of(runtime) == before


def test_what_a_running_attempt_stores_is_kept(runtime: Runtime, event: Event, put: Put) -> None:
    asset_id = store(runtime, event, "a.mp4", MP4)
    running = begin(runtime, asset_id)
    put(key_of(running))
    pass_hours(runtime)
    sweep(runtime)
    assert key_of(running) in keys_of(runtime)
    end(runtime, running)
    pass_hours(runtime)
    sweep(runtime)
    assert key_of(running) in keys_of(runtime)


def test_an_attempt_that_begins_meanwhile_waits_or_is_seen(
    runtime: Runtime, event: Event, put: Put
) -> None:
    """A retry makes what an ended attempt left deletable, and its own work not."""
    asset_id = store(runtime, event, "a.mp4", MP4)
    first = begin(runtime, asset_id)
    put(key_of(first, "preview/init.mp4"))
    put(key_of(first))
    end(runtime, first)
    pass_hours(runtime)
    with ThreadPoolExecutor(1) as pool, runtime.engine.connect() as connection:
        assets_service.retry_step(connection, asset_id, Step.TRANSCODE)
        second = assets_service.begin_attempt(connection, asset_id, Step.TRANSCODE)
        assert second is not None
        put(key_of(second))
        swept = pool.submit(sweep, runtime)  # listed, and doubtful: it has to look again
        wait_until_blocked(runtime.engine, swept)
        connection.commit()
        swept.result(timeout=60)
    assert keys_of(runtime) >= {key_of(first), key_of(second)}


def test_objects_of_an_asset_that_never_came_to_be_are_deleted(
    runtime: Runtime, event: Event, put: Put
) -> None:
    upload = begin_upload(runtime, event, "a.flac", FLAC)
    uploads_service.abort(runtime, upload.id)
    put(upload.key)
    sweep(runtime)
    assert keys_of(runtime) == {upload.key}
    pass_hours(runtime)
    sweep(runtime)
    assert keys_of(runtime) == set()


def test_objects_of_uploads_under_way_are_kept(runtime: Runtime, event: Event, put: Put) -> None:
    sent = begin_upload(runtime, event, "a.flac", FLAC)
    put_parts(runtime, sent, FLAC)
    completing = acknowledge(runtime, event, "b.mp4", MP4)
    for upload in (sent, completing):
        put(upload.key)
    pass_hours(runtime)
    sweep(runtime)
    assert keys_of(runtime) == {sent.key, completing.key}


def test_everything_of_a_removed_asset_is_deleted(runtime: Runtime, event: Event, put: Put) -> None:
    asset_id = store(runtime, event, "a.mp4", MP4)
    running = begin(runtime, asset_id)
    other = store(runtime, event, "b.flac", FLAC)
    with runtime.engine.begin() as connection:
        assets_service.remove_asset(connection, asset_id)
    put(key_of(running))
    pass_hours(runtime)
    sweep(runtime)
    assert keys_of(runtime) == {keys.original(other)}


def test_what_another_database_may_know_is_kept_and_reported(
    runtime: Runtime, event: Event, put: Put
) -> None:
    unknown = keys.original(new_id())
    put(unknown)
    store(runtime, event, "b.flac", FLAC)
    with runtime.engine.begin() as connection:
        connection.execute(text("delete from uploads"))
        connection.execute(text("delete from assets"))
    before = keys_of(runtime)
    sweep(runtime)
    assert keys_of(runtime) == before
    assert unknown in before


def test_every_unknown_asset_is_named_and_no_upload_under_way(
    runtime: Runtime, event: Event, put: Put
) -> None:
    unknown = sorted(new_id() for _ in range(3))
    for asset_id in unknown:
        put(keys.original(asset_id))
    sent = begin_upload(runtime, event, "a.flac", FLAC)
    completing = acknowledge(runtime, event, "b.mp4", MP4)
    put(sent.key)
    put(completing.key)
    with capture_logs() as lines:
        sweep(runtime)
    named = [i for line in lines if "unknown" in line["event"] for i in line["asset_ids"]]
    assert sorted(named) == unknown


@pytest.fixture
def many(runtime: Runtime, event: Event, put: Put) -> list[str]:
    """Keys of one asset that dead attempts left."""
    asset_id = store(runtime, event, "a.mp4", MP4)
    dead, shown = begin(runtime, asset_id), begin(runtime, asset_id)
    left = [key_of(dead, f"360p/{number:05d}.m4s") for number in range(5)]
    for key in (key_of(shown), *left):
        put(key)
    end(runtime, shown)
    pass_hours(runtime)
    return left


def test_leftovers_are_deleted_in_short_transactions(runtime: Runtime, many: list[str]) -> None:
    deletions = Deletions(runtime.engine)
    OrphanSweep(watched(runtime, on_delete=deletions), deletions_at_once=2).sweep_all()
    assert sorted(deletions.by_transaction.values()) == [1, 2, 2]
    assert keys_of(runtime).isdisjoint(many)


def test_a_stop_ends_the_sweep_at_once(runtime: Runtime, many: list[str]) -> None:
    stop = threading.Event()
    OrphanSweep(watched(runtime, on_delete=lambda _key: stop.set()), stop).sweep_all()
    assert len(keys_of(runtime) & set(many)) == 4
    sweep(runtime)
    assert keys_of(runtime).isdisjoint(many)


def test_a_worker_goes_round_the_store_share_by_share(
    runtime: Runtime, event: Event, put: Put
) -> None:
    uploads = [begin_upload(runtime, event, f"{n}.flac", FLAC) for n in range(6)]
    for upload in uploads:
        uploads_service.abort(runtime, upload.id)
        put(upload.key)
    pass_hours(runtime)
    orphans = OrphanSweep(runtime)
    for _ in range(32):
        orphans.sweep_next()
    assert keys_of(runtime) == set()
