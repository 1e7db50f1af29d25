"""What the doctor makes of what it finds."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from portal.cli.installation import make_data_folder
from portal.doctor import (
    CheckState,
    check_address,
    check_data_folder,
    check_delivery,
    disk_finding,
    listed_names,
    sandbox_finding,
)
from portal.settings import Settings

GIBIBYTE = 1024**3
ENCODERS = """\
Encoders:
 V..... = Video
 ------
 V....D libx264              libx264 H.264 / AVC / MPEG-4 AVC / MPEG-4 part 10 (codec h264)
 A....D aac                  AAC (Advanced Audio Coding)
"""
DEMUXERS = """\
File formats:
 D. = Demuxing supported
 --
 D  matroska,webm   Matroska / WebM
 D  mov,mp4,m4a,3gp,3g2,mj2 QuickTime / MOV
"""


def test_names_are_read_from_lists_of_ffmpeg() -> None:
    assert {"libx264", "aac"} <= set(listed_names(ENCODERS.splitlines()))
    assert {"matroska", "webm", "mov", "mj2"} <= set(listed_names(DEMUXERS.splitlines()))
    assert "libx265" not in set(listed_names(ENCODERS.splitlines()))


@pytest.mark.parametrize(
    ("base_url", "state"),
    [
        (None, CheckState.OK),
        ("https://press.example.org", CheckState.OK),
        ("http://localhost:8000", CheckState.OK),
        ("http://127.0.0.1:8000", CheckState.OK),
        ("http://[::1]:8000", CheckState.OK),
        ("http://192.168.1.5:8000", CheckState.WARNING),
        ("http://press.example.org", CheckState.WARNING),
    ],
)
def test_plain_http_is_warned_of_beyond_this_machine(
    base_url: str | None, state: CheckState
) -> None:
    assert check_address(Settings(base_url=base_url)).state is state


@pytest.mark.parametrize(
    ("allowed_hosts", "state"),
    [
        (("localhost", "127.0.0.1", "[::1]", "desk.localhost"), CheckState.OK),
        (("localhost", "192.168.1.5"), CheckState.WARNING),
        (("press.local",), CheckState.WARNING),
        (("[fd00::5]",), CheckState.WARNING),
    ],
)
def test_hosts_beyond_this_machine_are_warned_of_when_there_is_no_public_address(
    allowed_hosts: tuple[str, ...], state: CheckState
) -> None:
    check = check_address(Settings(allowed_hosts=allowed_hosts))

    assert check.state is state
    assert allowed_hosts[-1] in check.sentence or state is CheckState.OK


def test_an_address_behind_https_may_have_further_hosts() -> None:
    settings = Settings(base_url="https://press.example.org", allowed_hosts=("192.168.1.5",))

    assert check_address(settings).state is CheckState.OK


def test_without_an_address_the_danger_of_listening_everywhere_is_named() -> None:
    assert "--host 0.0.0.0" in check_address(Settings()).sentence


@pytest.mark.parametrize(
    ("delivery", "trusted_proxies", "state"),
    [
        ("auto", (), CheckState.OK),
        ("portal", (), CheckState.OK),
        ("nginx", ("127.0.0.1",), CheckState.OK),
        ("nginx", (), CheckState.WARNING),
    ],
)
def test_nginx_must_be_known_where_it_sends_the_media(
    delivery: str, trusted_proxies: tuple[str, ...], state: CheckState
) -> None:
    settings = Settings.model_validate({"delivery": delivery, "trusted_proxies": trusted_proxies})

    check = check_delivery(settings)

    assert check.state is state
    assert ("PORTAL_TRUSTED_PROXIES" in check.advice) is (state is CheckState.WARNING)


@pytest.mark.parametrize(
    ("above_mode", "mode", "state"),
    [
        (0o755, 0o700, CheckState.OK),
        (0o755, 0o750, CheckState.OK),
        (0o755, 0o755, CheckState.WARNING),
        (0o755, 0o701, CheckState.WARNING),
        (0o700, 0o755, CheckState.OK),
    ],
)
def test_a_data_folder_that_every_account_can_read_is_warned_of(
    open_folder: Path, above_mode: int, mode: int, state: CheckState
) -> None:
    data = open_folder / "data"
    data.mkdir()
    data.chmod(mode)
    open_folder.chmod(above_mode)

    check = check_data_folder(Settings(data_dir=data))

    assert check.state is state
    assert ("chmod 700" in check.advice) is (state is CheckState.WARNING)


def test_a_data_folder_is_made_for_this_account_alone(open_folder: Path) -> None:
    settings = Settings(data_dir=open_folder / "new" / "data")
    make_data_folder(settings)
    assert stat.S_IMODE(settings.data_path.stat().st_mode) == 0o700

    settings.data_path.chmod(0o750)
    make_data_folder(settings)
    assert stat.S_IMODE(settings.data_path.stat().st_mode) == 0o750


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Not below the folder of pytest, which is closed to others."""
    with TemporaryDirectory(prefix="portal-doctor-") as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("level", "is_required", "state"),
    [
        ("bubblewrap", True, CheckState.OK),
        ("unshare", True, CheckState.WARNING),
        ("plain", False, CheckState.WARNING),
        ("plain", True, CheckState.FAILED),
    ],
)
def test_levels_of_the_sandbox(level: str, is_required: bool, state: CheckState) -> None:
    assert sandbox_finding(level, is_required=is_required).state is state


@pytest.mark.parametrize(
    ("free", "state"),
    [(1, CheckState.FAILED), (3, CheckState.WARNING), (5, CheckState.OK)],
)
def test_free_disk_is_compared_with_what_uploads_leave(free: int, state: CheckState) -> None:
    check = disk_finding(free * GIBIBYTE, least=2 * GIBIBYTE)

    assert check.state is state
    assert f"{free}.0 GiB" in check.sentence
    assert bool(check.advice) is (state is not CheckState.OK)
