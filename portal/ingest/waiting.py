"""Waits for assets to settle: Postgres says how far each is, whoever works on it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from portal.assets import service as assets_service
from portal.assets.models import Asset, AssetState
from portal.errors import DatabaseUnavailable, NotFound
from portal.runtime import Runtime
from portal.visibility import INSTALLATION

SETTLED = frozenset({AssetState.READY, AssetState.PARTIAL, AssetState.FAILED})
POLL_SECONDS = 0.3
LOOKED_AT_ONCE = 25
"""Assets that one poll reads; the others wait for the next one."""
PATIENCE_SECONDS = 30.0
"""How long a database may be away, as it is when it starts anew."""
RETRY_SECONDS = 1.0


def is_settled(asset: Asset) -> bool:
    return assets_service.state_of(asset) in SETTLED


def look_at(runtime: Runtime, asset_ids: Iterable[str]) -> Sequence[Asset]:
    """The assets as they are now; removed ones are left out."""
    found = []
    with runtime.engine.connect() as connection:
        for asset_id in asset_ids:
            try:
                found.append(assets_service.get_asset(connection, asset_id, viewer=INSTALLATION))
            except NotFound:
                continue
    return found


def look_patiently(runtime: Runtime, asset_ids: Iterable[str]) -> Sequence[Asset]:
    """`look_at`, again and again for a while. Raises DatabaseUnavailable when it stays away."""
    ids = list(asset_ids)
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while True:
        try:
            return look_at(runtime, ids)
        except DatabaseUnavailable:
            if time.monotonic() > deadline:
                raise
            pause.wait(RETRY_SECONDS)


class Standstill:
    """How long no asset of those looked at has moved: no step began, went on or ended."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._moved_at = clock()
        self._last: dict[str, tuple[object, ...]] = {}

    def note(self, asset: Asset) -> None:
        now = (asset.original, asset.steps)
        if self._last.get(asset.id) != now:
            self._last[asset.id] = now
            self._moved_at = self._clock()

    def seconds(self) -> float:
        return self._clock() - self._moved_at


def wait_until_settled(
    runtime: Runtime,
    asset_ids: Iterable[str],
    *,
    on_look: Callable[[Asset], None],
    on_poll: Callable[[], None],
) -> None:
    """Return once no asset is under way any more; `on_look` is told of each look at one.

    Raises DatabaseUnavailable.
    """
    waiting = deque(dict.fromkeys(asset_ids))
    pause = threading.Event()
    while waiting:
        looked_at = [waiting.popleft() for _ in range(min(LOOKED_AT_ONCE, len(waiting)))]
        for asset in look_patiently(runtime, looked_at):
            on_look(asset)
            if not is_settled(asset):
                waiting.append(asset.id)
        if waiting:
            on_poll()
            pause.wait(POLL_SECONDS)
