"""Real processes of the portal: started on a free port, found in /proc, ended by their numbers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from portal.db.embedded import embedded_server
from portal.settings import Settings

PROJECT = Path(__file__).parents[2]
WAIT_SECONDS_MAX = 240.0
POLL_SECONDS = 0.05


class Role(StrEnum):
    """What a process of the portal is, by what its command line names."""

    COMMAND = "portal.cli.main"
    WEB = "granian"
    WORKER = "workers"


@dataclass(frozen=True)
class Process:
    pid: int
    role: Role

    @property
    def is_alive(self) -> bool:
        return is_alive(self.pid)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    @property
    def memory_mebibytes(self) -> tuple[float, float]:
        """(resident, proportional: shared pages are divided among those that share them)."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]
        sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}
        return sizes["Rss"], sizes["Pss"]


@dataclass(frozen=True)
class Installation:
    """A data folder, and the processes that work on it."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    """Settings of its commands besides the data folder, by the names of their variables."""

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.folder, disk_free_bytes_min=0)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A command of the portal, its output under `folder`; killed at the end if need be."""
        log = self.folder.parent / f"{arguments[0]}-{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", Role.COMMAND, *arguments],
                cwd=PROJECT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def served(self, *, workers: int) -> Iterator[subprocess.Popen[bytes]]:
        """`portal serve`, from when it is ready on."""
        port = free_port()
        with self.started("serve", "--port", str(port), "--workers", str(workers)) as process:
            wait_until(lambda: answers_ready(port), process)
            wait_until(lambda: len(self.processes(Role.WORKER)) == workers, process)
            yield process

    def processes(self, *roles: Role) -> list[Process]:
        """Those alive, of some roles or of all; the database's are not among them."""
        mark = f"PORTAL_DATA_DIR={self.folder}\0".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # ended meanwhile, or in a sandbox
                environment = (entry / "environ").read_bytes()
                role = _role((entry / "cmdline").read_bytes())
                if mark in environment and role is not None and role in (roles or Role):
                    found.append(Process(int(entry.name), role))
        return sorted(found, key=lambda process: process.pid)

    def encoders(self, asset_id: str) -> list[int]:
        """The numbers of the ffmpeg processes at work on an asset."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                is_ffmpeg = words[0].endswith(b"ffmpeg")
                if is_ffmpeg and any(asset_id.encode() in word for word in words):
                    found.append(int(entry.name))
        return found

    def logs(self) -> str:
        """All that its commands have written."""
        return "".join(path.read_text() for path in sorted(self.folder.parent.glob("*.log")))

    def database_pid(self) -> int | None:
        """None between two servers."""
        note = self.folder / "postgres" / "cluster" / "postmaster.pid"
        lines = note.read_text().splitlines() if note.exists() else []
        return int(lines[0]) if lines else None

    def end(self) -> None:
        """Kill what is left and stop the database."""
        for process in self.processes():
            process.kill()
        with embedded_server(self.settings):
            pass  # its last user stops it

    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
        ours = {"PORTAL_DATA_DIR": str(self.folder), "PORTAL_DISK_FREE_BYTES_MIN": "0"}
        return {**inherited, **ours, **self.variables}


def wait_until(
    condition: Callable[[], bool], process: subprocess.Popen[bytes] | None = None
) -> float:
    """Poll until `condition` holds and return how long that took; `process` must live on."""
    started_at = time.monotonic()
    while not condition():
        if process is not None:
            assert process.poll() is None, f"it ended with code {process.returncode}"
        assert time.monotonic() - started_at < WAIT_SECONDS_MAX, "it takes too long"
        time.sleep(POLL_SECONDS)
    return time.monotonic() - started_at


def parent_of(pid: int, candidates: list[Process]) -> Process:
    """Which of `candidates` started `pid`, directly or not."""
    by_pid = {process.pid: process for process in candidates}
    while pid not in by_pid:
        assert pid > 1, "none of them did"
        status = Path(f"/proc/{pid}/status").read_text()
        pid = int(status.split("PPid:")[1].split()[0])
    return by_pid[pid]


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def answers_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _role(command_line: bytes) -> Role | None:
    words = command_line.decode(errors="replace").split("\0")
    return next((role for role in Role if words[1:3] == ["-m", role]), None)
