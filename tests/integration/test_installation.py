"""Processes of one installation that mean other folders or another schema are refused."""

from __future__ import annotations

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
from portal.installation.service import MARK, claim_folders, require_sound
from portal.runtime import Runtime
from portal.settings import Settings, child_environment
from portal.storage.local import LocalStore

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


def test_outside_parts_need_no_folder(first: Runtime, database_url: str, tmp_path: Path) -> None:
    parts = {
        "s3_endpoint_url": "http://127.0.0.1:1",
        "s3_access_key": SecretStr("a"),
        "s3_secret_key": SecretStr("b"),
        "meili_url": "http://127.0.0.1:1",
    }
    other = outside(first, database_url, tmp_path, **parts)
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
