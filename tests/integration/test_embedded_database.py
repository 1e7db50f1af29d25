"""The embedded server as its users meet it: shared, adopted after a kill, private, durable."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from portal.db import cluster as cluster_module
from portal.db import engine as engine_module
from portal.db.cluster import SOCKET_PATH_BYTES_MAX, Cluster
from portal.db.embedded import DURABLE, embedded_server, normalized_url, shared_server
from portal.db.engine import open_engine
from portal.db.watch import kept_running
from portal.errors import DatabaseUnavailable
from portal.settings import Settings

pytestmark = pytest.mark.postgres

PROJECT = Path(__file__).parent.parent.parent

HOLD = """
import sys
from pathlib import Path
from portal.db.embedded import embedded_server
from portal.settings import Settings
with embedded_server(Settings(data_dir=Path(sys.argv[1]))) as url:
    print(url, flush=True)
    sys.stdin.read()
"""
KEEP_AFTER_KILL = """
sleep 600 | "$@" & user=$!
read order
kill -9 $user
echo killed
read order
"""
"""A first process of a namespace: runs its arguments, kills them when told, and stays."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: pytest's own temporary folders are too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        yield Path(name)


@pytest.fixture
def embedded(folder: Path) -> Settings:
    return Settings(data_dir=folder / "data")


def test_it_is_migrated_and_keeps_what_is_written(embedded: Settings) -> None:
    with embedded_server(embedded) as url:
        _execute(url, "INSERT INTO people (id, slug, name) VALUES ('a', 'a', 'Ярош')")
    with embedded_server(embedded) as url:
        assert _scalar(url, "SELECT name FROM people") == "Ярош"


def test_it_is_set_up_for_durability_and_every_script(embedded: Settings) -> None:
    with embedded_server(embedded) as url:
        for name in DURABLE:
            assert _scalar(url, f"SHOW {name}") == "on"
        assert _scalar(url, "SHOW data_checksums") == "on"
        assert _scalar(url, "SHOW server_encoding") == "UTF8"
        assert _scalar(url, "SHOW timezone") == "UTC"
        assert _scalar(url, "SELECT lower('ЯРОШ')") == "ярош"
        assert _scalar(url, "SELECT 'a' < 'B'") is False, "sorted by code point"


def test_it_listens_on_no_network_address(embedded: Settings) -> None:
    with embedded_server(embedded) as url:
        assert _scalar(url, "SHOW listen_addresses") == ""
        assert _scalar(url, "SELECT inet_server_addr()") is None


def test_it_runs_in_a_private_folder_and_changes_no_permission(folder: Path) -> None:
    """As root too, whose server runs as somebody else, as far as the server can see."""
    private = folder / "private"
    private.mkdir(mode=0o700)
    parents = [private, *private.parents]
    before = [(path.stat().st_mode, path.stat().st_uid) for path in parents]
    with embedded_server(Settings(data_dir=private / "data")) as url:
        assert _scalar(url, "SELECT 1") == 1
        assert (private / "data" / "postgres").stat().st_mode & 0o077 == 0
    assert [(path.stat().st_mode, path.stat().st_uid) for path in parents] == before


def test_the_last_user_stops_it(embedded: Settings) -> None:
    server = Cluster(embedded.data_path / "postgres")
    with ExitStack() as first, ExitStack() as second:
        url = first.enter_context(embedded_server(embedded))
        assert second.enter_context(embedded_server(embedded)) == url
        first.close()
        assert _scalar(url, "SELECT 1") == 1
        assert server.is_in_use()
        second.close()
        assert not server.is_in_use()


def test_it_is_shared_by_processes_that_start_at_once(embedded: Settings) -> None:
    found: list[str] = []

    def use() -> None:
        with _holding_process(embedded) as (process, url):
            _execute(url, "SELECT 1")
            found.append(url)
            _end(process)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(found)) == 1
    assert not Cluster(embedded.data_path / "postgres").is_in_use()


def test_after_a_killed_owner_the_running_server_is_adopted(embedded: Settings) -> None:
    with _holding_process(embedded) as (process, url):
        _execute(url, "INSERT INTO people (id, slug, name) VALUES ('a', 'a', 'kept')")
        started = _scalar(url, "SELECT pg_postmaster_start_time()")
        process.kill()
        process.wait()
    with embedded_server(embedded) as url:
        assert _scalar(url, "SELECT pg_postmaster_start_time()") == started
        assert _scalar(url, "SELECT name FROM people") == "kept"
    assert not Cluster(embedded.data_path / "postgres").is_in_use()


