"""Step and jobs of the index lane: what Postgres says now replaces what the index holds."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import structlog

from portal.errors import DatabaseUnavailable, SearchUnavailable
from portal.runtime import Runtime
from portal.search import service
from workers.run import StepResult, StepRun

LOOK_EVERY_SECONDS = 30.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class IndexKeeper:
    """Makes the index anew when it is lost, damaged, or laid out by another version of ours.

    Other work goes on when that fails: pages say that search is away, and doctor says why.
    """

    runtime: Runtime
    stop: threading.Event

    def run(self) -> None:
        """Until `stop` is set. Once the index was well, only its loss is mended: another version
        of the portal that is still at work must not lay it out again and again."""
        was_well = mend_index(self.runtime)
        while not self.stop.wait(LOOK_EVERY_SECONDS):
            if was_well:
                _fill_if_lost(self.runtime)
            else:
                was_well = mend_index(self.runtime)


def mend_index(runtime: Runtime) -> bool:
    """Whether the index is well now."""
    try:
        with runtime.engine.begin() as connection:
            try:
                count = service.fill_empty_index(connection, runtime.search)
            except SearchUnavailable as error:
                _log.warning("the index cannot be used", reason=str(error))
                count = service.rebuild_index(connection, runtime.search)
    except (SearchUnavailable, DatabaseUnavailable) as error:
        _log.error("the index cannot be made anew", reason=str(error))
        return False
    _log.info("index is well", documents=count)
    return True


def index(run: StepRun) -> StepResult:
    """The last step of every asset."""
    index_asset(run.runtime, run.asset.id)
    return StepResult()


def index_asset(runtime: Runtime, asset_id: str) -> None:
    """Raises SearchUnavailable."""
    with runtime.engine.begin() as connection:
        service.index_asset(connection, runtime.search, asset_id)


def index_event(runtime: Runtime, event_id: str) -> None:
    """Raises SearchUnavailable."""
    with runtime.engine.begin() as connection:
        service.index_event(connection, runtime.search, event_id)


def _fill_if_lost(runtime: Runtime) -> None:
    try:
        with runtime.engine.begin() as connection:
            service.fill_empty_index(connection, runtime.search)
    except (SearchUnavailable, DatabaseUnavailable) as error:
        _log.warning("the index cannot be looked at", reason=str(error))
