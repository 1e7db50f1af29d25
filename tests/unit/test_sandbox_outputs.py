"""What a program left that was taken over: pipes, links and giants are refused at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.errors import ToolFailed
from workers.outputs import open_output, output_folder, read_output, require_whole_jpeg

Leave = Callable[[Path], object]


def read(folder: Path, name: str) -> bytes:
    with output_folder(folder) as opened:
        return read_output(name, within=opened, bytes_max=10)


def test_a_plain_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"0123456789")
    assert read(tmp_path, "list") == b"0123456789"


@pytest.mark.parametrize(
    "leave",
    [
        os.mkfifo,
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("secret"),
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.write_bytes(b"01234567890"),
        lambda _path: None,
    ],
)
def test_anything_else_is_refused(tmp_path: Path, leave: Leave) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    leave(tmp_path / "list")
    with pytest.raises(ToolFailed, match="list"):
        read(tmp_path, "list")


@pytest.mark.parametrize("leave", [lambda p: p.symlink_to("real"), os.mkfifo])
def test_only_a_folder_itself_is_entered(tmp_path: Path, leave: Leave) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "list").write_bytes(b"x")
    assert read(tmp_path / "real", "list") == b"x"
    leave(tmp_path / "360p")
    with pytest.raises(ToolFailed, match="360p"):
        read(tmp_path / "360p", "list")


@pytest.mark.parametrize(
    ("content", "is_whole"),
    [
        (b"\xff\xd8 picture \xff\xd9", True),
        (b"\xff\xd8 pict", False),
        (b"picture \xff\xd9", False),
        (b"\xff\xd9", False),
        (b"", False),
    ],
)
def test_a_jpeg_has_both_ends(tmp_path: Path, content: bytes, *, is_whole: bool) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with output_folder(tmp_path) as folder, open_output("a.jpg", within=folder) as stream:
        if is_whole:
            require_whole_jpeg(stream, name="a.jpg")
            return
        with pytest.raises(ToolFailed, match=r"a\.jpg.* is not a whole picture"):
            require_whole_jpeg(stream, name="a.jpg")