def test_after_everything_was_killed_nothing_committed_is_lost(embedded: Settings) -> None:
    with _holding_process(embedded) as (process, url):
        _execute(url, "INSERT INTO people (id, slug, name) VALUES ('a', 'a', 'kept')")
        os.kill(_postmaster(embedded), signal.SIGKILL)
        process.kill()
        process.wait()
    with embedded_server(embedded) as url:
        assert _scalar(url, "SELECT name FROM people") == "kept"


def test_a_process_that_got_the_number_of_the_server_is_not_taken_for_it(
    embedded: Settings,
) -> None:
    """As after a restart of a container, where the same numbers are dealt out again."""
    with embedded_server(embedded):
        pass
    noted = [str(os.getpid()), str(embedded.data_path / "postgres/cluster"), "0", "5432", "/x"]
    (embedded.data_path / "postgres/cluster/postmaster.pid").write_text("\n".join(noted))
    with embedded_server(embedded) as url:
        assert _scalar(url, "SELECT 1") == 1


def test_a_server_that_is_shutting_down_is_started_again(embedded: Settings) -> None:
    """Its last user was killed after it had asked for the stop."""
    with _holding_process(embedded) as (process, _url):
        os.kill(_postmaster(embedded), signal.SIGINT)  # a fast shutdown
        process.kill()
        process.wait()
    with embedded_server(embedded) as url:
        assert _scalar(url, "SELECT 1") == 1


def test_a_server_in_another_process_namespace_is_left_alone(embedded: Settings) -> None:
    """As when two containers share the data folder: neither sees the other's processes."""
    with _holding_process(embedded, _in_new_namespace()) as (_process, url):
        _execute(url, "INSERT INTO people (id, slug, name) VALUES ('a', 'a', 'kept')")
        with (
            pytest.raises(DatabaseUnavailable, match="Another process namespace"),
            embedded_server(embedded),
        ):
            pass
        assert _scalar(url, "SELECT name FROM people") == "kept"


def test_also_when_its_users_there_were_killed(embedded: Settings) -> None:
    """The first process of the namespace lives on, and so does the server; nobody uses it."""
    keeping = (*_in_new_namespace(), "sh", "-c", KEEP_AFTER_KILL, "sh")
    with _holding_process(embedded, keeping) as (process, url):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("kill\n")
        process.stdin.flush()
        assert process.stdout.readline() == "killed\n"
        with (
            pytest.raises(DatabaseUnavailable, match="Another process namespace"),
            embedded_server(embedded),
        ):
            pass
        assert _scalar(url, "SELECT 1") == 1


def test_a_namespace_that_shows_outer_processes_works(embedded: Settings) -> None:
    """Where /proc is that of the outer namespace, it names processes by other numbers."""
    with _holding_process(embedded, _in_new_namespace(shows_own=False)) as (process, url):
        assert _scalar(url, "SELECT 1") == 1
        _end(process)
    with embedded_server(embedded) as url:
        assert _scalar(url, "SELECT 1") == 1


def test_orphans_of_a_killed_server_do_not_hinder_the_next(embedded: Settings) -> None:
    """A stopped process does not see that its head is gone."""
    with _holding_process(embedded) as (process, url), _stopped_backend(url):
        os.kill(_postmaster(embedded), signal.SIGKILL)
        process.kill()
        process.wait()
        with embedded_server(embedded) as url_after:
            assert _scalar(url_after, "SELECT 1") == 1


