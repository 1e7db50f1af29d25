"""What the sweep does with uploads that nobody goes on with, in the database and in the store."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace

import pytest

from portal.db import tables
from portal.events.models import Event
from portal.ids import new_id
from portal.runtime import Runtime
from portal.storage import keys
from portal.uploads import service
from portal.uploads.models import UploadState
from tests.stored_files import FLAC, acknowledge, age, begin_upload, make_event
from workers.reconcile import Sweep

pytestmark = pytest.mark.postgres


@pytest.fixture
def event(runtime: Runtime) -> Event:
    return make_event(runtime)


def sweep(runtime: Runtime) -> None:
    Sweep(runtime, threading.Event()).sweep_once()


def begun_hours_ago(runtime: Runtime, hours: float) -> None:
    """As the store tells it of all that is open."""
    instant = time.time() - hours * 3600
    for path in runtime.settings.data_path.glob("objects/.uploads/*/info.json"):
        os.utime(path, (instant, instant))


def open_keys(runtime: Runtime) -> list[str]:
    return [found.key for found in runtime.uploads.list_open()]


def begin_unknown(runtime: Runtime) -> str:
    """As when the transaction that began it was rolled back."""
    key = keys.original(new_id())
    runtime.uploads.begin(key, size_bytes=3, part_bytes=3, media_type="audio/flac")
    return key


def test_an_upload_that_the_database_does_not_know_is_aborted(
    runtime: Runtime, event: Event
) -> None:
    begin_unknown(runtime)
    known = begin_upload(runtime, event, "a.flac", FLAC)
    acknowledged = acknowledge(runtime, event, "b.flac", FLAC + b"b")
    begun_hours_ago(runtime, 6.1)
    new = begin_unknown(runtime)

    sweep(runtime)

    assert sorted(open_keys(runtime)) == sorted([known.key, acknowledged.key, new])
    service.finish(runtime, acknowledged.id)
    assert runtime.store.read(acknowledged.key) == FLAC + b"b"


def test_what_was_begun_a_moment_ago_may_not_be_committed_yet(runtime: Runtime) -> None:
    key = begin_unknown(runtime)
    begun_hours_ago(runtime, 5.9)
    sweep(runtime)
    assert open_keys(runtime) == [key]


def test_the_store_is_not_asked_in_every_sweep(runtime: Runtime) -> None:
    going_on = Sweep(runtime, threading.Event())
    going_on.sweep_once()
    key = begin_unknown(runtime)
    begun_hours_ago(runtime, 100)
    going_on.sweep_once()
    assert open_keys(runtime) == [key]
    sweep(runtime)
    assert open_keys(runtime) == []


@pytest.mark.parametrize(("hours", "state"), [(4, UploadState.OPEN), (6, UploadState.ABORTED)])
def test_the_setting_says_when_an_upload_is_given_up(
    runtime: Runtime, event: Event, hours: int, state: UploadState
) -> None:
    upload = begin_upload(runtime, event, "a.flac", FLAC)
    with runtime.engine.begin() as connection:
        age(connection, tables.uploads, hours=hours)
    settings = runtime.settings.model_copy(update={"upload_hours_max": 5})

    sweep(replace(runtime, settings=settings))

    with runtime.engine.connect() as connection:
        assert service.get_upload(connection, upload.id).state is state
