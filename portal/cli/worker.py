"""portal worker: background work on this or another machine of the installation."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.cli.failures import UsageError
from portal.cli.installation import opened, read_settings
from portal.cli.processes import worker_process
from portal.encodes import encodes_at_once
from portal.installation.service import claim_store
from portal.jobs import Lane
from portal.metrics import service as metrics_service
from portal.supervisor import Supervisor

GRACE_SECONDS = 15.0


def register(app: typer.Typer) -> None:
    app.command("worker")(worker)


def worker(
    *,
    lanes: Annotated[
        str,
        typer.Option(help=f"Only this kind of work, comma-separated: {', '.join(Lane)}."),
    ] = "",
) -> None:
    """Run a worker until Ctrl+C; it starts again whenever it dies.

    It does not begin with a store that does not let it in, or that is not the installation's.
    """
    chosen = checked_lanes(lanes)
    with (
        opened(read_settings(quiet=False)) as runtime,
        metrics_service.served(runtime) as settings,
    ):
        claim_store(runtime)
        encodes = encodes_at_once(settings)
        child = worker_process(settings, encodes=encodes, lanes=",".join(chosen))
        Supervisor([child], grace_seconds=GRACE_SECONDS).run()


def checked_lanes(lanes: str) -> list[str]:
    """The lanes named; none means all. Raises UsageError."""
    chosen = [name.strip() for name in lanes.split(",") if name.strip()]
    unknown = sorted(set(chosen) - set(Lane))
    if unknown:
        raise UsageError(f"There is no lane {unknown[0]!r}; the lanes are {', '.join(Lane)}.")
    return chosen
