"""What every implementation of uploads in parts does alike; then what only the local one must."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from portal.errors import Conflict, InsufficientStorage, InvalidInput, ObjectMissing
from portal.ids import new_id
from portal.runtime import open_storage
from portal.settings import Settings
from portal.storage import local_uploads
from portal.storage.interface import MultipartUploads, ObjectStore, StoredPart
from portal.storage.local import LocalStore, LocalUploads
from portal.storage.local_parts import UploadInfo, write_empty

MIB = 1024**2
PART_BYTES = 5 * MIB  # the least that S3 takes for any part but the last
CONTENT = random.Random(1).randbytes(11 * MIB)  # noqa: S311 - content, not a secret
KEY = "assets/a/original"


@dataclass(frozen=True)
class Storage:
    """Call `uploads` and `store` each time: new objects, as another process would have them."""

    uploads: Callable[[], MultipartUploads]
    store: Callable[[], ObjectStore]


def _local(folder: Path) -> Storage:
    root = folder / "objects"
    return Storage(
        uploads=lambda: LocalUploads(root, free_bytes_min=0), store=lambda: LocalStore(root)
    )


def _s3(settings: Settings) -> Storage:
    return Storage(
        uploads=lambda: open_storage(settings).uploads, store=lambda: open_storage(settings).store
    )


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "local":
        return _local(tmp_path)
    return _s3(request.getfixturevalue("s3_settings"))


@pytest.fixture
def upload_id(storage: Storage) -> str:
    return _begin(storage)


def _begin(storage: Storage) -> str:
    return storage.uploads().begin(
        KEY, size_bytes=len(CONTENT), part_bytes=PART_BYTES, media_type="video/mp4"
    )


def _part(number: int, content: bytes = CONTENT, part_bytes: int = PART_BYTES) -> io.BytesIO:
    return io.BytesIO(content[(number - 1) * part_bytes : number * part_bytes])


def _put(storage: Storage, upload_id: str, *numbers: int) -> list[StoredPart]:
    return [storage.uploads().put_part(KEY, upload_id, n, _part(n)) for n in numbers]


def test_three_parts_make_the_object(storage: Storage, upload_id: str) -> None:
    parts = _put(storage, upload_id, 1, 2, 3)
    assert [part.size_bytes for part in parts] == [5 * MIB, 5 * MIB, MIB]
    info = storage.uploads().complete(KEY, upload_id, parts)
    assert (info.key, info.size_bytes) == (KEY, len(CONTENT))
    assert storage.store().read(KEY) == CONTENT


def test_an_object_is_not_there_before_it_is_complete(storage: Storage, upload_id: str) -> None:
    _put(storage, upload_id, 1, 2, 3)
    with pytest.raises(ObjectMissing):
        storage.store().head(KEY)
    assert list(storage.store().list("")) == []


def test_parts_may_come_in_any_order_and_be_named_in_any(storage: Storage, upload_id: str) -> None:
    storage.uploads().complete(KEY, upload_id, _put(storage, upload_id, 3, 1, 2))
    assert storage.store().read(KEY) == CONTENT


def test_a_part_sent_again_replaces_the_first(storage: Storage, upload_id: str) -> None:
    wrong = storage.uploads().put_part(KEY, upload_id, 2, io.BytesIO(bytes(PART_BYTES)))
    right = storage.uploads().put_part(KEY, upload_id, 2, _part(2))
    assert wrong.etag != right.etag
    others = _put(storage, upload_id, 1, 3)
    with pytest.raises(Conflict):
        storage.uploads().complete(KEY, upload_id, [*others, wrong])
    storage.uploads().complete(KEY, upload_id, [*others, right])
    assert storage.store().read(KEY) == CONTENT


def test_the_same_part_sent_again_is_the_same(storage: Storage, upload_id: str) -> None:
    assert _put(storage, upload_id, 1) == _put(storage, upload_id, 1)


def test_an_upload_is_resumed_from_what_is_listed(storage: Storage, upload_id: str) -> None:
    stored = _put(storage, upload_id, 3, 1)
    listed = storage.uploads().list_parts(KEY, upload_id)
    assert listed == sorted(stored, key=lambda part: part.number)
    storage.uploads().complete(KEY, upload_id, [*listed, *_put(storage, upload_id, 2)])
    assert storage.store().read(KEY) == CONTENT


def test_nothing_is_listed_of_a_new_upload(storage: Storage, upload_id: str) -> None:
    assert list(storage.uploads().list_parts(KEY, upload_id)) == []


def test_a_part_that_is_another_than_named_is_a_conflict(storage: Storage, upload_id: str) -> None:
    first, *others = _put(storage, upload_id, 1, 2, 3)
    forged = replace(first, etag=others[0].etag)
    with pytest.raises(Conflict, match="Part 1"):
        storage.uploads().complete(KEY, upload_id, [forged, *others])
    storage.uploads().complete(KEY, upload_id, [first, *others])


@pytest.mark.parametrize("left_out", [1, 2, 3])
def test_a_part_that_has_not_arrived_is_a_conflict(
    storage: Storage, upload_id: str, left_out: int
) -> None:
    parts = _put(storage, upload_id, *({1, 2, 3} - {left_out}))
    with pytest.raises(Conflict, match=f"Part {left_out}"):
        storage.uploads().complete(KEY, upload_id, parts)


def test_a_part_left_unnamed_is_a_conflict(storage: Storage, upload_id: str) -> None:
    parts = _put(storage, upload_id, 1, 2, 3)
    for named in ([], parts[:2], [*parts, parts[0]]):
        with pytest.raises(Conflict):
            storage.uploads().complete(KEY, upload_id, named)


def test_completing_again_gives_the_same_answer(storage: Storage, upload_id: str) -> None:
    parts = _put(storage, upload_id, 1, 2, 3)
    first = storage.uploads().complete(KEY, upload_id, parts)
    assert storage.uploads().complete(KEY, upload_id, parts) == first
    assert storage.store().read(KEY) == CONTENT


def test_a_completed_upload_takes_no_more_parts(storage: Storage, upload_id: str) -> None:
    storage.uploads().complete(KEY, upload_id, _put(storage, upload_id, 1, 2, 3))
    with pytest.raises(ObjectMissing):
        storage.uploads().put_part(KEY, upload_id, 1, io.BytesIO(bytes(PART_BYTES)))
    with pytest.raises(ObjectMissing):
        storage.uploads().list_parts(KEY, upload_id)
    assert storage.store().read(KEY) == CONTENT


def test_aborting_forgets_and_may_be_repeated(storage: Storage, upload_id: str) -> None:
    parts = _put(storage, upload_id, 1, 2, 3)
    storage.uploads().abort(KEY, upload_id)
    storage.uploads().abort(KEY, upload_id)
    with pytest.raises(ObjectMissing):
        storage.uploads().list_parts(KEY, upload_id)
    with pytest.raises(ObjectMissing):
        storage.uploads().complete(KEY, upload_id, parts)


def test_aborting_a_completed_upload_leaves_its_object(storage: Storage, upload_id: str) -> None:
    storage.uploads().complete(KEY, upload_id, _put(storage, upload_id, 1, 2, 3))
    storage.uploads().abort(KEY, upload_id)
    assert storage.store().read(KEY) == CONTENT


@pytest.mark.parametrize("upload_id", ["a" * 26, "", "..", "../objects"])
def test_an_unknown_upload_is_missing(storage: Storage, upload_id: str) -> None:
    with pytest.raises(ObjectMissing):
        storage.uploads().put_part(KEY, upload_id, 1, _part(1))
    with pytest.raises(ObjectMissing):
        storage.uploads().list_parts(KEY, upload_id)
    with pytest.raises(ObjectMissing):
        storage.uploads().complete(KEY, upload_id, [])
    storage.uploads().abort(KEY, upload_id)


def test_an_upload_belongs_to_its_key(storage: Storage, upload_id: str) -> None:
    with pytest.raises(ObjectMissing):
        storage.uploads().put_part("assets/b/original", upload_id, 1, _part(1))
    storage.uploads().abort("assets/b/original", upload_id)
    assert storage.uploads().list_parts(KEY, upload_id) == []


@pytest.mark.parametrize(
    ("number", "size_bytes"),
    [(1, PART_BYTES - 1), (1, PART_BYTES + 1), (1, 0), (3, MIB - 1), (3, PART_BYTES)],
)
def test_a_part_of_another_size_is_refused(
    storage: Storage, upload_id: str, number: int, size_bytes: int
) -> None:
    with pytest.raises(InvalidInput, match="exactly"):
        storage.uploads().put_part(KEY, upload_id, number, io.BytesIO(bytes(size_bytes)))
    assert storage.uploads().list_parts(KEY, upload_id) == []


def test_a_part_with_the_named_digest_is_taken(storage: Storage, upload_id: str) -> None:
    sha256 = hashlib.sha256(_part(1).read()).hexdigest()
    part = storage.uploads().put_part(KEY, upload_id, 1, _part(1), expected_sha256=sha256)
    assert part.sha256 in {None, sha256}
    assert storage.uploads().list_parts(KEY, upload_id) == [part]


def test_a_part_damaged_on_its_way_is_refused(storage: Storage, upload_id: str) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        storage.uploads().put_part(KEY, upload_id, 1, _part(1), expected_sha256="0" * 64)
    assert storage.uploads().list_parts(KEY, upload_id) == []


def test_a_resent_part_damaged_on_its_way_leaves_the_first(
    storage: Storage, upload_id: str
) -> None:
    (first,) = _put(storage, upload_id, 1)
    with pytest.raises(InvalidInput, match="damaged"):
        storage.uploads().put_part(
            KEY, upload_id, 1, io.BytesIO(bytes(PART_BYTES)), expected_sha256="0" * 64
        )
    assert storage.uploads().list_parts(KEY, upload_id) == [first]


def test_uploads_under_way_are_listed(storage: Storage, upload_id: str) -> None:
    before = datetime.now(UTC) - timedelta(minutes=5)
    other = _begin(storage)
    found = list(storage.uploads().list_open())
    assert {(upload.key, upload.upload_id) for upload in found} == {(KEY, upload_id), (KEY, other)}
    assert all(before < upload.begun_at < before + timedelta(minutes=10) for upload in found)
    storage.uploads().abort(KEY, other)
    storage.uploads().complete(KEY, upload_id, _put(storage, upload_id, 1, 2, 3))
    assert list(storage.uploads().list_open()) == []


@pytest.mark.parametrize("number", [0, -1, 4, 10**9])
def test_a_part_outside_of_the_upload_is_refused(
    storage: Storage, upload_id: str, number: int
) -> None:
    with pytest.raises(InvalidInput, match="no part"):
        storage.uploads().put_part(KEY, upload_id, number, io.BytesIO(bytes(PART_BYTES)))


@pytest.mark.parametrize("size_bytes", [1, PART_BYTES - 1, PART_BYTES + 1])
def test_a_resent_part_that_breaks_off_spoils_neither_itself_nor_others(
    storage: Storage, upload_id: str, size_bytes: int
) -> None:
    parts = _put(storage, upload_id, 1, 2, 3)
    with pytest.raises(InvalidInput):
        storage.uploads().put_part(KEY, upload_id, 2, io.BytesIO(bytes(size_bytes)))
    storage.uploads().complete(KEY, upload_id, parts)
    assert storage.store().read(KEY) == CONTENT


def test_an_empty_upload_is_refused(storage: Storage) -> None:
    with pytest.raises(InvalidInput):
        storage.uploads().begin(KEY, size_bytes=0, part_bytes=PART_BYTES, media_type="video/mp4")


def test_parts_may_arrive_side_by_side(storage: Storage, upload_id: str) -> None:
    numbers = [1, 2, 3, 2, 1]
    found: list[StoredPart] = []
    threads = [
        threading.Thread(target=lambda n=n: found.extend(_put(storage, upload_id, n)))
        for n in numbers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(part.number for part in found) == sorted(numbers)
    parts = storage.uploads().list_parts(KEY, upload_id)
    storage.uploads().complete(KEY, upload_id, parts)
    assert storage.store().read(KEY) == CONTENT


class _WaitingBody(io.BytesIO):
    """Comes only when it may."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.may_come = threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        assert self.may_come.wait(30)
        return super().read(size)


