"""Waiting for what the server does later: every change is a task in its queue."""

from __future__ import annotations

import time
from collections.abc import Iterator

from meilisearch import Client
from meilisearch.models.task import TaskInfo

from portal.errors import SearchUnavailable
from portal.search.engines.meili.errors import task_failure

TASK_SECONDS_MAX = 600.0
"""The server works for others, too, and on one task at a time."""
_PAUSE_SECONDS = (0.005, 0.25)
"""The first pause and the longest."""

_UNDER_WAY = frozenset({"enqueued", "processing"})


def wait_for(client: Client, task: TaskInfo, *, deed: str, harmless: str | None = None) -> None:
    """Until the server has done it, or has failed by the one fault that does no harm.

    Raises SearchUnavailable with the server's own reason.
    """
    for pause_seconds in _pauses():
        found = client.get_task(task.task_uid)
        if found.status == "succeeded":
            return
        if harmless is not None and (found.error or {}).get("code") == harmless:
            return
        if found.status not in _UNDER_WAY:
            raise task_failure(deed, found.error)
        time.sleep(pause_seconds)
    raise SearchUnavailable(f"The search server has much to do and did not come to {deed}.")


def _pauses() -> Iterator[float]:
    """Growing, so that short tasks are noticed at once and long ones cost few questions."""
    pause_seconds, longest = _PAUSE_SECONDS
    end = time.monotonic() + TASK_SECONDS_MAX
    while time.monotonic() < end:
        yield pause_seconds
        pause_seconds = min(pause_seconds * 1.5, longest)
