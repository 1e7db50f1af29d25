"""A store whose volume is not mounted is away: nothing is missing, nothing is written there."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.errors import ObjectMissing, StorageUnavailable
from portal.storage.interface import StoredPart
from portal.storage.local import LocalStore, LocalUploads
from portal.storage.root import MARK

KEY = "assets/a/original"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "objects"


@pytest.fixture(params=[False, True], ids=["no-folder", "empty-folder"])
def unmounted(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> tuple[Path, str]:
    """Where the volume with an object and an upload is now, and the upload's id."""
    _put(root, tmp_path)
    upload_id = _uploads(root).begin(KEY, size_bytes=1, part_bytes=1, media_type="video/mp4")
    volume = root.rename(tmp_path / "volume")
    if request.param:
        root.mkdir()
    return volume, upload_id


def test_a_new_store_is_set_up_once_and_private(root: Path) -> None:
    LocalStore(root)
    _uploads(root)
    assert [path.name for path in root.iterdir()] == [MARK]
    assert root.stat().st_mode & 0o077 == 0
    assert (root / MARK).stat().st_mode & 0o077 == 0
    assert list(LocalStore(root).list("")) == []


def test_an_empty_folder_of_the_operators_is_taken(root: Path, tmp_path: Path) -> None:
    """Also one behind a link, on a volume that its file system has put a folder in."""
    (tmp_path / "volume" / "lost+found").mkdir(parents=True)
    root.parent.mkdir()
    root.symlink_to(tmp_path / "volume")
    _put(root, tmp_path)
    assert LocalStore(root).read(KEY) == b"x"


def test_nothing_is_missing_while_the_volume_is_away(
    root: Path, tmp_path: Path, unmounted: tuple[Path, str]
) -> None:
    _volume, upload_id = unmounted
    store, uploads = LocalStore(root), _uploads(root)  # as a process that starts now has them
    part = StoredPart(number=1, size_bytes=1, etag="0" * 64)
    source = tmp_path / "source"
    attempts: list[Callable[[], object]] = [
        lambda: store.put_file(KEY, source, media_type="video/mp4"),
        lambda: store.head(KEY),
        lambda: store.read(KEY),
        lambda: store.local_copy(KEY).__enter__(),
        lambda: list(store.list("")),
        lambda: store.delete(KEY),
        lambda: uploads.begin(KEY, size_bytes=1, part_bytes=1, media_type="video/mp4"),
        lambda: uploads.put_part(KEY, upload_id, 1, io.BytesIO(b"x")),
        lambda: uploads.list_parts(KEY, upload_id),
        lambda: uploads.complete(KEY, upload_id, [part]),
        lambda: uploads.abort(KEY, upload_id),
    ]
    for attempt in attempts:
        with pytest.raises(StorageUnavailable, match="Is its volume mounted"):
            attempt()
    assert not root.exists() or list(root.iterdir()) == []


def test_all_is_there_again_with_the_volume(root: Path, unmounted: tuple[Path, str]) -> None:
    volume, upload_id = unmounted
    store, uploads = LocalStore(root), _uploads(root)
    if root.exists():
        root.rmdir()
    volume.rename(root)
    assert store.read(KEY) == b"x"
    assert uploads.list_parts(KEY, upload_id) == []
    with pytest.raises(ObjectMissing):
        store.head("assets/b/original")


def test_a_folder_with_objects_of_unknown_origin_is_not_taken(root: Path) -> None:
    (root / "assets").mkdir(parents=True)
    with pytest.raises(StorageUnavailable, match=f"lacks its mark.*{MARK}"):
        LocalStore(root).head(KEY)
    (root / MARK).touch()
    with pytest.raises(ObjectMissing):
        LocalStore(root).head(KEY)


def _uploads(root: Path) -> LocalUploads:
    return LocalUploads(root, free_bytes_min=0)


def _put(root: Path, folder: Path) -> None:
    source = folder / "source"
    source.write_bytes(b"x")
    LocalStore(root).put_file(KEY, source, media_type="video/mp4")