def test_a_part_does_not_wait_for_another(storage: Storage, upload_id: str) -> None:
    body = _WaitingBody(_part(1).read())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(storage.uploads().put_part, KEY, upload_id, 1, body)
        _put(storage, upload_id, 2, 3)
        assert [part.number for part in storage.uploads().list_parts(KEY, upload_id)] == [2, 3]
        body.may_come.set()
        waiting.result()
    assert len(storage.uploads().list_parts(KEY, upload_id)) == 3


# --- local only ------------------------------------------------------------------------------


@hypothesis.settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), content=st.binary(min_size=1, max_size=200))
def test_any_split_in_any_order_with_repeats_gives_the_same_bytes(
    tmp_path: Path, data: st.DataObject, content: bytes
) -> None:
    """Local only: S3 takes no parts this small."""
    root = tmp_path / new_id()
    uploads = LocalUploads(root, free_bytes_min=0)
    part_bytes = data.draw(st.integers(1, len(content) + 5))
    count = -(-len(content) // part_bytes)
    repeats = data.draw(st.lists(st.integers(1, count), max_size=5))
    order = data.draw(st.permutations([*range(1, count + 1), *repeats]))
    upload_id = uploads.begin(
        KEY, size_bytes=len(content), part_bytes=part_bytes, media_type="video/mp4"
    )
    for number in order:
        uploads.put_part(KEY, upload_id, number, _part(number, content, part_bytes))
    uploads.complete(KEY, upload_id, uploads.list_parts(KEY, upload_id))
    assert LocalStore(root).read(KEY) == content


def test_the_disk_minimum_is_left_untouched(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    free_bytes = found.f_bavail * found.f_frsize
    uploads = LocalUploads(tmp_path / "objects", free_bytes_min=free_bytes // 2)
    with pytest.raises(InsufficientStorage, match="must stay free"):
        _begin_bytes(uploads, free_bytes * 3 // 4)
    _begin_bytes(uploads, free_bytes // 4)


def test_two_at_once_are_not_promised_the_same_space(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    third = found.f_bavail * found.f_frsize // 3
    uploads = LocalUploads(tmp_path / "objects", free_bytes_min=third // 2)
    refused: list[InsufficientStorage] = []

    def begin() -> None:
        try:
            _begin_bytes(uploads, third)
        except InsufficientStorage as error:
            refused.append(error)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 6
    assert len(list(uploads.list_open())) == 2


def test_uploads_under_way_have_a_claim_on_the_disk(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    third = found.f_bavail * found.f_frsize // 3
    uploads = LocalUploads(tmp_path / "objects", free_bytes_min=third // 2)
    begun = [_begin_bytes(uploads, third) for _ in range(2)]
    with pytest.raises(InsufficientStorage):
        _begin_bytes(uploads, third)
    uploads.abort(KEY, begun[0])
    _begin_bytes(uploads, third)


def test_completing_goes_on_where_a_killed_process_stopped(tmp_path: Path) -> None:
    """The object is in place, the upload's own files are not removed yet."""
    root = tmp_path / "objects"
    uploads = LocalUploads(root, free_bytes_min=0)
    upload_id = uploads.begin(KEY, size_bytes=3, part_bytes=2, media_type="video/mp4")
    parts = [
        uploads.put_part(KEY, upload_id, number, io.BytesIO(body))
        for number, body in ((1, b"ab"), (2, b"c"))
    ]
    (root / "assets" / "a").mkdir(parents=True)
    (root / ".uploads" / upload_id / "data").rename(root / KEY)
    with pytest.raises(ObjectMissing):
        uploads.put_part(KEY, upload_id, 1, io.BytesIO(b"zz"))
    assert uploads.complete(KEY, upload_id, parts).size_bytes == 3
    assert list((root / ".uploads").iterdir()) == []
    assert LocalStore(root).read(KEY) == b"abc"


def test_a_beginning_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_the_disk(folder: int, info: UploadInfo) -> None:
        write_empty(folder, info)
        raise OSError(errno.ENOSPC, "No space left on device")

    root = tmp_path / "objects"
    uploads = LocalUploads(root, free_bytes_min=0)
    monkeypatch.setattr(local_uploads, "write_empty", fill_the_disk)
    with pytest.raises(InsufficientStorage):
        _begin_bytes(uploads, 3)
    assert list((root / ".uploads").iterdir()) == []


def test_a_beginning_cut_short_by_a_crash_hinders_nobody(tmp_path: Path) -> None:
    root = tmp_path / "objects"
    uploads = LocalUploads(root, free_bytes_min=0)
    draft = root / ".uploads" / f"draft-{new_id()}"
    draft.mkdir(parents=True)
    (draft / "info.json").touch()
    assert list(uploads.list_open()) == []
    upload_id = _begin_bytes(uploads, 3)
    assert [upload.upload_id for upload in uploads.list_open()] == [upload_id]
    assert not draft.exists()


@pytest.mark.parametrize("kept_bytes", [0, 7, 14, 28, 40, 43])
def test_a_torn_record_is_a_part_that_has_not_arrived(tmp_path: Path, kept_bytes: int) -> None:
    root = tmp_path / "objects"
    uploads = LocalUploads(root, free_bytes_min=0)
    upload_id = uploads.begin(KEY, size_bytes=3, part_bytes=3, media_type="video/mp4")
    uploads.put_part(KEY, upload_id, 1, io.BytesIO(b"abc"))
    records = root / ".uploads" / upload_id / "parts"
    slot = records.read_bytes()
    records.write_bytes(slot[:kept_bytes] + bytes(len(slot) - kept_bytes))
    assert uploads.list_parts(KEY, upload_id) == []


def _begin_bytes(uploads: LocalUploads, size_bytes: int) -> str:
    return uploads.begin(KEY, size_bytes=size_bytes, part_bytes=8 * MIB, media_type="video/mp4")
