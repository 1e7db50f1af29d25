"""What each process counts of its own work. The labels are enumerations and error codes of ours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from portal.errors import PortalError

T = TypeVar("T")

OF_THIS_PROCESS = CollectorRegistry()
UNEXPECTED = "unexpected"
"""The cause of a failure that is a fault of ours."""
NEVER_ENDED = "never_ended"
"""The cause of a failure whose tries all killed their worker."""

_STARTED_AT = Gauge(
    "portal_process_start_time_seconds",
    "When a process began, in Unix time: it changes whenever the process had to start again.",
    registry=OF_THIS_PROCESS,
)
_STARTED_AT.set_to_current_time()
_REQUESTS = Counter(
    "portal_http_requests",
    "Requests answered, by route template, method and class of status.",
    ["route", "method", "status"],
    registry=OF_THIS_PROCESS,
)
_REQUEST_SECONDS = Histogram(
    "portal_http_request_seconds",
    "Time until an answer began.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=OF_THIS_PROCESS,
)
_STORAGE_SECONDS = Histogram(
    "portal_storage_seconds",
    "Time that calls of the object store took, whatever their outcome.",
    ["verb"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120),
    registry=OF_THIS_PROCESS,
)
_STORAGE_ERRORS = Counter(
    "portal_storage_errors",
    "Calls of the object store that failed for good, by verb and error code.",
    ["verb", "code"],
    registry=OF_THIS_PROCESS,
)
_STEP_SECONDS = Histogram(
    "portal_step_seconds",
    "Time that an attempt at a step took, by how it ended.",
    ["step", "outcome"],
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400),
    registry=OF_THIS_PROCESS,
)
_FAILURES = Counter(
    "portal_job_failures",
    "Tries of a job that failed, by error code, whether tried again or not.",
    ["task", "cause"],
    registry=OF_THIS_PROCESS,
)


def count_request(*, route: str, method: str, status_code: int, seconds: float) -> None:
    """`route` is a template of ours, `method` one that a route of ours knows."""
    _REQUESTS.labels(route, method, f"{status_code // 100}xx").inc()
    _REQUEST_SECONDS.labels(route).observe(seconds)


def count_step(*, step: str, outcome: str, seconds: float) -> None:
    _STEP_SECONDS.labels(step, outcome).observe(seconds)


def count_failure(*, task: str, cause: str) -> None:
    _FAILURES.labels(task, cause).inc()


def cause_of(error: Exception) -> str:
    """Its code, never its sentence: that names files."""
    return error.code if isinstance(error, PortalError) else UNEXPECTED


@contextmanager
def storage_call(verb: str) -> Iterator[None]:
    """Times what stands in it and counts the error that it raises."""
    started_at = time.perf_counter()
    with _errors_counted(verb):
        try:
            yield
        finally:
            _STORAGE_SECONDS.labels(verb).observe(time.perf_counter() - started_at)


def storage_listing(verb: str, found: Iterator[T]) -> Iterator[T]:
    """The same items; the time that their reader takes between them is not counted."""
    seconds = 0.0
    with _errors_counted(verb):
        while True:
            started_at = time.perf_counter()
            item = next(found, None)
            seconds += time.perf_counter() - started_at
            if item is None:
                break
            yield item
    _STORAGE_SECONDS.labels(verb).observe(seconds)


@contextmanager
def _errors_counted(verb: str) -> Iterator[None]:
    try:
        yield
    except PortalError as error:
        _STORAGE_ERRORS.labels(verb, error.code).inc()
        raise
