"""Serves the metrics of an installation on a port of their own, for Prometheus to fetch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_wsgi_server
from sqlalchemy import Connection

from portal.errors import Conflict
from portal.metrics import repository
from portal.metrics.collectors import Machine, Parts
from portal.metrics.gathering import Gathering, meeting_folder
from portal.metrics.models import Counts
from portal.runtime import Runtime
from portal.settings import variable_name

QUERY_MILLISECONDS_MAX = 2000


@contextmanager
def served(runtime: Runtime) -> Iterator[None]:
    """Serve while the context lasts; without a port nothing is served.

    Raises Conflict when the port is taken.
    """
    settings = runtime.settings
    if not settings.metrics_port:
        yield
        return
    try:
        server, thread = start_wsgi_server(
            settings.metrics_port, settings.metrics_host, registry_of(runtime)
        )
    except OSError as error:
        raise Conflict(
            f"The metrics cannot be served on {settings.metrics_host}, port "
            f"{settings.metrics_port} ({error.strerror}). Choose another one by "
            f"{variable_name('metrics_port')}; 0 serves none."
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def registry_of(runtime: Runtime) -> CollectorRegistry:
    """All that is told: of the database and search, of this machine, of our processes on it."""

    def counts() -> Counts:
        with runtime.engine.begin() as connection:
            return read_counts(connection)

    registry = CollectorRegistry()
    registry.register(Parts(counts=counts, search=runtime.search.status))
    registry.register(Machine(runtime.settings))
    registry.register(Gathering(meeting_folder(runtime.settings)))
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
