"""Waits for assets to settle: Postgres says how far each is, whoever works on it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from portal.assets import service as assets_service
from portal.assets.models import Asset, AssetState
from portal.errors import NotFound
from portal.runtime import Runtime
from portal.visibility import INSTALLATION

SETTLED = frozenset({AssetState.READY, AssetState.PARTIAL, AssetState.FAILED})
POLL_SECONDS = 0.3
LOOKED_AT_ONCE = 25
"""Assets that one poll reads; the others wait for the next one."""


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


def wait_until_settled(
    runtime: Runtime,
    asset_ids: Iterable[str],
    *,
    on_look: Callable[[Asset], None],
    on_poll: Callable[[], None],
) -> None:
    """Return once no asset is under way any more; `on_look` is told of each look at one."""
    waiting = deque(dict.fromkeys(asset_ids))
    pause = threading.Event()
    while waiting:
        looked_at = [waiting.popleft() for _ in range(min(LOOKED_AT_ONCE, len(waiting)))]
        for asset in look_at(runtime, looked_at):
            on_look(asset)
            if not is_settled(asset):
                waiting.append(asset.id)
        if waiting:
            on_poll()
            pause.wait(POLL_SECONDS)
