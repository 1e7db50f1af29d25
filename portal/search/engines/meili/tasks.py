"""Waiting for what the server does later: every change is a task in its queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from meilisearch import Client
from meilisearch.models.task import TaskInfo

from portal.errors import SearchUnavailable
from portal.search.engines.meili.errors import task_failure

TASK_SECONDS_MAX = 600.0
"""The server works for others, too, and on one task at a time."""
_PAUSE_SECONDS = (0.005, 0.25)
"""The first pause and the longest."""

_UNDER_WAY = frozenset({"enqueued", "processing"})


@dataclass(frozen=True)
class Patience:
    """How long to wait for one task; not at all any more once `stop` is set."""

    seconds: float = TASK_SECONDS_MAX
    stop: threading.Event = field(default_factory=threading.Event)


def wait_for(
    client: Client,
    task: TaskInfo,
    *,
    deed: str,
    patience: Patience,
    harmless: str | None = None,
) -> None:
    """Until the server has done it, or has failed by the one fault that does no harm.

    Raises SearchUnavailable with the server's own reason, or because patience came to its end; the
    task stays in the server's queue then.
    """
    for pause_seconds in _pauses(patience.seconds):
        found = client.get_task(task.task_uid)
        if found.status == "succeeded":
            return
        if harmless is not None and (found.error or {}).get("code") == harmless:
            return
        if found.status not in _UNDER_WAY:
            raise task_failure(deed, found.error)
        if patience.stop.wait(pause_seconds):
            raise SearchUnavailable(f"This process is to stop and did not wait to {deed}.")
    raise SearchUnavailable(f"The search server has much to do and did not come to {deed}.")


def _pauses(seconds_max: float) -> Iterator[float]:
    """Growing, so that short tasks are noticed at once and long ones cost few questions."""
    pause_seconds, longest = _PAUSE_SECONDS
    end = time.monotonic() + seconds_max
    while time.monotonic() < end:
        yield pause_seconds
        pause_seconds = min(pause_seconds * 1.5, longest)
