"""The scripts behind make say clearly what is wrong before they touch anything."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "infra" / "bin"
BARE_SYSTEM = ("bash", "dirname", "env")
"""All that a script needs to find out that nothing else is there."""


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        yield port


def _run(
    script: str, *arguments: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPTS / script, *arguments],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", sorted(SCRIPTS.iterdir()), ids=lambda path: path.name)
def test_a_script_is_well_formed(script: Path) -> None:
    checked = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_taken_port_is_reported_before_any_work(taken_port: int) -> None:
    ended = _run("demo", environment={**os.environ, "PORT": str(taken_port)})
    assert ended.returncode == 2
    assert f"Port {taken_port} is taken" in ended.stderr


def test_a_port_must_be_a_number() -> None:
    ended = _run("demo", environment={**os.environ, "PORT": "http"})
    assert (ended.returncode, ended.stderr) == (2, "PORT=http is not a port number.\n")


def test_an_unknown_benchmark_is_named() -> None:
    ended = _run("bench", "no_such_thing", environment=os.environ)
    assert ended.returncode == 2
    assert "no benchmark named no_such_thing" in ended.stderr


def test_a_system_without_packages_or_apt_is_told_what_to_install(tmp_path: Path) -> None:
    for program in BARE_SYSTEM:
        found = shutil.which(program)
        assert found is not None
        (tmp_path / program).symlink_to(found)
    ended = _run("system-packages", "test", environment={"PATH": str(tmp_path)})
    assert ended.returncode == 2
    for package in ("ffmpeg", "bubblewrap", "chromium", "espeak-ng"):
        assert package in ended.stderr
