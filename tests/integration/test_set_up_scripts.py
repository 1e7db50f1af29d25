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


APT_GET = """#!/bin/sh
echo "$@" >>"$ROOT/asked"
if [ "$2" = install ]; then
  "$ROOT/usr/sbin/policy-rc.d"; echo "policy $?" >>"$ROOT/asked"
  cat "$ROOT/etc/postgresql-common/createcluster.d/press-portal.conf" >>"$ROOT/asked"
  [ "$4" != no-such-package ]
fi
"""


def install_quietly(folder: Path, *packages: str) -> tuple[int, list[str]]:
    """With an apt-get and a systemctl that only note what they are asked, and what they find."""
    programs = folder / "programs"
    programs.mkdir()
    for name, text in (("apt-get", APT_GET), ("systemctl", '#!/bin/sh\necho "$@" >>"$ROOT/asked"')):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    ended = _run("install-quietly", *packages, environment={"PATH": path, "ROOT": str(folder)})
    return ended.returncode, (folder / "asked").read_text().splitlines()


def test_what_is_installed_does_not_start(tmp_path: Path) -> None:
    code, asked = install_quietly(tmp_path, "nginx", "postgresql")
    assert code == 0
    assert asked == [
        "-qq update",
        "-qq install --no-install-recommends nginx postgresql",
        "policy 101",
        "create_main_cluster = false",
        "--quiet disable nginx",
    ]
    assert [path for path in tmp_path.rglob("*") if path.suffix == ".conf"] == []
    assert not (tmp_path / "usr/sbin/policy-rc.d").exists()


def test_a_failed_installation_changes_no_rule_of_the_machine(tmp_path: Path) -> None:
    policy = tmp_path / "usr/sbin/policy-rc.d"
    policy.parent.mkdir(parents=True)
    policy.write_text("#!/bin/sh\nexit 104\n")
    policy.chmod(0o755)
    code, asked = install_quietly(tmp_path, "no-such-package")
    assert code != 0
    assert "policy 104" in asked
    assert policy.read_text() == "#!/bin/sh\nexit 104\n"
    assert list((tmp_path / "etc/postgresql-common/createcluster.d").iterdir()) == []


def test_a_service_that_was_there_before_is_left_alone(tmp_path: Path) -> None:
    _code, asked = install_quietly(tmp_path, "wrk")
    assert not any("disable" in line for line in asked)


def test_a_system_without_packages_or_apt_is_told_what_to_install(tmp_path: Path) -> None:
    for program in BARE_SYSTEM:
        found = shutil.which(program)
        assert found is not None
        (tmp_path / program).symlink_to(found)
    ended = _run("system-packages", "test", environment={"PATH": str(tmp_path)})
    assert ended.returncode == 2
    for package in ("ffmpeg", "bubblewrap", "chromium", "espeak-ng", "systemd"):
        assert package in ended.stderr
