"""The packaging's own scripts, and the units as systemd itself judges them."""

from __future__ import annotations

import hmac
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from portal.search.engines.meili.keys import key_uid
from portal.settings import Settings
from tests.packaging import CONTAINERS, PROJECT, UNITS, compose

MAKE_SECRETS = PROJECT / "infra/bin/make-secrets"
WITH_SECRETS = CONTAINERS / "with-secrets"
EXPOSURE_MAX = 3.0
"""Of 10; systemd calls what is below 5 "OK"."""


# --- make-secrets ----------------------------------------------------------------------------


def make_secrets(folder: Path) -> dict[str, str]:
    subprocess.run([MAKE_SECRETS, folder], check=True, capture_output=True)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_secrets_are_those_of_the_compose_file(tmp_path: Path) -> None:
    secrets = make_secrets(tmp_path / "secrets")
    assert set(secrets) == set(compose()["secrets"])
    assert all(len(value) >= 16 for value in secrets.values())
    assert f":{secrets['postgres_password']}@database:" in secrets["database_url"]


def test_secrets_are_random_and_stay(tmp_path: Path) -> None:
    first, other = make_secrets(tmp_path / "one"), make_secrets(tmp_path / "other")
    assert not set(first.values()) & set(other.values())
    (tmp_path / "one/meili_master_key").unlink()
    again = make_secrets(tmp_path / "one")
    changed = {name for name in first if first[name] != again[name]}
    assert changed == {"meili_master_key", "meili_key"}


def test_the_key_of_search_is_the_one_that_its_server_will_make(tmp_path: Path) -> None:
    secrets = make_secrets(tmp_path / "secrets")
    master_key, uid = secrets["meili_master_key"], key_uid(Settings().meili_index)
    assert secrets["meili_key"] == hmac.digest(master_key.encode(), uid.encode(), "sha256").hex()


def test_a_master_key_of_ones_own_is_plain(tmp_path: Path) -> None:
    (tmp_path / "meili_master_key").write_text("kürzer als gedacht")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        make_secrets(tmp_path)
    assert b"must be 16 to 64 plain characters" in refused.value.stderr


def test_secrets_are_closed_by_their_folder_and_open_within(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}


# --- with-secrets ----------------------------------------------------------------------------


def with_secrets(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [WITH_SECRETS, *words],
        env={"PATH": os.environ["PATH"], "SECRETS_FOLDER": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_program_gets_secrets_in_its_environment(tmp_path: Path) -> None:
    (tmp_path / "first").write_text("a b$c\n")
    (tmp_path / "second").write_text("other")
    result = with_secrets(tmp_path, "ONE=first", "TWO=second", "--", "printenv", "ONE", "TWO")
    assert (result.returncode, result.stdout) == (0, "a b$c\nother\n")


@pytest.mark.parametrize("content", [None, ""])
def test_a_secret_that_is_missing_or_empty_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "first").write_text(content)
    result = with_secrets(tmp_path, "ONE=first", "--", "true")
    assert result.returncode == 2
    assert f"{tmp_path}/first is missing" in result.stderr


@pytest.mark.parametrize("words", [(), ("--",), ("ONE=first",)])
def test_a_wrong_call_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "first").write_text("x")
    assert with_secrets(tmp_path, *words).returncode == 2


# --- systemd ---------------------------------------------------------------------------------


@pytest.fixture
def systemd_analyze() -> str:
    """Where CI promises it, its absence is a failure."""
    program = shutil.which("systemd-analyze")
    if program is not None:
        return program
    reason = "systemd-analyze judges the units and is not installed; `infra/bin/setup test` does it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.parametrize("name", ["press-portal.service", "press-portal-worker@1.service"])
def test_systemd_finds_no_fault_in_a_unit(systemd_analyze: str, name: str, tmp_path: Path) -> None:
    program = tmp_path / "portal"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for source in UNITS.iterdir():
        text = source.read_text().replace("/opt/press-portal/.venv/bin/portal", str(program))
        (tmp_path / source.name).write_text(text)
    result = subprocess.run(
        [systemd_analyze, "verify", "--man=no", "--recursive-errors=no", tmp_path / name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("path", sorted(UNITS.iterdir()), ids=lambda path: path.stem)
def test_systemd_finds_a_unit_closed_enough(systemd_analyze: str, path: Path) -> None:
    result = subprocess.run(
        [systemd_analyze, "security", "--offline=true", "--no-pager", path],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert found is not None
    assert float(found[1]) < EXPOSURE_MAX
