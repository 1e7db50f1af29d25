"""Trying again, a bounded number of times, at intervals that grow and are spread at random.

botocore's own modes are turned off: in all its tries together it waits about a second and a half,
which no restart of a store fits into, and it does not cover the reading of an answer's body.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from portal.storage.s3.errors import VENDOR_ERRORS, is_passing, translated

TRIES_MAX = 6
FIRST_PAUSE_SECONDS = 0.2
PAUSE_SECONDS_MAX = 4.0
TRYING_SECONDS_MAX = 30.0
"""After so long no further try begins, whatever the tries have waited for."""

Answer = TypeVar("Answer")


def pauses() -> Iterator[float]:
    """Seconds to wait before each further try: half of the interval for certain, half by chance,
    so that those whom one outage stopped do not all come back at one moment.
    """
    for number in range(TRIES_MAX - 1):
        longest = min(FIRST_PAUSE_SECONDS * 2**number, PAUSE_SECONDS_MAX)
        yield longest * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, guards nothing


def retried(attempt: Callable[[], Answer], what: str) -> Answer:
    """What `attempt` returns. Raises its last error, translated; `what` names the object.

    It is called afresh each time, so what it reads from must be at its start again.
    """
    deadline, waits = time.monotonic() + TRYING_SECONDS_MAX, pauses()
    while True:
        try:
            return attempt()
        except VENDOR_ERRORS as error:
            pause = next(waits, None)
            if pause is None or not is_passing(error) or time.monotonic() > deadline:
                raise translated(error, what) from error
        time.sleep(pause)
