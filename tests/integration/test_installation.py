"""Processes of one installation that mean other folders, another store or schema are refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from portal.db.migrate import require_current
from portal.doctor import CheckState, check_folders
from portal.errors import Conflict
from portal.ids import new_id
from portal.installation.service import (
    MARK,
    claim_folders,
    claim_store,
    require_sound,
    set_up_store,
    take_over,
)
from portal.runtime import Runtime, is_storage_used, open_storage
from portal.settings import Settings, child_environment
from portal.storage.local import LocalStore
from tests.versitygw import ACCESS_KEY, SECRET_KEY, VersityGateway

pytestmark = pytest.mark.postgres


def outside(runtime: Runtime, url: str, folder: Path | None = None, **changes: object) -> Runtime:
    """As on a machine whose data folder is `folder`, with an outside database."""
    update = {"database_url": SecretStr(url), "data_dir": folder, **changes}
    settings = Settings.model_validate(
        {
            **{name: getattr(runtime.settings, name) for name in Settings.model_fields},
            **{name: value for name, value in update.items() if value is not None},
        }
    )
    if settings.is_local_storage:
        LocalStore(settings.data_path / "objects")
    return replace(runtime, settings=settings)


@pytest.fixture
def first(runtime: Runtime, database_url: str) -> Runtime:
    found = outside(runtime, database_url)
    require_sound(found)
    return found


def test_the_first_process_marks_its_folders_and_the_next_finds_them(first: Runtime) -> None:
    marks = [first.settings.data_path / name / MARK for name in ("objects", "search")]
    before = [mark.read_text() for mark in marks]
    assert len(set(before)) == 2
    require_sound(first)
    assert [mark.read_text() for mark in marks] == before
    assert list(LocalStore(first.settings.data_path / "objects").list("")) == []


def test_another_folder_is_refused_and_told_how_to_go_on(
    first: Runtime, database_url: str, tmp_path: Path
) -> None:
    other = outside(first, database_url, tmp_path)
    with pytest.raises(Conflict, match=r"another data folder .*set PORTAL_S3_ENDPOINT_URL") as told:
        require_sound(other)
    assert not (tmp_path / "objects" / MARK).exists()
    finding = check_folders_of(other)
    assert "another data folder" in finding

    mark = (first.settings.data_path / "objects" / MARK).read_text().strip()
    assert mark in str(told.value)
    (tmp_path / "objects" / MARK).write_text(mark)  # as after a copy without hidden files
    with pytest.raises(Conflict, match="where the search index lie"):
        require_sound(other)
    shutil.copytree(first.settings.data_path / "search", tmp_path / "search")
    require_sound(other)


def test_outside_parts_need_no_folder(runtime: Runtime, database_url: str, tmp_path: Path) -> None:
    parts = {
        "s3_endpoint_url": "http://127.0.0.1:1",
        "s3_access_key": SecretStr("a"),
        "s3_secret_key": SecretStr("b"),
        "meili_url": "http://127.0.0.1:1",
    }
    other = outside(runtime, database_url, tmp_path, **parts)
    require_sound(other)
    assert check_folders(other).state is CheckState.OK
    assert list(tmp_path.iterdir()) == []


def test_an_embedded_database_needs_no_marks(runtime: Runtime) -> None:
    require_sound(runtime)
    assert not (runtime.settings.data_path / "search" / MARK).exists()


def test_doctor_warns_of_folders_beside_an_outside_database(first: Runtime) -> None:
    found = check_folders(first)
    assert found.state is CheckState.WARNING
    assert "PORTAL_S3_ENDPOINT_URL and PORTAL_MEILI_URL" in found.advice


def test_a_store_that_is_not_mounted_is_left_to_the_store(first: Runtime) -> None:
    shutil.rmtree(first.settings.data_path / "objects")
    require_sound(first)
    assert not (first.settings.data_path / "objects").exists()


def test_a_schema_that_is_older_or_newer_is_refused(runtime: Runtime) -> None:
    with runtime.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0001'"))
    with pytest.raises(Conflict, match="run `portal migrate`"):
        require_current(runtime.engine)
    with runtime.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(Conflict, match=r"9999, which is newer .* Upgrade the portal"):
        require_current(runtime.engine)


def test_a_worker_refuses_another_folder(first: Runtime, database_url: str, tmp_path: Path) -> None:
    settings = outside(first, database_url, tmp_path).settings
    environment = {
        **child_environment(settings),
        "PORTAL_DATABASE_URL": database_url,
    }
    done = subprocess.run(
        [sys.executable, "-m", "workers"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "another data folder" in done.stdout + done.stderr


def check_folders_of(runtime: Runtime) -> str:
    with pytest.raises(Conflict) as told, runtime.engine.begin() as connection:
        claim_folders(connection, runtime.settings)
    return str(told.value)


def beside_store(runtime: Runtime, store: Settings, **changes: object) -> Runtime:
    """`runtime` with the store that `store` names."""
    update = {name: getattr(store, name) for name in Settings.model_fields if name[:3] == "s3_"}
    changed = runtime.settings.model_copy(update={**update, **changes})
    return replace(runtime, settings=changed)


@pytest.fixture
def stored(runtime: Runtime, versitygw: VersityGateway) -> Runtime:
    """An installation whose files are in a bucket."""
    found = beside_store(runtime, versitygw.settings(Settings()))
    set_up_store(found)
    return found


def test_set_up_marks_a_bucket_once(stored: Runtime, versitygw: VersityGateway) -> None:
    mark = versitygw.folder / stored.settings.s3_bucket / MARK
    before = mark.read_text()
    set_up_store(stored)
    claim_store(stored)
    assert mark.read_text() == before
    assert list(open_storage(stored.settings).store.list("")) == []
    assert not is_storage_used(stored.settings)


def test_a_mistyped_bucket_is_refused_and_not_made(
    stored: Runtime, versitygw: VersityGateway
) -> None:
    mistyped = beside_store(stored, stored.settings, s3_bucket="mistyped")
    with pytest.raises(Conflict, match=r"bucket mistyped .* is not there, .*PORTAL_S3_BUCKET"):
        set_up_store(mistyped)
    assert not (versitygw.folder / "mistyped").exists()
    assert check_folders_sentence(mistyped).startswith("This installation has its files elsewhere")


def test_the_bucket_of_another_installation_is_refused(
    stored: Runtime, versitygw: VersityGateway
) -> None:
    other = beside_store(stored, versitygw.settings(Settings()))
    (versitygw.folder / other.settings.s3_bucket / MARK).write_text(new_id())
    for use in (claim_store, set_up_store):
        with pytest.raises(Conflict, match="has another mark"):
            use(other)


def test_a_folder_is_no_bucket_and_a_bucket_no_folder(
    stored: Runtime, database_url: str, tmp_path: Path
) -> None:
    folder = outside(replace(stored, settings=Settings()), database_url, tmp_path)
    with pytest.raises(Conflict, match="another data folder"):
        require_sound(folder)
    with stored.engine.begin() as connection:
        connection.execute(text("update shared_folders set mark = 'of a folder'"))
    with pytest.raises(Conflict, match="files elsewhere"):
        claim_store(stored)


def test_files_of_an_embedded_installation_hold_against_a_bucket(
    runtime: Runtime, versitygw: VersityGateway
) -> None:
    require_sound(runtime)
    with pytest.raises(Conflict, match="`portal move` takes an installation to another store"):
        set_up_store(beside_store(runtime, versitygw.settings(Settings())))


def test_what_was_taken_over_is_known_from_then_on(
    runtime: Runtime, versitygw: VersityGateway
) -> None:
    require_sound(runtime)
    moved = beside_store(runtime, versitygw.settings(Settings()))
    take_over(moved)
    claim_store(moved)
    with pytest.raises(Conflict, match="another data folder"):
        require_sound(runtime)


def test_a_worker_refuses_another_store(stored: Runtime, database_url: str, tmp_path: Path) -> None:
    mistyped = worker_of(stored.settings, database_url, tmp_path, PORTAL_S3_BUCKET="mistyped")
    assert mistyped.returncode == 1
    assert "files elsewhere" in mistyped.stdout + mistyped.stderr


@pytest.mark.parametrize("module", ["workers", "portal.cli.main"])
def test_a_worker_that_the_store_refuses_ends_at_once(
    stored: Runtime, database_url: str, tmp_path: Path, module: str
) -> None:
    refused = worker_of(
        stored.settings, database_url, tmp_path, module=module, PORTAL_S3_SECRET_KEY="wrong"
    )
    assert refused.returncode == 1
    assert "The store refuses the signature: see PORTAL_S3_SECRET_KEY" in (
        refused.stdout + refused.stderr
    )
    assert "worker ready" not in refused.stdout + refused.stderr


def check_folders_sentence(runtime: Runtime) -> str:
    with pytest.raises(Conflict) as told:
        check_folders(runtime)
    return str(told.value)


def worker_of(
    settings: Settings,
    database_url: str,
    folder: Path,
    *,
    module: str = "workers",
    command: str = "worker",
    **changes: str,
) -> subprocess.CompletedProcess[str]:
    """What becomes of a worker, or of another command, on a machine of its own."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
    variables = {
        "PORTAL_DATA_DIR": str(folder / "worker"),
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_S3_ENDPOINT_URL": str(settings.s3_endpoint_url),
        "PORTAL_S3_BUCKET": settings.s3_bucket,
        "PORTAL_S3_ACCESS_KEY": ACCESS_KEY,
        "PORTAL_S3_SECRET_KEY": SECRET_KEY,
    }
    arguments = (command,) if module == "portal.cli.main" else ()
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**inherited, **variables, **changes},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_migrate_tells_of_each_half_of_its_work(
    stored: Runtime, database_url: str, tmp_path: Path
) -> None:
    migrate = {"module": "portal.cli.main", "command": "migrate"}
    done = worker_of(stored.settings, database_url, tmp_path, **migrate)
    assert done.returncode == 0
    assert f"The bucket {stored.settings.s3_bucket} is set up." in done.stdout
    refused = worker_of(
        stored.settings, database_url, tmp_path, **migrate, PORTAL_S3_SECRET_KEY="wrong"
    )
    assert refused.returncode == 1
    assert "The database is at revision" in refused.stdout
    assert "is set up" not in refused.stdout
    assert "The store refuses the signature" in refused.stderr
