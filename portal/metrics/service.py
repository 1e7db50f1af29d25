"""Serves the metrics of an installation on a port of their own, for Prometheus to fetch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, start_wsgi_server
from sqlalchemy import Connection

from portal.metrics import repository
from portal.metrics.collectors import Machine, Parts
from portal.metrics.gathering import Gathering
from portal.metrics.meeting import held_folder
from portal.metrics.models import Counts
from portal.runtime import Runtime
from portal.settings import Settings, variable_name

QUERY_MILLISECONDS_MAX = 2000

_log = structlog.get_logger(__name__)


@contextmanager
def served(runtime: Runtime) -> Iterator[Settings]:
    """Serve while the context lasts; gives the settings for the processes that are told of.

    Without a port nothing is served. Nor where it cannot be: that is logged, and work goes on.
    """
    settings = runtime.settings
    if not settings.metrics_port:
        yield settings
        return
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(held_folder(settings))
            stack.enter_context(_exporter(runtime, folder))
        except OSError as error:
            _log.error("metrics cannot be served", reason=_reason(error, settings))
        else:
            settings = settings.model_copy(update={"metrics_folder": folder})
        yield settings


@contextmanager
def _exporter(runtime: Runtime, folder: Path) -> Iterator[None]:
    """Raises OSError when the port is taken or the address none of ours."""
    settings = runtime.settings
    server, thread = start_wsgi_server(
        settings.metrics_port, settings.metrics_host, registry_of(runtime, folder)
    )
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _reason(error: OSError, settings: Settings) -> str:
    return (
        f"Nothing can listen on {settings.metrics_host}, port {settings.metrics_port}, or meet in "
        f"the data folder ({error.strerror or error}). Each command on a machine needs a port of "
        f"its own in {variable_name('metrics_port')}; 0 serves none."
    )


def registry_of(runtime: Runtime, folder: Path) -> CollectorRegistry:
    """All that is told: of database and search, of this machine, of the processes in `folder`."""

    def counts() -> Counts:
        with runtime.engine.begin() as connection:
            return read_counts(connection)

    registry = CollectorRegistry()
    registry.register(Parts(counts=counts, search=runtime.search.status))
    registry.register(Machine(runtime.settings))
    registry.register(Gathering(folder))
    return registry


def read_counts(connection: Connection) -> Counts:
    repository.limit_time(connection, milliseconds=QUERY_MILLISECONDS_MAX)
    return Counts(
        lanes=repository.count_lanes(connection),
        index_lag_seconds=repository.index_lag_seconds(connection),
        assets=repository.count_assets(connection),
        uploads=repository.count_uploads(connection),
        workers=repository.count_workers(connection),
    )
