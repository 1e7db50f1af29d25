"""Step and jobs of the index lane: what Postgres says now replaces what the index holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from portal.errors import IndexUnusable, PortalError
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
        was_well = self._is_well_after(mend_index)
        while not self.stop.wait(LOOK_EVERY_SECONDS):
            if was_well:
                self._is_well_after(fill_if_lost)
            else:
                was_well = self._is_well_after(mend_index)

    def _is_well_after(self, look: Callable[[Runtime], bool]) -> bool:
        try:
            return look(self.runtime)
        except Exception:  # noqa: BLE001 - the border of a look: the keeper must go on for ever
            _log.exception("the look at the index met an unexpected fault", look=look.__name__)
            return False


def mend_index(runtime: Runtime) -> bool:
    """Whether the index is well now. A server that is away, or busy, is left alone: a rebuild would
    not bring it back."""
    try:
        with runtime.engine.begin() as connection:
            try:
                count = service.fill_empty_index(connection, runtime.search)
            except IndexUnusable as error:
                _log.warning("the index cannot be used", reason=str(error))
                count = service.rebuild_index(connection, runtime.search)
    except PortalError as error:
        _log.error("the index cannot be looked at or made anew", reason=str(error))
        return False
    _log.info("index is well", documents=count)
    return True


def fill_if_lost(runtime: Runtime) -> bool:
    """Whether the index could be looked at, and holds again what it should."""
    try:
        with runtime.engine.begin() as connection:
            service.fill_empty_index(connection, runtime.search)
    except PortalError as error:
        _log.warning("the index cannot be looked at", reason=str(error))
        return False
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
