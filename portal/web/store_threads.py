"""Threads for what waits for the store: one that hangs must not take those of all pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

P = ParamSpec("P")
T = TypeVar("T")

STORE_THREADS_MAX = 8

_limiter: RunVar[CapacityLimiter] = RunVar("store threads")


async def run_in_store_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what asks the store; it must hold no database connection while it waits for it."""
    call = partial(work, *args, **kwargs)
    return await anyio.to_thread.run_sync(call, limiter=_threads())


def _threads() -> CapacityLimiter:
    """Of this event loop."""
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = CapacityLimiter(STORE_THREADS_MAX)
        _limiter.set(limiter)
    return limiter
