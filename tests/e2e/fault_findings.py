"""What the fault driver finds in the end: every acknowledged file once, ready and whole."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from portal.assets import service as assets_service
from portal.assets.models import Asset, AssetState
from portal.errors import DatabaseUnavailable
from portal.events import service as events_service
from portal.search import service as search_service
from portal.uploads import service as uploads_service
from portal.visibility import INSTALLATION
from tests.e2e.fault_material import Material
from tests.e2e.fault_stage import EVENT, Stage
from workers.orphans import OrphanSweep
from workers.reconcile import Sweep

SETTLED = {AssetState.READY, AssetState.PARTIAL, AssetState.FAILED}
POLL_SECONDS = 0.5
_WORK_LEFT = text(
    "select (select count(*) from procrastinate_jobs where status in ('todo', 'doing'))"
    " + (select count(*) from uploads where state = 'completing')"
)


@dataclass(frozen=True)
class Acknowledged:
    file: Material
    asset_id: str


@dataclass(frozen=True)
class Findings:
    """`problems` is empty when all is well; the numbers are for whoever reads the summary."""

    problems: Sequence[str]
    lost: int
    doubled: int
    leftovers_before: int
    leftovers: int
    open_uploads_before: int
    open_uploads: int


def wait_until_quiet(stage: Stage, *, seconds_max: float) -> bool:
    """Whether all work came to an end in time."""
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline:
        if work_left(stage) == 0 and all(state_of(asset) in SETTLED for asset in assets_of(stage)):
            return True
        time.sleep(POLL_SECONDS)
    return False


def work_left(stage: Stage) -> int:
    try:
        with stage.runtime.engine.connect() as connection:
            left: int = connection.execute(_WORK_LEFT).scalar_one()
    except DatabaseUnavailable:  # our own connection was cut as well
        return 1
    return left


def look_over(stage: Stage, acknowledged: Sequence[Acknowledged]) -> Findings:
    """All that is wrong; the sweeps that a portal makes in hours are made at once."""
    assets = assets_of(stage)
    lost = [problem for entry in acknowledged for problem in _lost(stage, entry, assets)]
    doubled = _doubled(acknowledged, assets)
    leftovers_before, uploads_before = _leftovers(stage), _open_uploads(stage)
    _sweep(stage)
    leftovers, uploads = _leftovers(stage), _open_uploads(stage)
    problems = [
        *lost,
        *doubled,
        *(f"{key} is left over" for key in leftovers),
        *(f"upload of {key} is open" for key in uploads),
        *_index_faults(stage),
        *_logged_faults(stage),
    ]
    return Findings(
        problems=problems,
        lost=len(lost),
        doubled=len(doubled),
        leftovers_before=len(leftovers_before),
        leftovers=len(leftovers),
        open_uploads_before=len(uploads_before),
        open_uploads=len(uploads),
    )


def assets_of(stage: Stage) -> list[Asset]:
    with stage.runtime.engine.connect() as connection:
        event = events_service.get_event(connection, EVENT, viewer=INSTALLATION)
        return assets_service.list_assets(
            connection, viewer=INSTALLATION, event_id=event.id, limit=10**6
        )


def state_of(asset: Asset) -> AssetState:
    return assets_service.state_of(asset)


def _lost(stage: Stage, entry: Acknowledged, assets: Sequence[Asset]) -> list[str]:
    """Why the file is not whole and ready under the id that was acknowledged."""
    name = entry.file.name
    asset = next((asset for asset in assets if asset.id == entry.asset_id), None)
    if asset is None or asset.original is None:
        return [f"{name} is lost: there is no asset {entry.asset_id}"]
    if state_of(asset) is not AssetState.READY:
        steps = [(s.name.value, s.state.value, s.tries, s.detail) for s in asset.steps]
        return [f"{name} is {state_of(asset)}: {steps}"]
    if asset.original.sha256 != entry.file.sha256:
        return [f"{name} has another SHA-256 in the database"]
    stored = hashlib.sha256(stage.runtime.store.read(asset.original.key)).hexdigest()
    return [] if stored == entry.file.sha256 else [f"{name} has other bytes in the store"]


def _doubled(acknowledged: Sequence[Acknowledged], assets: Sequence[Asset]) -> list[str]:
    counts = Counter(asset.filename for asset in assets)
    known = {entry.file.name for entry in acknowledged}
    return [f"{name} is there {count} times" for name, count in counts.items() if count > 1] + [
        f"{name} was never acknowledged" for name in counts if name not in known
    ]


def _sweep(stage: Stage) -> None:
    runtime = stage.runtime
    Sweep(runtime, threading.Event()).sweep_once()
    OrphanSweep(runtime, quiet_minutes=0).sweep_all()
    with runtime.engine.begin() as connection:
        uploads_service.abort_forgotten(runtime, connection, older_than_hours=0)


def _leftovers(stage: Stage) -> list[str]:
    """Keys that no asset accounts for."""
    with stage.runtime.engine.connect() as connection:
        shown = {
            key
            for asset in assets_of(stage)
            for key in assets_service.shown_keys(connection, asset.id)
        }
    keys = [found.key for found in stage.runtime.store.list("assets/")]
    return [key for key in keys if key not in shown]


def _open_uploads(stage: Stage) -> list[str]:
    return [upload.key for upload in stage.runtime.uploads.list_open()]


def _index_faults(stage: Stage) -> list[str]:
    """Search holds what the database says, whatever the index lane went through."""
    with stage.runtime.engine.connect() as connection:
        found = search_service.check_index(connection, stage.runtime.search)
    wrong = [*found.missing, *found.surplus, *found.changed]
    return [f"the index is wrong about {document_id}" for document_id in wrong]


def _logged_faults(stage: Stage) -> list[str]:
    """Faults of ours, which every process writes down as such."""
    log = stage.installation.logs()
    marks = ("unexpected error", "unexpected fault", "raised an unexpected")
    return [line[:2000] for line in log.splitlines() if any(mark in line for mark in marks)]
