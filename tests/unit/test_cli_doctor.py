"""What the doctor makes of what it finds."""

from __future__ import annotations

import pytest

from portal.doctor import (
    CheckState,
    check_address,
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
