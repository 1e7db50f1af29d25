"""Moving to a real PostgreSQL and a real S3 server: all of it arrives, or a sentence says why."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from portal.assets.made_files import hls_files
from portal.assets.models import Rendition, RenditionKind, Step
from portal.db.copying import TABLES, rows_of, snapshot
from portal.db.embedded import embedded_server
from portal.db.engine import open_engine
from portal.installation.service import claim_store, require_sound
from portal.moving.repository import tables_in
from portal.runtime import Runtime, open_runtime
from portal.search.models import SearchRequest
from portal.search.service import check_index, rebuild_index, search
from portal.settings import Settings, load_settings
from portal.storage import keys
from portal.visibility import INSTALLATION
from tests.debian_postgres import OutsidePostgres, running_postgres
from tests.e2e.processes import PROJECT, wait_until
from tests.segment_names import segment_files
from tests.stored_files import CAPTIONS, FLAC, MP4, begin_upload, make_event, store
from tests.versitygw import ACCESS_KEY, SECRET_KEY, VersityGateway
from workers.captions.step import captions
from workers.run import StepHandler, StepResult
from workers.runner import StepRunner
from workers.sandbox import Level, Sandbox

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]

SEGMENTS = 40
"""With the initialisation segment."""


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OutsidePostgres]:
    with running_postgres(tmp_path_factory.mktemp("debian")) as server:
        yield server


@dataclass(frozen=True)
class Place:
    """An installation, by the variables that lead to it."""

    variables: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        return load_settings(self.variables)

    @contextmanager
    def opened(self) -> Iterator[Runtime]:
        with open_runtime(self.settings) as runtime:
            yield runtime

    def write(self, path: Path) -> Path:
        path.write_text("".join(f"{name}={value}\n" for name, value in self.variables.items()))
        return path


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an embedded installation with something of everything, at rest."""
    folder = tmp_path_factory.mktemp("filled") / "home"
    with place_at(folder).opened() as runtime:
        require_sound(runtime)
        fill(runtime)
    return folder


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Iterator[Place]:
    """A copy of its own for each test; its database is kept awake."""
    place = place_at(tmp_path / "home")
    shutil.copytree(filled, place.settings.data_path)
    with embedded_server(place.settings):
        yield place


def place_at(folder: Path) -> Place:
    return Place({"PORTAL_DATA_DIR": str(folder), "PORTAL_DISK_FREE_BYTES_MIN": "0"})


@pytest.fixture
def outside(
    tmp_path: Path, postgres: OutsidePostgres, versitygw: VersityGateway
) -> Iterator[Place]:
    bucket = versitygw.settings(Settings()).s3_bucket
    with postgres.database() as url:
        yield Place(
            {
                "PORTAL_DATA_DIR": str(tmp_path / "outside"),
                "PORTAL_DISK_FREE_BYTES_MIN": "0",
                "PORTAL_DATABASE_URL": url,
                "PORTAL_S3_ENDPOINT_URL": versitygw.url,
                "PORTAL_S3_BUCKET": bucket,
                "PORTAL_S3_ACCESS_KEY": ACCESS_KEY,
                "PORTAL_S3_SECRET_KEY": SECRET_KEY,
            }
        )


def fill(runtime: Runtime) -> None:
    event = make_event(runtime)
    with runtime.engine.begin() as connection:
        connection.execute(
            text("update events set body = :body"),
            {"body": json.dumps({"ru": "Строка\nи ещё\tодна \\N \\. конец"})},
        )
    caption_id = store(runtime, event, "Пресс-подход «Минск».vtt", CAPTIONS)
    video_id = store(runtime, event, "Ўсе “гукі”.mp4", MP4)
    store(runtime, event, "a.flac", FLAC, with_digest=False)
    runner(runtime, captions).run(Step.CAPTIONS, caption_id)
    segments = {f"360p/{name}": os.urandom(5000) for name in hls_files(segment_files(SEGMENTS - 1))}
    for name, content in segments.items():
        put(runtime, keys.result(video_id, Step.TRANSCODE, 1, name), content)
    rendition = Rendition(
        name="360p",
        step=Step.TRANSCODE,
        attempt=1,
        kind=RenditionKind.VIDEO,
        key=f"{keys.attempt_prefix(video_id, Step.TRANSCODE, 1)}360p/",
        media_type="application/vnd.apple.mpegurl",
        size_bytes=5000 * SEGMENTS,
        sha256="0" * 64,
        segment_files=segment_files(SEGMENTS - 1),
        segment_seconds=(6.0,) * (SEGMENTS - 1),
    )
    result = StepResult(renditions=(rendition,))
    runner(runtime, lambda _run: result).run(Step.TRANSCODE, video_id)


