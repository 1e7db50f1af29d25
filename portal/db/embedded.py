"""The embedded PostgreSQL server: one per data folder, shared by every process that uses it.

Each user of the server holds a shared lock on `users.lock`; it is started and stopped under an
exclusive lock on `start.lock`. Whoever leaves last stops it. Locks vanish with their process, so
after a `kill -9` the next user finds a running server and adopts it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL

from portal.db.cluster import DATABASE, PORT, USER, Cluster
from portal.db.migrate import upgrade
from portal.errors import DatabaseUnavailable
from portal.settings import Settings

DRIVER = "postgresql+psycopg"
CONNECT_SECONDS_MAX = 10
READY_SECONDS_MAX = 120.0
"""Recovery after a crash replays the log before connections are taken."""

DURABLE: Mapping[str, str] = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@contextmanager
def embedded_server(settings: Settings) -> Iterator[str]:
    """The address of the database that `settings` name, usable while the context lasts.

    An outside one is only named, not touched; the embedded one is started and migrated.
    Raises DatabaseUnavailable.
    """
    if settings.database_url is not None:
        yield normalized_url(settings.database_url.get_secret_value())
        return
    with shared_server(server_folder(settings), durability=DURABLE) as url:
        upgrade(url)
        yield url


@contextmanager
def unmigrated_server(settings: Settings) -> Iterator[str | None]:
    """As `embedded_server`, but nothing is migrated or made; None while there is no database."""
    if settings.database_url is not None:
        yield normalized_url(settings.database_url.get_secret_value())
    elif not server_folder(settings).exists():
        yield None
    else:
        with shared_server(server_folder(settings), durability=DURABLE) as url:
            yield url


def server_folder(settings: Settings) -> Path:
    return settings.data_path / "postgres"


def normalized_url(url: str) -> str:
    """`postgres://…` and `postgresql://…`, as providers write them, with our driver named."""
    scheme, separator, rest = url.partition("://")
    return DRIVER + separator + rest if scheme in {"postgres", "postgresql"} else url


@contextmanager
def shared_server(folder: Path, *, durability: Mapping[str, str]) -> Iterator[str]:
    """A running server whose files are in `folder`; the last of its users stops it.

    Only tests, whose data are worthless, pass anything but DURABLE.
    """
    cluster = _prepared(folder)
    users = _open_lock(folder / "users.lock")
    try:
        with _locked(folder / "start.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            socket_folder = _ready_socket_folder(cluster, durability)
        yield _url(socket_folder).render_as_string(hide_password=False)
    finally:
        with _locked(folder / "start.lock"):
            if _is_last(users):
                cluster.stop()
        os.close(users)


def ensure_running(folder: Path, *, durability: Mapping[str, str]) -> bool:
    """Start the server again if it died; whether it had. For those who use it already.

    Raises DatabaseUnavailable.
    """
    cluster = Cluster(folder)
    try:
        if cluster.is_served():
            return False
        with _locked(folder / "start.lock"):
            _ready_socket_folder(cluster, durability)
    except OSError as error:
        raise _folder_fault(folder, error) from error
    return True


def _prepared(folder: Path) -> Cluster:
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        with _locked(folder / "start.lock"):
            cluster = Cluster(folder)
            cluster.create_if_missing()
            return cluster
    except OSError as error:
        raise _folder_fault(folder, error) from error


def _folder_fault(folder: Path, error: OSError) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"The embedded database cannot use the folder {folder}: {error.strerror}."
    )


def _is_last(users: int) -> bool:
    """Give up the shared lock; true when nobody else holds one (start.lock is held)."""
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = _open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _ready_socket_folder(cluster: Cluster, durability: Mapping[str, str]) -> Path:
    """Start the server, or adopt a running one, and wait for the end of its recovery.

    One that is shutting down, because its last user was killed while stopping it, starts again.
    """
    deadline = time.monotonic() + READY_SECONDS_MAX
    while True:
        cluster.end_orphans()
        if not cluster.is_in_use():
            cluster.start(durability)
        socket_folder = cluster.socket_folder()
        try:
            if socket_folder is not None:
                _create_database_if_missing(socket_folder)
                return socket_folder
        except psycopg.OperationalError as error:
            fault = str(error)
        else:
            fault = "it is not listening yet"
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(
                f"The embedded database does not answer: {fault}. Its log ends with:\n"
                f"{cluster.log_tail()}"
            )
        time.sleep(0.1)


def _create_database_if_missing(socket_folder: Path) -> None:
    with psycopg.connect(
        host=str(socket_folder),
        port=PORT,
        user=USER,
        dbname="postgres",
        connect_timeout=CONNECT_SECONDS_MAX,
        autocommit=True,
    ) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if known.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _url(socket_folder: Path) -> URL:
    query = {"host": str(socket_folder)}
    return URL.create(DRIVER, username=USER, port=PORT, database=DATABASE, query=query)
