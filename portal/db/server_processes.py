"""The processes of a PostgreSQL server that this process namespace holds, read off /proc."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from portal.errors import DatabaseUnavailable

POLL_SECONDS = 0.05
DEATH_SECONDS_MAX = 10.0
"""SIGKILL is not resisted, but a process that waits for a disk sees it late."""


def processes_at(data: Path) -> frozenset[int]:
    """The numbers of all that is PostgreSQL at home in the folder `data`.

    Those of another process namespace are left out, though an outer one sees them: there they
    have other numbers, and the number in their `postmaster.pid` is somebody else's here.
    """
    home = data.stat()
    namespace = _namespace(Path("/proc/self"))
    numbers = (_number(path, home, namespace) for path in Path("/proc").glob("[0-9]*"))
    return frozenset(number for number in numbers if number is not None)


def kill_processes_at(data: Path) -> None:
    """End them at once, which costs nothing committed. Raises DatabaseUnavailable."""
    deadline = time.monotonic() + DEATH_SECONDS_MAX
    while processes := processes_at(data):
        for number in processes:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise DatabaseUnavailable("Processes of the embedded database cannot be ended.")
        time.sleep(POLL_SECONDS)


def _number(process: Path, home: os.stat_result, namespace: str) -> int | None:
    """The number of a process of such a server; None for any other process."""
    try:
        if (process / "comm").read_text() != "postgres\n":
            return None
        if not os.path.samestat((process / "cwd").stat(), home):
            return None
        return _own_number(process) if _namespace(process) == namespace else None
    except OSError:  # ended meanwhile, or another user's
        return None


def _own_number(process: Path) -> int:
    """As its own namespace counts: /proc may be that of an outer one (proc_pid_status(5))."""
    lines = (process / "status").read_text().splitlines()
    counted = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
    return int(counted[-1] if counted else process.name)


def _namespace(process: Path) -> str:
    return str((process / "ns" / "pid").readlink())
