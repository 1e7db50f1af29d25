"""Step and jobs of the index lane: what Postgres says now replaces what the index holds."""

from __future__ import annotations

import structlog

from portal.errors import SearchUnavailable
from portal.runtime import Runtime
from portal.search import service
from workers.run import StepResult, StepRun

_log = structlog.get_logger(__name__)


def mend_index(runtime: Runtime) -> None:
    """Make the index anew when it is lost, damaged, or laid out by another version of ours.

    Other work goes on when that fails: pages say that search is away, and doctor says why.
    """
    try:
        if _holds_documents(runtime):
            return
        with runtime.engine.begin() as connection:
            count = service.rebuild_index(connection, runtime.search)
    except SearchUnavailable as error:
        _log.error("the index cannot be made anew", reason=str(error))
    else:
        _log.info("index made anew", documents=count)


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


def _holds_documents(runtime: Runtime) -> bool:
    try:
        return runtime.search.status().document_count > 0
    except SearchUnavailable as error:
        _log.warning("the index cannot be used", reason=str(error))
        return False