def test_a_server_that_does_not_end_in_order_is_ended_at_once(
    embedded: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process holds up the stop in order for ever."""
    monkeypatch.setattr(cluster_module, "FAST_STOP_SECONDS_MAX", 1.0)
    with ExitStack() as stack:
        with embedded_server(embedded) as url:
            _execute(url, "INSERT INTO people (id, slug, name) VALUES ('a', 'a', 'kept')")
            stack.enter_context(_stopped_backend(url))
        assert not Cluster(embedded.data_path / "postgres").is_in_use()
    with embedded_server(embedded) as url:
        assert _scalar(url, "SELECT name FROM people") == "kept"


def test_a_killed_server_is_started_again_at_the_same_address(embedded: Settings) -> None:
    with embedded_server(embedded) as url, kept_running(embedded):
        _execute(url, "INSERT INTO people (id, slug, name) VALUES ('a', 'a', 'kept')")
        killed = _postmaster(embedded)
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + 60
        server = Cluster(embedded.data_path / "postgres")
        while not server.is_served() or _postmaster(embedded) == killed:
            assert time.monotonic() < deadline, "nobody started it"
            time.sleep(0.05)
    with embedded_server(embedded) as url_after:
        assert url_after == url
        assert _scalar(url, "SELECT name FROM people") == "kept"


def test_an_outside_server_is_nobodys_to_start(folder: Path) -> None:
    outside = Settings.model_validate(
        {"data_dir": folder / "data", "database_url": "postgres://me:x@127.0.0.1:1/db"}
    )
    with kept_running(outside):
        pass
    assert not (folder / "data").exists()


def test_an_initialisation_that_was_killed_is_begun_anew(embedded: Settings) -> None:
    leftover = embedded.data_path / "postgres" / "initdb-killed"
    leftover.mkdir(parents=True)
    (leftover / "PG_VERSION").write_text("16\n")
    with embedded_server(embedded) as url:
        assert _scalar(url, "SELECT 1") == 1
    assert not leftover.exists()


def test_a_long_path_gets_its_socket_elsewhere(folder: Path) -> None:
    long_path = folder / ("x" * SOCKET_PATH_BYTES_MAX)
    with embedded_server(Settings(data_dir=long_path)) as url:
        assert _scalar(url, "SELECT 1") == 1
        socket_folder = Cluster(long_path / "postgres").socket_folder()
        assert socket_folder is not None
        assert socket_folder.parent == Path(tempfile.gettempdir())
        assert socket_folder.stat().st_mode & 0o077 == 0
    assert not socket_folder.exists()


def test_a_path_with_odd_characters_works(folder: Path) -> None:
    with embedded_server(Settings(data_dir=folder / "a, 'b' c%d")) as url:
        assert _scalar(url, "SELECT 1") == 1


def test_a_socket_folder_that_others_can_enter_is_refused(folder: Path) -> None:
    (folder / "run").mkdir()
    (folder / "run").chmod(0o755)
    with (
        pytest.raises(DatabaseUnavailable, match="not a private folder"),
        shared_server(folder, durability=DURABLE),
    ):
        pass


def test_a_server_that_cannot_start_says_why_and_leaves_no_lock(folder: Path) -> None:
    with (
        pytest.raises(DatabaseUnavailable, match=r"(?s)embedded database failed.*max_wal_size"),
        shared_server(folder, durability={"max_wal_size": "nonsense"}),
    ):
        pass
    with shared_server(folder, durability=DURABLE) as url:
        assert _scalar(url, "SELECT 1") == 1


def test_a_data_folder_that_cannot_be_made_says_so(folder: Path) -> None:
    (folder / "file").touch()
    with (
        pytest.raises(DatabaseUnavailable, match="cannot use the folder"),
        embedded_server(Settings(data_dir=folder / "file")),
    ):
        pass


def test_root_without_user_namespaces_is_told_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`unshare` is the real one; it is asked for something that it refuses."""
    refused = ("unshare", "--user", "--map-user=nobody-of-that-name", "--")
    monkeypatch.setattr(cluster_module, "_unprivileged", lambda: refused)
    with (
        pytest.raises(DatabaseUnavailable, match=r"(?s)as an ordinary user.*PORTAL_DATABASE_URL"),
        shared_server(folder, durability=DURABLE),
    ):
        pass


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_outside_database_is_named_and_not_touched(folder: Path, scheme: str) -> None:
    """Nothing answers there: neither connecting nor migrating may be tried."""
    outside = Settings.model_validate(
        {"data_dir": folder / "data", "database_url": f"{scheme}://me:x@127.0.0.1:1/db"}
    )
    with embedded_server(outside) as url:
        assert url == "postgresql+psycopg://me:x@127.0.0.1:1/db"
    assert not (folder / "data").exists()


def test_only_known_schemes_are_rewritten() -> None:
    assert normalized_url("sqlite:///x") == "sqlite:///x"


# --- the pool, over a server that goes away ---------------------------------------------------


def test_a_database_that_cannot_be_reached_is_unavailable(settings: Settings) -> None:
    with (
        open_engine(settings, "postgresql+psycopg://portal@127.0.0.1:1/portal") as engine,
        pytest.raises(DatabaseUnavailable, match="cannot be reached"),
        engine.connect(),
    ):
        pass


def test_the_sentence_about_a_lost_database_names_no_path(
    settings: Settings, tmp_path: Path
) -> None:
    with (
        open_engine(settings, f"postgresql+psycopg://portal@/portal?host={tmp_path}") as engine,
        pytest.raises(DatabaseUnavailable, match=r"cannot be reached: .*failed") as caught,
        engine.connect(),
    ):
        pass
    assert "/" not in str(caught.value)


def test_a_database_lost_in_mid_query_is_unavailable_and_then_back(embedded: Settings) -> None:
    with (
        shared_server(embedded.data_path / "postgres", durability=DURABLE) as url,
        open_engine(embedded, url) as engine,
    ):
        with (
            pytest.raises(DatabaseUnavailable, match="cannot be reached"),
            engine.connect() as connection,
        ):
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_a_pooled_connection_that_died_is_replaced_unnoticed(embedded: Settings) -> None:
    with (
        shared_server(embedded.data_path / "postgres", durability=DURABLE) as url,
        open_engine(embedded, url) as engine,
    ):
        with engine.connect() as connection:
            victim = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        _execute(url, f"SELECT pg_terminate_backend({victim}, 10000)")
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_a_pool_that_is_used_up_says_so(
    settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "POOL_WAIT_SECONDS_MAX", 0.01)
    small = settings.model_copy(update={"database_pool_size": 1})
    with (
        open_engine(small, database_url) as engine,
        engine.connect(),
        pytest.raises(DatabaseUnavailable, match="All 1 database connections"),
    ):
        engine.connect()


def test_a_connection_in_use_is_closed_once_the_pool_is_and_it_is_given_back(
    settings: Settings, database_url: str
) -> None:
    """Of a request, say, that still runs while the server ends."""
    with open_engine(settings, database_url) as engine:
        used = engine.connect()
        driver = used.connection.driver_connection
    assert driver is not None
    assert not driver.closed
    assert used.execute(text("SELECT 1")).scalar_one() == 1
    used.close()
    assert driver.closed


def test_faults_of_a_statement_stay_what_they_are(embedded: Settings) -> None:
    with (
        shared_server(embedded.data_path / "postgres", durability=DURABLE) as url,
        open_engine(embedded, url) as engine,
        engine.connect() as connection,
    ):
        connection.execute(text("SET statement_timeout = 10"))
        with pytest.raises(DBAPIError, match="statement timeout"):
            connection.execute(text("SELECT pg_sleep(10)"))


@contextmanager
def _holding_process(
    settings: Settings, within: Sequence[str] = ()
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that uses the server until its standard input ends; and the address."""
    process = subprocess.Popen(
        [*within, sys.executable, "-c", HOLD, str(settings.data_path)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, "it did not start"
        yield process, url
    finally:
        process.kill()
        process.communicate()


def _in_new_namespace(*, shows_own: bool = True) -> Sequence[str]:
    """What runs a program among processes of its own; all of them end with the test."""
    users = () if os.geteuid() == 0 else ("--user", "--map-current-user")
    own_proc = ("--mount-proc",) if shows_own else ()
    argv = ("unshare", *users, "--pid", "--fork", "--kill-child", *own_proc)
    if subprocess.run([*argv, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("process namespaces may not be made here")
    return argv


def _end(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)
    assert process.returncode == 0


def _postmaster(settings: Settings) -> int:
    noted = settings.data_path / "postgres" / "cluster" / "postmaster.pid"
    return int(noted.read_text().splitlines()[0])


def _execute(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


@contextmanager
def _stopped_backend(url: str) -> Iterator[None]:
    """A process of the server that heeds nothing but its death."""
    address = create_engine(url).url.set(drivername="postgresql")
    connection = psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)
    try:
        os.kill(connection.info.backend_pid, signal.SIGSTOP)
        yield
    finally:
        connection.close()


def _scalar(url: str, query: str) -> object:
    address = create_engine(url).url.set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    found: object = row[0]
    return found
