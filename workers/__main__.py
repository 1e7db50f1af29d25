"""The worker process: opens its parts, checks that every task has a handler, works until told."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Sequence

import structlog

from portal.encodes import encodes_at_once
from portal.errors import PortalError, SettingsError, StorageUnavailable
from portal.installation.service import claim_store, require_sound
from portal.jobs import Lane
from portal.logs import configure_logging
from portal.metrics.gathering import answering
from portal.runtime import Runtime, open_runtime
from portal.settings import Settings, load_settings
from portal.supervisor import PRIVATE_UMASK, watch_lifeline
from workers.chunk_runner import ChunkRunner
from workers.indexing import IndexKeeper
from workers.lanes import jobs_at_once
from workers.queue import JobRunner, build_app, run_until
from workers.reconcile import Sweep, sweeping
from workers.registry import CHUNK_HANDLERS, STEP_HANDLERS, job_handlers
from workers.runner import StepRunner
from workers.sandbox import open_sandbox
from workers.scratch import open_scratch
from workers.sign_of_life import sign_of_life

_log = structlog.get_logger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 after a stop that was asked for, 1 when a part is missing, 2 for bad settings."""
    lanes = _lanes(arguments)
    os.umask(PRIVATE_UMASK)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = load_settings()
        configure_logging(settings)
        if not sys.stdin.isatty():
            watch_lifeline(stop.set)
        with open_runtime(settings, stop=stop) as runtime, answering(settings, role="worker"):
            require_sound(runtime)
            require_store(runtime)
            work(settings, runtime, lanes, stop)
    except SettingsError as error:
        _log.error("worker cannot start", reason=str(error))
        return 2
    except PortalError as error:
        _log.error("worker ended", reason=str(error))
        return 1
    return 0


def require_store(runtime: Runtime) -> None:
    """One that is away may come back, and jobs wait for it. Raises Conflict or StorageDenied."""
    try:
        claim_store(runtime)
    except StorageUnavailable as error:
        _log.warning("the store is away", reason=str(error))


def work(
    settings: Settings, runtime: Runtime, lanes: Sequence[Lane], stop: threading.Event
) -> None:
    """Work until `stop` is set. Raises LookupError unless every task has exactly one handler."""
    open_scratch(settings).delete_abandoned()
    sandbox = open_sandbox(settings)
    steps = StepRunner(runtime, sandbox, STEP_HANDLERS, stop)
    chunks = ChunkRunner(runtime, sandbox, CHUNK_HANDLERS, stop)
    jobs = JobRunner(runtime.engine, job_handlers(steps, chunks))
    if Lane.INDEX in lanes:
        keeper = IndexKeeper(runtime, stop)
        threading.Thread(target=keeper.run, name="index keeper", daemon=True).start()
    at_once = jobs_at_once(lanes, encodes=encodes_at_once(settings))
    _log.info("worker ready", lanes={str(lane): count for lane, count in at_once.items()})
    with sweeping(Sweep(runtime, stop)), sign_of_life(settings.data_path) as sign:
        working = run_until(
            build_app(jobs), at_once, stop, engine=runtime.engine, on_alive=sign.renew
        )
        asyncio.run(working)


def _lanes(arguments: Sequence[str] | None) -> tuple[Lane, ...]:
    parser = argparse.ArgumentParser(prog="portal worker")
    parser.add_argument(
        "--lanes",
        default=",".join(Lane),
        help=f"comma-separated: {', '.join(Lane)} (default: all)",
    )
    names = parser.parse_args(arguments).lanes.split(",")
    unknown = [name for name in names if name not in set(Lane)]
    if unknown:
        parser.error(f"unknown lanes {', '.join(unknown)}; there are {', '.join(Lane)}")
    return tuple(Lane(name) for name in names)


if __name__ == "__main__":
    sys.exit(main())
