"""What every object store does alike; then what only the local one must."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.errors import (
    InsufficientStorage,
    ObjectMissing,
    StorageDenied,
    StorageError,
    StorageUnavailable,
)
from portal.runtime import open_storage
from portal.settings import Settings
from portal.storage.folders import storage_errors
from portal.storage.interface import ObjectInfo, ObjectStore
from portal.storage.local import LocalStore


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "local":
        return LocalStore(tmp_path / "objects")
    settings: Settings = request.getfixturevalue("s3_settings")
    return open_storage(settings).store


@pytest.fixture
def put(store: ObjectStore, tmp_path: Path) -> Callable[[str, bytes], ObjectInfo]:
    def put(key: str, content: bytes) -> ObjectInfo:
        source = tmp_path / "source"
        source.write_bytes(content)
        return store.put_file(key, source, media_type="application/octet-stream")

    return put


Put = Callable[[str, bytes], ObjectInfo]


def test_what_was_put_is_read(store: ObjectStore, put: Put) -> None:
    assert put("a/b/c.bin", b"0123456789") == ObjectInfo(key="a/b/c.bin", size_bytes=10)
    assert store.head("a/b/c.bin") == ObjectInfo(key="a/b/c.bin", size_bytes=10)
    assert store.read("a/b/c.bin") == b"0123456789"


def test_putting_again_replaces(store: ObjectStore, put: Put) -> None:
    put("a", b"a long first version")
    put("a", b"second")
    assert store.read("a") == b"second"
    assert [info.size_bytes for info in store.list("")] == [6]


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, 4, b"0123"),
        (3, None, b"3456789"),
        (3, 2, b"34"),
        (8, 100, b"89"),
        (10, None, b""),
        (50, 3, b""),
        (0, 0, b""),
    ],
)
def test_a_range_is_read(
    store: ObjectStore, put: Put, start: int, length: int | None, expected: bytes
) -> None:
    put("a", b"0123456789")
    assert store.read("a", start=start, length=length) == expected


def test_an_empty_object_is_an_object(store: ObjectStore, put: Put) -> None:
    put("empty", b"")
    assert store.head("empty").size_bytes == 0
    assert store.read("empty") == b""


def test_the_missing_is_missing(store: ObjectStore, put: Put) -> None:
    put("a/b", b"x")
    for key in ("nothing", "a", "a/c", "a/b/c"):
        with pytest.raises(ObjectMissing):
            store.head(key)
        with pytest.raises(ObjectMissing):
            store.read(key)
        with pytest.raises(ObjectMissing), store.local_copy(key):
            pass


def test_a_local_copy_holds_the_bytes(store: ObjectStore, put: Put) -> None:
    put("a/b", b"content")
    with store.local_copy("a/b") as path:
        assert path.read_bytes() == b"content"


def test_deleting_makes_absent_and_may_be_repeated(store: ObjectStore, put: Put) -> None:
    put("a/b", b"x")
    put("a/c", b"y")
    store.delete("a/b")
    store.delete("a/b")
    store.delete("never/was")
    store.delete("a")  # the start of a key, no key
    assert [info.key for info in store.list("")] == ["a/c"]


def test_listing_has_every_key_once_in_order(store: ObjectStore, put: Put) -> None:
    keys = [f"many/{number % 7}/{number:04d}" for number in range(1001)]
    for key in keys:
        put(key, b"x")
    assert [info.key for info in store.list("many/")] == sorted(keys)


def test_listing_is_in_key_order_not_in_folder_order(store: ObjectStore, put: Put) -> None:
    keys = ["a/z", "a-b", "a.b", "a0", "ab/c", "a/b/c"]
    for key in keys:
        put(key, b"12")
    assert [info.key for info in store.list("")] == sorted(keys)
    assert all(info.size_bytes == 2 for info in store.list(""))


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("a/", ["a/1/x", "a/12", "a/2"]),
        ("a/1", ["a/1/x", "a/12"]),
        ("a/1/", ["a/1/x"]),
        ("a", ["a/1/x", "a/12", "a/2"]),
        ("c/", []),
    ],
)
def test_listing_is_by_prefix(
    store: ObjectStore, put: Put, prefix: str, expected: list[str]
) -> None:
    for key in ("a/1/x", "a/12", "a/2", "b/1"):
        put(key, b"x")
    assert [info.key for info in store.list(prefix)] == expected


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "A", "a b", "é"])
def test_only_keys_of_our_grammar_are_taken(store: ObjectStore, put: Put, key: str) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        put(key, b"x")
    with pytest.raises(ValueError, match="not an object key"):
        store.read(key)
    with pytest.raises(ValueError, match="not an object key"):
        store.delete(key)


@pytest.mark.parametrize("prefix", ["../", "/", "a/../b/", ".uploads/"])
def test_only_prefixes_of_our_grammar_are_listed(store: ObjectStore, prefix: str) -> None:
    with pytest.raises(ValueError, match="not the start of a key"):
        list(store.list(prefix))


def test_putting_and_deleting_side_by_side_lose_nothing(store: ObjectStore, tmp_path: Path) -> None:
    """Deleting the last object of a folder must not pull the folder from under a new one."""
    source = tmp_path / "source"
    source.write_bytes(b"x")
    faults: list[Exception] = []

    def churn(name: str) -> None:
        try:
            for _ in range(60):
                store.put_file(f"shared/folder/{name}", source, media_type="text/plain")
                assert store.read(f"shared/folder/{name}") == b"x"
                store.delete(f"shared/folder/{name}")
        except Exception as error:  # noqa: BLE001 - carried to the test's own thread
            faults.append(error)

    threads = [threading.Thread(target=churn, args=[name]) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


# --- local only ------------------------------------------------------------------------------


def test_no_symbolic_link_is_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    root = tmp_path / "objects"
    store = LocalStore(root)
    (root / "file").symlink_to(outside / "secret")
    (root / "folder").symlink_to(outside)
    for key in ("file", "folder/secret"):
        with pytest.raises(StorageError):
            store.read(key)
        with pytest.raises(StorageError), store.local_copy(key):
            pass
    source = tmp_path / "source"
    source.write_bytes(b"new")
    with pytest.raises(StorageError):
        store.put_file("folder/secret", source, media_type="text/plain")
    assert (outside / "secret").read_bytes() == b"secret"
    assert list(store.list("")) == []


def test_a_pipe_of_that_name_is_no_object(tmp_path: Path) -> None:
    root = tmp_path / "objects"
    store = LocalStore(root)
    os.mkfifo(root / "pipe")
    with pytest.raises(ObjectMissing):
        store.read("pipe")


def test_a_key_below_another_object_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    store = LocalStore(tmp_path / "objects")
    store.put_file("a", source, media_type="text/plain")
    with pytest.raises(StorageDenied, match="clashes"):
        store.put_file("a/b", source, media_type="text/plain")


def test_what_a_killed_process_left_is_removed_and_nothing_younger(tmp_path: Path) -> None:
    root = tmp_path / "objects"
    (root / ".temporary").mkdir(parents=True)
    old, young = root / ".temporary" / "old", root / ".temporary" / "young"
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    os.utime(old, (0, 0))
    source = tmp_path / "source"
    source.write_bytes(b"x")
    LocalStore(root).put_file("a", source, media_type="text/plain")
    assert sorted(path.name for path in (root / ".temporary").iterdir()) == ["young"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOENT, ObjectMissing),
        (errno.EACCES, StorageDenied),
        (errno.EROFS, StorageDenied),
        (errno.ENOSPC, InsufficientStorage),
        (errno.EDQUOT, InsufficientStorage),
        (errno.EIO, StorageUnavailable),
        (errno.ESTALE, StorageUnavailable),
    ],
)
def test_errors_of_the_system_keep_their_meaning(number: int, expected: type[Exception]) -> None:
    with pytest.raises(expected), storage_errors("object a"):
        raise OSError(number, os.strerror(number))
