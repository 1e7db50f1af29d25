"""The file by which a container's health check knows that a worker lives."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from workers.sign_of_life import FOLDER, FORGOTTEN_SECONDS, sign_of_life


def test_the_sign_starts_with_the_machines_name_and_is_there_once_renewed(tmp_path: Path) -> None:
    with sign_of_life(tmp_path) as sign:
        assert list((tmp_path / FOLDER).iterdir()) == []
        sign.renew()
        assert [path.name for path in (tmp_path / FOLDER).iterdir()] == [
            f"{socket.gethostname()}-{os.getpid()}"
        ]


def test_renewing_moves_its_time(tmp_path: Path) -> None:
    with sign_of_life(tmp_path) as sign:
        sign.renew()
        os.utime(sign.path, (0, 0))
        sign.renew()
        assert sign.path.stat().st_mtime > time.time() - 60


def test_it_ends_with_the_worker(tmp_path: Path) -> None:
    with sign_of_life(tmp_path) as sign:
        sign.renew()
    assert not sign.path.exists()


def test_what_killed_workers_left_goes_after_a_day(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    old, recent = folder / "gone-1", folder / "other-1"
    for path in (old, recent):
        path.touch()
    long_ago = time.time() - FORGOTTEN_SECONDS - 60
    os.utime(old, (long_ago, long_ago))
    with sign_of_life(tmp_path):
        assert list(folder.iterdir()) == [recent]


def test_a_folder_that_is_lost_does_not_end_the_work(tmp_path: Path) -> None:
    with sign_of_life(tmp_path) as sign:
        (tmp_path / FOLDER).rmdir()
        sign.renew()
