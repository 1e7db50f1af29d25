"""The real command, in processes of its own, on an embedded database."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from portal.db.cluster import Cluster
from portal.db.embedded import embedded_server
from portal.db.engine import open_engine
from portal.events import service as events_service
from portal.events.models import Event
from portal.jobs import service as jobs_service
from portal.settings import Settings
from portal.visibility import INSTALLATION
from tests.media import make_clip, truncate

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

PROJECT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "portal.cli.main")
SECONDS_MAX = 120


@dataclass(frozen=True)
class Installation:
    """A data folder and the environment of commands that act on it."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        ours = {"PORTAL_DATA_DIR": str(self.folder), "PORTAL_DISK_FREE_BYTES_MIN": "0"}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
        return {**inherited, **ours}

    def run(
        self, *arguments: str | Path, stdin: str = "", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            cwd=PROJECT,
            env={**self.environment, **settings},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

    def wait_for_workers(self, count: int) -> None:
        settings = Settings(data_dir=self.folder)
        deadline = time.monotonic() + SECONDS_MAX
        with embedded_server(settings) as url, open_engine(settings, url) as engine:
            while time.monotonic() < deadline:
                with engine.connect() as connection:
                    if jobs_service.live_worker_count(connection) == count:
                        return
                time.sleep(0.1)
        pytest.fail(f"there were never {count} lanes at work")

    def event(self, slug: str) -> Event:
        """Looked at without a command, which takes its time to start."""
        settings = Settings(data_dir=self.folder)
        with (
            embedded_server(settings) as url,
            open_engine(settings, url) as engine,
            engine.connect() as connection,
        ):
            return events_service.get_event(connection, slug, viewer=INSTALLATION)

    @contextmanager
    def started(self, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Its database runs all the time, so that each command only joins it."""
    folder = tmp_path_factory.mktemp("installation") / "data"
    with embedded_server(Settings(data_dir=folder)):
        yield Installation(folder)


@pytest.fixture
def material(tmp_path: Path, samples: Path) -> Path:
    folder = tmp_path / "material"
    folder.mkdir()
    for name in ("video/help.mkv", "video/mediaelement.srt", "photos/DSCN0010.jpg"):
        shutil.copy(samples / name, folder)
    return folder


def json_lines(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]


def read_until(process: subprocess.Popen[str], line_end: str) -> list[str]:
    """The lines up to the one that ends so; fails when the process ends without it."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if lines[-1].endswith(line_end):
            return lines
    pytest.fail(f"ended without {line_end!r}:\n" + "\n".join(lines))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.mark.media
def test_a_folder_is_ready_after_one_command_and_nothing_is_doubled_by_a_second(
    installation: Installation, material: Path
) -> None:
    first = installation.run("ingest", material, "--event", "folder", "--wait", "--json")
    again = installation.run("ingest", material, "--event", "folder", "--wait", "--json")

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    reports = json_lines(first.stdout)
    assert {Path(r["path"]).name: (r["kind"], r["state"]) for r in reports} == {
        "help.mkv": ("video", "ready"),
        "mediaelement.srt": ("captions", "ready"),
        "DSCN0010.jpg": ("photo", "ready"),
    }
    recording = next(r for r in reports if r["kind"] == "video")
    assert recording["page_url"] == f"/en/assets/{recording['asset_id']}"
    assert recording["hls_url"] == f"/media/{recording['asset_id']}/hls/master.m3u8"
    assert [r["asset_id"] for r in json_lines(again.stdout)] == [r["asset_id"] for r in reports]
    assert {r["detail"] for r in json_lines(again.stdout)} == {"This file was in already."}

    listed = json_lines(installation.run("assets", "list", "--event", "folder", "--json").stdout)
    assert len(listed) == 3


@pytest.mark.media
def test_what_is_in_is_found_to_the_second(installation: Installation, material: Path) -> None:
    installation.run("ingest", material, "--event", "folder", "--wait")

    found = installation.run("search", "browser vendors", "--json")

    (hit,) = json.loads(found.stdout)["hits"]
    assert hit["start_seconds"] == 4
    assert hit["page_url"].endswith("?t=4")


@pytest.mark.media
def test_one_bad_file_is_named_and_harms_no_other(
    installation: Installation, material: Path
) -> None:
    (material / "notes.txt").write_text("words")
    (material / "empty.mp4").touch()

    done = installation.run("ingest", material, "--event", "mixed", "--wait")

    assert done.returncode == 1
    assert f"{material / 'notes.txt'}: failed: notes.txt is a .txt file, of which" in done.stdout
    assert f"{material / 'empty.mp4'}: failed: empty.mp4 is empty" in done.stdout
    assert "3 ready, 2 failed." in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.media
def test_publishing_names_what_readers_do_not_get(
    installation: Installation, tmp_path: Path
) -> None:
    truncate(make_clip(tmp_path / "lost.mp4", seconds=2), ratio=0.6)
    installation.run("ingest", tmp_path / "lost.mp4", "--event", "lost", "--wait")

    done = installation.run("events", "publish", "lost")

    assert "The event lost is public" in done.stdout
    assert "lost.mp4 is failed: readers do not see it." in done.stdout


@pytest.mark.media
def test_a_killed_run_repeated_doubles_nothing(installation: Installation, samples: Path) -> None:
    recording = samples / "video" / "car-detection.mp4"
    with installation.started("ingest", recording, "--event", "killed", "--wait") as process:
        read_until(process, "car-detection.mp4: transcode")
        process.send_signal(signal.SIGKILL)
        process.wait()

    done = installation.run("ingest", recording, "--event", "killed", "--wait", "--json")

    assert done.returncode == 0, done.stderr
    (report,) = json_lines(done.stdout)
    assert report["state"] == "ready"
    listed = installation.run("assets", "list", "--event", "killed", "--json")
    assert [a["asset_id"] for a in json_lines(listed.stdout)] == [report["asset_id"]]


@pytest.mark.media
def test_a_worker_for_other_work_is_not_waited_for_in_vain(
    installation: Installation, samples: Path
) -> None:
    recording = samples / "audio" / "jfk.flac"
    with installation.started("worker", "--lanes", "light"):
        installation.wait_for_workers(1)

        done = installation.run("ingest", recording, "--event", "lanes", "--wait", "--json")

    assert done.returncode == 0, done.stderr
    assert "this command starts one of its own" in done.stderr
    assert [report["state"] for report in json_lines(done.stdout)] == ["ready"]


def test_a_faulty_event_yaml_ends_with_2_and_makes_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "event.yaml").write_text("slug: half-made\ntitle: T\nstarts_at: soon\nfoo: 1\n")

    done = installation.run("ingest", tmp_path)

    assert done.returncode == 2
    assert "  line 3: starts_at is no time" in done.stderr
    assert "  line 4: foo is not a known key" in done.stderr
    assert installation.run("events", "show", "half-made").returncode == 1


def test_an_ingest_says_how_a_draft_becomes_public_and_each_failure_once(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "event.yaml").write_text("slug: drafted\ntitle: T\n")
    hint = "The event is a draft: portal events publish drafted makes it public."

    empty = installation.run("ingest", tmp_path)
    assert "The event drafted was saved; the folder has no files." in empty.stdout
    assert hint in empty.stdout

    (tmp_path / "notes.txt").write_text("words")
    bad = installation.run("ingest", tmp_path)
    assert (bad.stdout + bad.stderr).count("notes.txt: failed") == 1
    assert "uploading" not in bad.stderr
    assert hint in bad.stdout

    (tmp_path / "notes.txt").unlink()
    installation.run("events", "publish", "drafted")
    assert hint not in installation.run("ingest", tmp_path).stdout
    assert installation.run("ingest", tmp_path, "--json").stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("ingest", "no-such-file.mp4", "--event", "x"),
        ("ingest", "README.md"),
        ("worker", "--lanes", "heavy"),
        ("serve", "--port", "99999"),
        ("events", "create", "garbled", "--title", "a\udcffb"),
        ("events", "create", "garbled", "--title", "a\x01b"),
        ("events", "create", "garbled", "--title", "T", "--language", "English"),
        ("users", "token", "a\udcffb"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_sentence(
    installation: Installation, arguments: Sequence[str]
) -> None:
    done = installation.run(*arguments)

    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_ends_with_2_and_is_named(installation: Installation) -> None:
    done = installation.run("events", "list", PORTAL_SESSION_HOURS="many", PORTAL_NONSENSE="1")

    assert done.returncode == 2
    assert "PORTAL_NONSENSE is not a setting" in done.stderr
    assert "PORTAL_SESSION_HOURS" in done.stderr


def test_a_database_that_cannot_be_reached_is_a_sentence(installation: Installation) -> None:
    done = installation.run(
        "events", "list", PORTAL_DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing"
    )

    assert done.returncode == 1
    assert done.stderr.startswith("The database cannot be reached")
    assert done.stderr.count("\n") == 1


def test_nothing_that_is_kept_can_be_read_by_other_users(
    installation: Installation, tmp_path: Path
) -> None:
    """Whatever the umask; embargoed texts are in the database and in the index."""
    data = tmp_path / "new" / "data"
    wide_open = os.umask(0)
    try:
        done = installation.run("index", "rebuild", PORTAL_DATA_DIR=str(data))
    finally:
        os.umask(wide_open)
    assert done.returncode == 0, done.stderr
    kept = [data, *data.rglob("*")]
    assert data / "search" / "current" in kept
    assert [path for path in kept if path.stat().st_mode & 0o077] == []


def test_an_event_is_created_released_and_withdrawn(installation: Installation) -> None:
    def state() -> str:
        return installation.event("conference").state

    create = ("events", "create", "conference", "--title", "Конференция", "--language", "ru")
    assert installation.run(*create, "--time-zone", "Europe/Minsk").returncode == 0
    assert installation.run(*create).returncode == 1
    assert state() == "draft"
    past = installation.run("events", "publish", "conference", "--at", "2019-01-01T10:00")
    assert past.returncode == 2
    assert "2019-01-01 10:00+03:00 is past; leave --at out to publish now" in past.stderr
    assert state() == "draft"
    later = installation.run("events", "publish", "conference", "--at", "2099-01-01T10:00")
    assert "is public from 2099-01-01 10:00+03:00 (Europe/Minsk) on" in later.stdout
    assert state() == "scheduled"
    shown = installation.run("events", "show", "conference", "--json")
    assert json.loads(shown.stdout)["state"] == "scheduled"
    installation.run("events", "publish", "conference")
    assert state() == "public"
    installation.run("events", "withdraw", "conference")
    assert state() == "withdrawn"


def test_accounts_and_tokens(installation: Installation) -> None:
    made = installation.run(
        *("users", "create", "Editor@Example.org", "--password-stdin"),
        stdin="correct horse battery staple\n",
    )
    assert made.returncode == 0, made.stderr
    token = installation.run("users", "token", "editor@example.org", "--label", "script")
    assert token.stdout.count("\n") == 1
    assert installation.run("users", "disable", "editor@example.org").returncode == 0
    assert installation.run("users", "token", "editor@example.org").returncode == 1
    listed = json_lines(installation.run("users", "list", "--json").stdout)
    assert [(a["email"], a["role"], bool(a["disabled_at"])) for a in listed] == [
        ("editor@example.org", "editor", True)
    ]


def test_secrets_are_not_shown(installation: Installation) -> None:
    url = "postgresql://portal:geheim@db.example.org/portal"

    shown = installation.run("config", PORTAL_DATABASE_URL=url)

    assert shown.returncode == 0
    assert "PORTAL_DATABASE_URL" in shown.stdout
    assert "geheim" not in shown.stdout + shown.stderr


def test_serve_tells_when_it_is_ready_and_ends_in_good_order(installation: Installation) -> None:
    port = free_port()
    with installation.started("serve", "--port", str(port), "--workers", "1") as process:
        told = read_until(process, "ready")
        assert f"Press Portal starts at http://127.0.0.1:{port}/" in told
        assert any(f"http://127.0.0.1:{port}/setup/" in line for line in told)
        assert _status(port, "/readyz") == 200

        second = installation.run("serve", "--port", str(port))
        assert second.returncode == 1
        assert second.stderr.startswith(f"Port {port} on 127.0.0.1 is taken")

        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_serve_starts_a_killed_database_again(installation: Installation) -> None:
    """Without a worker, whose own restart would start it too."""
    port = free_port()
    with installation.started("serve", "--port", str(port), "--workers", "0") as process:
        read_until(process, "ready")
        server = Cluster(installation.folder / "postgres")
        notes = installation.folder / "postgres" / "cluster" / "postmaster.pid"
        killed = int(notes.read_text().splitlines()[0])
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + SECONDS_MAX
        while not server.is_served() or _status(port, "/readyz") != 200:
            assert time.monotonic() < deadline, "nobody started it"
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_serve_starts_again_at_once_after_it_was_killed(installation: Installation) -> None:
    port = free_port()
    with installation.started("serve", "--port", str(port), "--workers", "1") as process:
        read_until(process, "ready")
        process.send_signal(signal.SIGKILL)
        process.wait()
    with installation.started("serve", "--port", str(port), "--workers", "1") as process:
        read_until(process, "ready")
        assert _status(port, "/healthz") == 200


def _status(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
