"""Copies of far objects: one download for all who read at once, nothing left afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.errors import StorageUnavailable
from portal.storage import shared_copies
from portal.storage.shared_copies import SharedCopies

KEY = "assets/abc/original"
HOLDER = """
import sys
from pathlib import Path
from portal.storage.shared_copies import SharedCopies
root, key = Path(sys.argv[1]), sys.argv[2]
def download(path):
    path.write_bytes(b"by a process")
with SharedCopies(root).held(key, version="1", download=download) as path:
    print(path.read_bytes().decode(), flush=True)
    sys.stdin.readline()
"""


class Downloads:
    """Counts the downloads, and may hold them up."""

    def __init__(self, content: bytes = b"bytes") -> None:
        self.content = content
        self.count = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def __call__(self, path: Path) -> None:
        assert not path.exists()
        self.count += 1
        path.write_bytes(self.content[:1])
        self.may_go_on.wait(10)
        path.write_bytes(self.content)


def test_readers_at_the_same_time_share_one_download(tmp_path: Path) -> None:
    copies, downloads = SharedCopies(tmp_path), Downloads()
    downloads.may_go_on.clear()
    all_read = threading.Barrier(4)

    def read() -> bytes:
        with copies.held(KEY, version="1", download=downloads) as path:
            content = path.read_bytes()
            all_read.wait(10)
            return content

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        downloads.may_go_on.set()
        assert {reader.result() for reader in readers} == {b"bytes"}

    assert downloads.count == 1
    assert not tmp_path.exists()


def test_another_version_is_another_copy(tmp_path: Path) -> None:
    copies = SharedCopies(tmp_path)
    with (
        copies.held(KEY, version="1", download=Downloads(b"old")) as old,
        copies.held(KEY, version="2", download=Downloads(b"new")) as new,
    ):
        assert (old.read_bytes(), new.read_bytes()) == (b"old", b"new")
        assert copies.used_bytes(KEY) > 0
    assert copies.used_bytes(KEY) == 0


def test_a_download_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise StorageUnavailable("The store is away.")

    copies = SharedCopies(tmp_path)
    with (
        pytest.raises(StorageUnavailable),
        copies.held(KEY, version="1", download=fail),
    ):
        pass
    assert not tmp_path.exists()
    with copies.held(KEY, version="1", download=Downloads()) as path:
        assert path.read_bytes() == b"bytes"


def test_a_killed_reader_leaves_a_copy_that_the_next_cleaner_deletes(tmp_path: Path) -> None:
    copies = SharedCopies(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), KEY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "by a process\n"
        copies.delete_abandoned()
        shared = Downloads()
        with copies.held(KEY, version="1", download=shared) as path:
            assert path.read_bytes() == b"by a process"
        assert shared.count == 0
        os.kill(holder.pid, signal.SIGKILL)
    assert len(list(tmp_path.iterdir())) == 1
    copies.delete_abandoned()
    assert not tmp_path.exists()


def test_many_readers_and_cleaners_never_see_half_a_copy(tmp_path: Path) -> None:
    copies, downloads = SharedCopies(tmp_path), Downloads(bytes(range(256)))

    def read(_number: int) -> bool:
        copies.delete_abandoned()
        with copies.held(KEY, version="1", download=downloads) as path:
            return path.read_bytes() == bytes(range(256))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(400)))
    assert not tmp_path.exists()


def test_a_copy_made_anew_is_not_taken_for_the_one_that_was_abandoned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process removes the folder and makes it anew between our opening and locking it."""
    copies, downloads = SharedCopies(tmp_path), Downloads()
    with copies.held(KEY, version="1", download=downloads) as path:
        folder = path.parent
        really_open = shared_copies._open_folder

        def open_one_of_before(folder: Path) -> int:
            folder.rename(folder.with_name("before"))
            folder.mkdir()
            opened = really_open(folder)
            folder.rmdir()
            folder.with_name("before").rename(folder)
            return opened

        monkeypatch.setattr(shared_copies, "_open_folder", open_one_of_before)
        copies.delete_abandoned()
        monkeypatch.undo()
        assert path.read_bytes() == downloads.content
        assert folder.is_dir()
