"""An outside PostgreSQL for tests: Debian's, with a password, on a free port of loopback."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from portal.ids import new_id
from tests.e2e.processes import free_port, wait_until

USER, PASSWORD = "portal", "portal-test-password"
WORTHLESS = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


@dataclass(frozen=True)
class OutsidePostgres:
    """A server that knows nothing of us but a user."""

    port: int

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of an empty database, dropped afterwards."""
        name = f"test_{new_id()}"
        self._administer(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_postgres(folder: Path) -> Iterator[OutsidePostgres]:
    """A server of the newest version that is installed, its files in `folder`."""
    programs, data, secret = _programs(), folder / "cluster", folder / "password"
    secret.write_text(PASSWORD)
    _run(
        *(programs / "initdb", "--pgdata", data, "--username", USER, "--pwfile", secret),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"),
    )
    server = OutsidePostgres(free_port())
    options = (
        "-p",
        str(server.port),
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        f"unix_socket_directories={folder}",
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*_unprivileged(), programs / "postgres", "-D", data, *options, *WORTHLESS],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: _answers(server), process)
        yield server
    finally:
        _run(programs / "pg_ctl", "stop", "--pgdata", data, "--mode", "immediate", "--wait")
        process.wait(30)


def _answers(server: OutsidePostgres) -> bool:
    try:
        psycopg.connect(server.url("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _run(*command: str | Path) -> None:
    subprocess.run([*_unprivileged(), *command], check=True, timeout=120, stdout=subprocess.DEVNULL)


def _unprivileged() -> Sequence[str]:
    """PostgreSQL refuses to run as root; in a user namespace it sees another user."""
    if os.geteuid() != 0:
        return ()
    other = max(entry.pw_uid for entry in pwd.getpwall())
    return ("unshare", "--user", f"--map-user={other}", f"--map-group={other}", "--")


def _programs() -> Path:
    """Where Debian puts them; where CI promises the server, its absence is a failure."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    reason = "PostgreSQL is not installed: apt-get install postgresql"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
