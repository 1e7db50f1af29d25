"""Carries out a plan: makes the event, sends its files, releases it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import datetime

from portal.events import service as events_service
from portal.events.manifest import Publish, Release
from portal.events.models import Event
from portal.ingest.plan import Plan, PlannedFile
from portal.ingest.sender import Sender, Sent
from portal.runtime import Runtime

PARALLEL_FILES = 3
"""More would only make the disk seek."""

OnProgress = Callable[[PlannedFile, float], None]
OnSent = Callable[[Sent], None]


def carry_out(
    runtime: Runtime, plan: Plan, *, on_progress: OnProgress, on_sent: OnSent
) -> list[Sent]:
    """Send every file of `plan`; what became of each is returned in the plan's order.

    The callbacks are called in other threads. The event is released once all files have arrived,
    and each asset shows up in it as soon as it is ready.
    """
    event = _prepare_event(runtime, plan)
    with ThreadPoolExecutor(PARALLEL_FILES) as pool, _stop_on_exit() as stop:
        item_ids = tuple(item.id for item in event.programme)
        sender = Sender(runtime, event.id, item_ids, stop)

        def send(file: PlannedFile) -> Sent:
            sent = sender.send(file, lambda share: on_progress(file, share))
            on_sent(sent)
            return sent

        futures = [pool.submit(send, file) for file in plan.files]
        for future in as_completed(futures):
            future.result()  # what concerns more than one file ends them all
    if plan.manifest is not None:
        _release(runtime, plan.slug, plan.manifest.publish)
    return [future.result() for future in futures]


def _prepare_event(runtime: Runtime, plan: Plan) -> Event:
    with runtime.engine.begin() as connection:
        if plan.manifest is None:
            return events_service.ensure_event(connection, plan.slug)
        return events_service.save_event(connection, plan.manifest.event)


def _release(runtime: Runtime, slug: str, publish: Publish) -> None:
    """Release a draft only: what an editor decided before, or while files were sent, holds."""
    if publish is Release.DRAFT:
        return
    at = publish if isinstance(publish, datetime) else None
    with runtime.engine.begin() as connection:
        events_service.release_draft(connection, slug, at=at)


@contextmanager
def _stop_on_exit() -> Iterator[threading.Event]:
    stop = threading.Event()
    try:
        yield stop
    finally:
        stop.set()
