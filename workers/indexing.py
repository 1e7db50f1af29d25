"""Step and jobs of the index lane: what Postgres says now replaces what the index holds."""

from __future__ import annotations

from portal.runtime import Runtime
from portal.search import service
from workers.run import StepResult, StepRun


def index(run: StepRun) -> StepResult:
    """The last step of every asset."""
    index_asset(run.runtime, run.asset.id)
    return StepResult()


def index_asset(runtime: Runtime, asset_id: str) -> None:
    """A removed asset is replaced by nothing. Raises SearchUnavailable."""
    with runtime.engine.begin() as connection:
        current = service.documents_of_asset(connection, asset_id)
    runtime.search.replace(current.owner_ids, current.documents)


def index_event(runtime: Runtime, event_id: str) -> None:
    """The event with its people and all its assets. Raises SearchUnavailable."""
    with runtime.engine.begin() as connection:
        current = service.documents_of_event(connection, event_id)
    runtime.search.replace(current.owner_ids, current.documents)