def runner(runtime: Runtime, handler: StepHandler) -> StepRunner:
    return StepRunner(runtime, Sandbox(Level.PLAIN), dict.fromkeys(Step, handler))


def put(runtime: Runtime, key: str, content: bytes) -> None:
    path = runtime.settings.data_path / "material"
    path.write_bytes(content)
    runtime.store.put_file(key, path, media_type="video/iso.segment")


def command(place: Place, *arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "portal.cli.main", *map(str, arguments)]


def environment(place: Place) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
    return {**inherited, **place.variables}


def portal(place: Place, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(place, *arguments),
        cwd=PROJECT,
        env=environment(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def digests(runtime: Runtime) -> dict[str, tuple[int, str]]:
    with snapshot(runtime.engine) as connection:
        return {
            name: (rows.count, rows.sha256) for name, rows in rows_of(connection, where={}).items()
        }


def contents(runtime: Runtime) -> dict[str, bytes]:
    return {info.key: runtime.store.read(info.key) for info in runtime.store.list("")}


def check_moved(home: Place, outside: Place) -> None:
    with home.opened() as source, outside.opened() as target:
        assert digests(source) == digests(target)
        assert sum(count for count, _digest in digests(source).values()) > 10
        assert contents(source) == contents(target)
        assert len(contents(source)) == SEGMENTS + 3
        with target.engine.connect() as connection:
            assert check_index(connection, target.search).is_empty
            found = search(
                connection, target.search, SearchRequest(query="history"), viewer=INSTALLATION
            )
            assert found.total == 1


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_everything_arrives_and_nothing_changes_here(
    home: Place, outside: Place, tmp_path: Path
) -> None:
    objects = home.settings.data_path / "objects"
    with home.opened() as runtime:
        before = (digests(runtime), files_of(objects))

    done = portal(home, "move", "--to", outside.write(tmp_path / "target.env"))

    assert done.returncode == 0, done.stderr
    assert "Both sides are equal" in done.stdout
    assert "DIFFERENT" not in done.stdout
    lines = {line.split("\t")[0]: line.split("\t") for line in done.stdout.splitlines()}
    assert {table.name for table in TABLES} < set(lines)
    _name, here, there, *_digests, verdict = lines["objects"]
    assert (here, verdict) == (there, "equal")
    assert here.startswith(f"{SEGMENTS + 3} (")
    check_moved(home, outside)
    with home.opened() as runtime:
        assert (digests(runtime), files_of(objects)) == before


def test_a_move_that_was_killed_is_taken_up(
    home: Place, outside: Place, versitygw: VersityGateway, tmp_path: Path
) -> None:
    to = outside.write(tmp_path / "target.env")
    bucket = versitygw.folder / outside.settings.s3_bucket
    with subprocess.Popen(
        command(home, "move", "--to", to),
        cwd=PROJECT,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_until(lambda: sum(path.is_file() for path in bucket.rglob("*")) >= 5)
        os.kill(process.pid, signal.SIGKILL)

    refused = portal(home, "move", "--to", to)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "store is not empty" in refused.stderr
    assert "--resume" in refused.stderr

    done = portal(home, "move", "--to", to, "--resume")
    assert done.returncode == 0, done.stderr
    assert " were there already" in done.stdout
    assert "copied, 0 were there" not in done.stdout
    check_moved(home, outside)

    again = portal(home, "move", "--to", to, "--resume")
    assert again.returncode == 0, again.stderr
    assert f"0 objects were copied, {SEGMENTS + 3} were there already." in again.stdout


def test_a_target_that_was_changed_is_told(home: Place, outside: Place, tmp_path: Path) -> None:
    to = outside.write(tmp_path / "target.env")
    assert portal(home, "move", "--to", to).returncode == 0
    with outside.opened() as target:
        put_extra = target.store.put_file
        extra = tmp_path / "extra"
        extra.write_bytes(b"x")
        put_extra("assets/extra", extra, media_type="text/plain")
    done = portal(home, "move", "--to", to, "--resume")
    assert done.returncode == 1
    assert "DIFFERENT" in done.stdout

    with outside.opened() as target, target.engine.begin() as connection:
        connection.execute(text("update events set slug = 'other'"))
    done = portal(home, "move", "--to", to, "--resume")
    assert done.returncode == 1
    assert "other rows in events" in done.stderr


def test_damage_here_is_told_and_ends_the_move(home: Place, outside: Place, tmp_path: Path) -> None:
    with home.opened() as runtime, runtime.engine.begin() as connection:
        connection.execute(
            text(
                "update originals set sha256 = repeat('0', 64)"
                " where sha256 is null and media_type like 'video%'"
            )
        )
        (key,) = connection.scalars(
            text("select key from originals where media_type like 'video%'")
        )
    done = portal(home, "move", "--to", outside.write(tmp_path / "target.env"))
    assert done.returncode == 1
    assert f"{key} is damaged where it lies" in done.stderr
    with outside.opened() as target:
        assert all(count == 0 for count, _digest in digests(target).values())


def test_who_uses_the_database_holds_the_move_up(
    home: Place, outside: Place, tmp_path: Path
) -> None:
    target = outside.write(tmp_path / "target.env")
    with home.opened() as runtime, runtime.engine.connect():
        done = portal(home, "move", "--to", target)
    assert (done.returncode, "Other processes of the portal" in done.stderr) == (1, True)


def test_unfinished_uploads_hold_the_move_up_or_stay_behind(
    home: Place, outside: Place, tmp_path: Path
) -> None:
    with home.opened() as runtime:
        begin_upload(runtime, make_event(runtime), "b.flac", FLAC)
    to = outside.write(tmp_path / "target.env")
    refused = portal(home, "move", "--to", to)
    assert refused.returncode == 1
    assert "1 uploads are not finished" in refused.stderr

    done = portal(home, "move", "--to", to, "--leave-uploads")
    assert done.returncode == 0, done.stderr
    with outside.opened() as target:
        assert digests(target)["uploads"][0] == 3


def test_a_portal_at_work_is_not_moved(home: Place, outside: Place, tmp_path: Path) -> None:
    to = outside.write(tmp_path / "target.env")
    with home.opened() as runtime, runtime.engine.connect() as connection:
        connection.execute(text("select 1"))
        refused = portal(home, "move", "--to", to)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "stop `portal serve`" in refused.stderr
        connection.rollback()
        connection.execute(text("insert into procrastinate_workers default values"))
        connection.commit()
    refused = portal(home, "move", "--to", to)
    assert "Workers are alive" in refused.stderr


def test_the_way_back_is_the_same(home: Place, outside: Place, tmp_path: Path) -> None:
    assert portal(home, "move", "--to", outside.write(tmp_path / "target.env")).returncode == 0
    back = place_at(tmp_path / "back")
    done = portal(outside, "move", "--to", back.write(tmp_path / "back.env"))
    assert done.returncode == 0, done.stderr
    check_moved(home, back)
    assert not (tmp_path / "outside" / "scratch" / "copies").exists()


def test_copies_of_a_store_leave_the_disk_its_minimum(
    home: Place, outside: Place, tmp_path: Path
) -> None:
    assert portal(home, "move", "--to", outside.write(tmp_path / "target.env")).returncode == 0
    nearly_full = Place({**outside.variables, "PORTAL_DISK_FREE_BYTES_MIN": str(10**15)})
    back = place_at(tmp_path / "back")
    refused = portal(nearly_full, "move", "--to", back.write(tmp_path / "back.env"))
    assert refused.returncode == 1
    assert "PORTAL_DISK_FREE_BYTES_MIN must stay free" in refused.stderr
    with back.opened() as target:
        assert contents(target) == {}


def test_files_that_are_lost_here_end_the_move(home: Place, outside: Place, tmp_path: Path) -> None:
    """But not those of a removed asset, whose rows remain."""
    to = outside.write(tmp_path / "target.env")
    with home.opened() as runtime:
        listed = sorted(info.key for info in runtime.store.list(""))
        segment = next(key for key in listed if key.endswith("/00007.m4s"))
        original = f"{segment.split('/transcode/')[0]}/original"
        runtime.store.delete(segment)
        runtime.store.delete(original)

    refused = portal(home, "move", "--to", to)
    assert refused.returncode == 1
    assert refused.stderr.startswith("2 objects that the database here knows are not in the store")
    assert original in refused.stderr
    assert segment in refused.stderr
    with outside.opened() as target:
        assert contents(target) == {}

    with home.opened() as runtime, runtime.engine.begin() as connection:
        connection.execute(
            text("update assets set removed_at = now() where id = :id"),
            {"id": original.split("/")[1]},
        )
    done = portal(home, "move", "--to", to, "--resume")
    assert done.returncode == 0, done.stderr


def test_only_the_index_failing_is_told_as_that(home: Place, tmp_path: Path) -> None:
    other = place_at(tmp_path / "other")
    other.settings.data_path.mkdir(mode=0o700)
    hindrance = other.settings.data_path / "search"
    hindrance.touch()
    to = other.write(tmp_path / "target.env")

    failed = portal(home, "move", "--to", to, "--resume")
    assert failed.returncode == 1
    assert "Both sides are equal." in failed.stdout
    assert "Start the portal" not in failed.stdout
    assert "Only the new search index could not be made" in failed.stderr

    hindrance.unlink()
    done = portal(home, "move", "--to", to, "--resume")
    assert done.returncode == 0, done.stderr
    check_moved(home, other)


def tables_of(place: Place) -> list[str]:
    with (
        embedded_server(place.settings) as url,
        open_engine(place.settings, url) as engine,
        snapshot(engine) as connection,
    ):
        return list(tables_in(connection))


def test_a_database_of_something_else_is_left_alone(
    home: Place, outside: Place, versitygw: VersityGateway, tmp_path: Path
) -> None:
    with (
        embedded_server(outside.settings) as url,
        open_engine(outside.settings, url) as engine,
        engine.begin() as connection,
    ):
        connection.execute(text("create table invoices (id int)"))
    elsewhere = Place({**outside.variables, "PORTAL_S3_BUCKET": "not-made-yet"})
    to = elsewhere.write(tmp_path / "target.env")
    for more in ([], ["--resume"]):
        refused = portal(home, "move", "--to", to, *more)
        assert refused.returncode == 1
        assert "belongs to something else: it has the tables invoices." in refused.stderr
    assert tables_of(outside) == ["invoices"]
    assert not (versitygw.folder / "not-made-yet").exists()


def test_a_store_of_something_else_is_left_alone(
    home: Place, outside: Place, versitygw: VersityGateway, tmp_path: Path
) -> None:
    """Also when nothing in it is named as the portal names its objects."""
    foreign = versitygw.folder / outside.settings.s3_bucket / "Backups of Tuesday.tar"
    foreign.write_bytes(b"x")
    refused = portal(home, "move", "--to", outside.write(tmp_path / "target.env"))
    assert refused.returncode == 1
    assert "store is not empty" in refused.stderr
    assert tables_of(outside) == []


def test_an_index_of_something_else_is_left_alone(
    home: Place, outside: Place, tmp_path: Path
) -> None:
    taken = outside.settings.data_path / "search"
    with home.opened() as runtime, runtime.engine.connect() as connection:
        rebuild_index(connection, runtime.search)
    shutil.copytree(home.settings.data_path / "search", taken)
    before = files_of(taken)
    refused = portal(home, "move", "--to", outside.write(tmp_path / "target.env"))
    assert refused.returncode == 1
    assert "search index is not empty" in refused.stderr
    assert tables_of(outside) == []
    assert {name for name in files_of(taken) if "lock" not in name} == {
        name for name in before if "lock" not in name
    }


def test_a_database_that_was_only_set_up_is_taken(
    home: Place, outside: Place, tmp_path: Path
) -> None:
    assert portal(outside, "migrate").returncode == 0
    done = portal(home, "move", "--to", outside.write(tmp_path / "target.env"))
    assert done.returncode == 0, done.stderr


def test_the_store_alone_can_move(home: Place, outside: Place, tmp_path: Path) -> None:
    """Both installations use one database then; it is no other process that does."""
    of_store = {name: value for name, value in outside.variables.items() if "_S3_" in name}
    both = Place({**home.variables, **of_store})
    done = portal(home, "move", "--to", both.write(tmp_path / "target.env"))
    assert done.returncode == 0, done.stderr
    assert "events\t" not in done.stdout
    assert "objects\t" in done.stdout
    check_moved(home, both)
    refused = portal(home, "assets", "list")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "another data folder" in refused.stderr
    with both.opened() as runtime:
        claim_store(runtime)


def test_one_part_alone_can_move(home: Place, outside: Place, tmp_path: Path) -> None:
    """Only the database: files and index stay in their folder."""
    both = Place(
        {**home.variables, "PORTAL_DATABASE_URL": outside.variables["PORTAL_DATABASE_URL"]}
    )
    done = portal(home, "move", "--to", both.write(tmp_path / "target.env"))
    assert done.returncode == 0, done.stderr
    assert "objects\t" not in done.stdout
    check_moved(home, both)


def test_settings_of_the_target_are_checked_as_all_settings_are(
    home: Place, tmp_path: Path
) -> None:
    (tmp_path / "target.env").write_text("PORTAL_S3_BUKET=press\n")
    done = portal(home, "move", "--to", tmp_path / "target.env")
    assert done.returncode == 2
    assert "PORTAL_S3_BUKET is not a setting" in done.stderr
    done = portal(home, "move", "--to", home.write(tmp_path / "same.env"))
    assert done.returncode == 1
    assert "nothing to move" in done.stderr
