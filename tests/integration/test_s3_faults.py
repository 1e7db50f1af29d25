"""A real store behind a proxy that spoils requests: what is passing is tried again, what is not
is named, and nothing is lost, doubled or left behind.
"""

from __future__ import annotations

import hashlib
import io
import logging
import random
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore.auth
import pytest
from pydantic import SecretStr

from portal.errors import (
    Conflict,
    InsufficientStorage,
    ObjectMissing,
    PortalError,
    StorageCorrupt,
    StorageDenied,
    StorageUnavailable,
)
from portal.runtime import Storage, open_storage
from portal.settings import Settings
from portal.storage.interface import ObjectInfo, StoredPart
from portal.storage.s3 import client as s3_client
from portal.storage.s3 import retrying
from portal.storage.s3.multipart import Multipart
from tests.fault_proxy import FOREVER, Fault, FaultProxy, fault_proxy, http_answer, s3_error
from tests.small_disks import small_disk
from tests.versitygw import SECRET_KEY, VersityGateway

KEY = "assets/a/original"
MIB = 1024**2
PART_BYTES = 5 * MIB
CONTENT = random.Random(2).randbytes(PART_BYTES + 1000)  # noqa: S311 - content, not a secret
UNAVAILABLE = http_answer("503 Slow Down", s3_error("SlowDown"))
NO_STORE = http_answer("404 Not Found", "<html><p>Nothing here</html>", media_type="text/html")


@pytest.fixture(scope="module")
def proxy(versitygw: VersityGateway) -> Iterator[FaultProxy]:
    with fault_proxy(versitygw.url) as proxy:
        yield proxy


@pytest.fixture
def proxied(settings: Settings, versitygw: VersityGateway, proxy: FaultProxy) -> Settings:
    """A fresh bucket by way of the proxy, with nothing planned."""
    ours = versitygw.settings(settings, url=proxy.url)
    proxy.clear()
    return ours


@pytest.fixture
def storage(proxied: Settings) -> Storage:
    return open_storage(proxied)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "FIRST_PAUSE_SECONDS", 0.001)


def _put(storage: Storage, folder: Path, content: bytes = CONTENT, *, key: str = KEY) -> ObjectInfo:
    source = folder / "source"
    source.write_bytes(content)
    return storage.store.put_file(key, source, media_type="video/mp4")


def _uploaded(storage: Storage, content: bytes = CONTENT) -> tuple[str, list[StoredPart]]:
    """An upload all of whose parts have arrived."""
    upload_id = storage.uploads.begin(
        KEY, size_bytes=len(content), part_bytes=PART_BYTES, media_type="video/mp4"
    )
    bodies = (content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES))
    return upload_id, [
        storage.uploads.put_part(KEY, upload_id, number, io.BytesIO(body))
        for number, body in enumerate(bodies, start=1)
    ]


def _local_bytes(storage: Storage, key: str = KEY) -> bytes:
    with storage.store.local_copy(key) as path:
        return path.read_bytes()


# --- passing faults ----------------------------------------------------------------------------

PASSING = {
    "later": Fault(answer=UNAVAILABLE, times=5),
    "reset": Fault(is_reset=True, times=5),
    "reply lost": Fault(is_reply_lost=True, times=5),
    "gateway": Fault(answer=http_answer("502 Bad Gateway", "<html>", media_type="text/html")),
    "half an answer": Fault(cut_answer_bytes=40, times=5),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=list(PASSING))
def test_five_faults_in_a_row_are_survived(
    storage: Storage, proxy: FaultProxy, tmp_path: Path, fault: Fault
) -> None:
    verbs: list[Callable[[], object]] = [
        lambda: _put(storage, tmp_path),
        lambda: storage.store.head(KEY),
        lambda: storage.store.read(KEY),
        lambda: storage.store.read(KEY, start=3, length=7),
        lambda: _local_bytes(storage),
        lambda: list(storage.store.list("")),
        lambda: storage.store.delete(KEY),
    ]
    for verb in verbs:
        proxy.plan(fault)
        verb()
    assert list(storage.store.list("")) == []


@pytest.mark.parametrize("fault", PASSING.values(), ids=list(PASSING))
def test_an_upload_survives_faults_at_every_step(
    storage: Storage, proxy: FaultProxy, fault: Fault
) -> None:
    proxy.plan(replace(fault, method="PUT", path="partNumber"))
    upload_id, parts = _uploaded(storage)
    proxy.plan(fault)
    assert storage.uploads.list_parts(KEY, upload_id) == parts
    proxy.plan(fault)
    assert [found.upload_id for found in storage.uploads.list_open()] == [upload_id]
    proxy.plan(replace(fault, method="POST", path="uploadId"))
    assert storage.uploads.complete(KEY, upload_id, parts).size_bytes == len(CONTENT)
    assert storage.store.read(KEY) == CONTENT
    assert list(storage.uploads.list_open()) == []
    assert [info.key for info in storage.store.list("")] == [KEY]


def test_a_sixth_fault_is_told(storage: Storage, proxy: FaultProxy) -> None:
    proxy.plan(Fault(answer=UNAVAILABLE, times=FOREVER))
    with pytest.raises(StorageUnavailable, match=r"not able to answer now \(HTTP 503, SlowDown\)"):
        storage.store.read(KEY)
    assert proxy.count("GET") == retrying.TRIES_MAX


def test_a_refusal_is_not_tried_again(storage: Storage, proxy: FaultProxy) -> None:
    proxy.plan(Fault(answer=http_answer("403 Forbidden", s3_error("AccessDenied")), times=9))
    with pytest.raises(StorageDenied, match="AccessDenied"):
        storage.store.read(KEY)
    assert proxy.count("GET") == 1


def test_silence_has_an_end(
    proxied: Settings, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_client, "READ_SECONDS_MAX", 0.1)
    monkeypatch.setattr(retrying, "TRIES_MAX", 3)
    proxy.plan(Fault(delay_seconds=0.5, times=FOREVER))
    with pytest.raises(StorageUnavailable, match="does not answer in time"):
        open_storage(proxied).store.read(KEY)
    assert proxy.count("GET") == 3


# --- missing, denied, away -------------------------------------------------------------------


def _verbs(storage: Storage, folder: Path) -> Mapping[str, Callable[[], object]]:
    uploads, upload_id = storage.uploads, f"10.10.{'a' * 30}"
    part = StoredPart(number=1, size_bytes=10, etag="0" * 32)
    return {
        "put": lambda: _put(storage, folder, b"x"),
        "head": lambda: storage.store.head(KEY),
        "read": lambda: storage.store.read(KEY),
        "copy": lambda: _local_bytes(storage),
        "list": lambda: list(storage.store.list("")),
        "delete": lambda: storage.store.delete(KEY),
        "begin": lambda: uploads.begin(KEY, size_bytes=1, part_bytes=1, media_type="a/b"),
        "put_part": lambda: uploads.put_part(KEY, upload_id, 1, io.BytesIO(bytes(10))),
        "list_parts": lambda: uploads.list_parts(KEY, upload_id),
        "complete": lambda: uploads.complete(KEY, upload_id, [part]),
        "abort": lambda: uploads.abort(KEY, upload_id),
        "list_open": lambda: list(uploads.list_open()),
    }


def _raised(verb: Callable[[], object]) -> PortalError | None:
    try:
        verb()
    except PortalError as error:
        return error
    return None


REFUSED_BY: Mapping[str, tuple[dict[str, object], type[PortalError], str]] = {
    "secret": ({"s3_secret_key": SecretStr("wrong")}, StorageDenied, "PORTAL_S3_SECRET_KEY"),
    "account": ({"s3_access_key": SecretStr("nobody")}, StorageDenied, "PORTAL_S3_ACCESS_KEY"),
    "bucket": ({"s3_bucket": "not-there"}, StorageUnavailable, "PORTAL_S3_BUCKET"),
    "away": (
        {"s3_endpoint_url": "http://127.0.0.1:9"},
        StorageUnavailable,
        "cannot be reached: nothing takes the connection",
    ),
}


@pytest.mark.parametrize(("changes", "expected", "hint"), REFUSED_BY.values(), ids=list(REFUSED_BY))
def test_no_verb_takes_denied_or_away_for_missing(
    s3_settings: Settings,
    tmp_path: Path,
    changes: dict[str, object],
    expected: type[PortalError],
    hint: str,
) -> None:
    storage = open_storage(s3_settings.model_copy(update=changes))
    for name, verb in _verbs(storage, tmp_path).items():
        assert isinstance(error := _raised(verb), expected), name
        assert hint in str(error), name


def test_what_is_no_store_has_nothing_missing(
    storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    proxy.plan(Fault(answer=NO_STORE, times=FOREVER))
    for name, verb in _verbs(storage, tmp_path).items():
        assert isinstance(_raised(verb), StorageUnavailable), name


def test_what_is_missing_is_missing(storage: Storage, tmp_path: Path) -> None:
    verbs = _verbs(storage, tmp_path)
    for name in ("head", "read", "copy", "put_part", "list_parts", "complete"):
        with pytest.raises(ObjectMissing):
            verbs[name]()


def test_a_wrong_clock_is_named(s3_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=20)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: wrong)
    for verb in ("head", "read"):
        with pytest.raises(StorageDenied, match="clocks of this machine and of the store"):
            getattr(open_storage(s3_settings).store, verb)(KEY)


def test_a_key_below_an_object_is_a_clash(storage: Storage, tmp_path: Path) -> None:
    """versitygw keeps objects as files; a store that does not takes such keys."""
    _put(storage, tmp_path, b"x", key="a/b")
    for key in ("a/b/c", "a"):
        with pytest.raises(StorageDenied, match="clashes"):
            _put(storage, tmp_path, b"x", key=key)


# --- completing ------------------------------------------------------------------------------


def test_an_error_within_a_good_answer_is_an_error(storage: Storage, proxy: FaultProxy) -> None:
    upload_id, parts = _uploaded(storage)
    failed = http_answer("200 OK", s3_error("InternalError"))
    proxy.plan(Fault(method="POST", answer=failed, times=retrying.TRIES_MAX))
    with pytest.raises(StorageUnavailable, match="InternalError"):
        storage.uploads.complete(KEY, upload_id, parts)
    with pytest.raises(ObjectMissing):
        storage.store.head(KEY)
    assert storage.uploads.complete(KEY, upload_id, parts).size_bytes == len(CONTENT)


def test_an_error_within_a_good_answer_is_tried_again(storage: Storage, proxy: FaultProxy) -> None:
    upload_id, parts = _uploaded(storage)
    proxy.plan(Fault(method="POST", answer=http_answer("200 OK", s3_error("InternalError"))))
    storage.uploads.complete(KEY, upload_id, parts)
    assert storage.store.read(KEY) == CONTENT


def test_a_part_refused_within_a_good_answer_is_a_conflict(
    storage: Storage, proxy: FaultProxy
) -> None:
    upload_id, parts = _uploaded(storage)
    body = s3_error("InvalidPart").replace("</Code>", "</Code><PartNumber>2</PartNumber>")
    proxy.plan(Fault(method="POST", answer=http_answer("200 OK", body)))
    with pytest.raises(Conflict, match="Part 2"):
        storage.uploads.complete(KEY, upload_id, parts)
    assert proxy.count("POST", "uploadId") == 1


def test_half_a_good_answer_is_tried_again(storage: Storage, proxy: FaultProxy) -> None:
    upload_id, parts = _uploaded(storage)
    proxy.plan(Fault(method="POST", answer=http_answer("200 OK", "<?xml version='1.0'?>\n<Comp")))
    storage.uploads.complete(KEY, upload_id, parts)
    assert storage.store.read(KEY) == CONTENT


def test_a_completion_of_which_no_answer_came_is_confirmed_later(
    storage: Storage, proxy: FaultProxy
) -> None:
    upload_id, parts = _uploaded(storage)
    proxy.plan(Fault(method="POST", is_reply_lost=True, times=retrying.TRIES_MAX))
    with pytest.raises(StorageUnavailable):
        storage.uploads.complete(KEY, upload_id, parts)
    info = storage.uploads.complete(KEY, upload_id, parts)
    assert info == ObjectInfo(key=KEY, size_bytes=len(CONTENT))
    assert storage.store.read(KEY) == CONTENT


def test_a_store_that_forgets_a_completed_upload_is_understood(
    storage: Storage, proxy: FaultProxy
) -> None:
    """Some answer a repeated completion by "no such upload"."""
    upload_id, parts = _uploaded(storage)
    proxy.plan(
        Fault(method="POST", is_reply_lost=True),
        Fault(method="POST", answer=http_answer("404 Not Found", s3_error("NoSuchUpload"))),
    )
    assert storage.uploads.complete(KEY, upload_id, parts).size_bytes == len(CONTENT)


def test_another_object_is_not_taken_for_the_completed_one(
    storage: Storage, tmp_path: Path
) -> None:
    """Of the same size, even."""
    upload_id, parts = _uploaded(storage)
    other, other_parts = _uploaded(storage, CONTENT[::-1])
    storage.uploads.complete(KEY, other, other_parts)
    storage.uploads.abort(KEY, upload_id)
    with pytest.raises(Conflict, match="other parts"):
        storage.uploads.complete(KEY, upload_id, parts)


def test_an_abort_is_repeated_until_the_store_has_forgotten(
    storage: Storage, proxy: FaultProxy
) -> None:
    upload_id, _ = _uploaded(storage)
    proxy.plan(Fault(method="DELETE", path="uploadId", answer=http_answer("204 No Content")))
    storage.uploads.abort(KEY, upload_id)
    with pytest.raises(ObjectMissing):
        storage.uploads.list_parts(KEY, upload_id)
    assert proxy.count("DELETE", "uploadId") == 2


def test_a_begin_of_which_no_answer_came_is_found_by_the_sweep(
    storage: Storage, proxy: FaultProxy
) -> None:
    proxy.plan(Fault(method="POST", is_reply_lost=True))
    upload_id = storage.uploads.begin(KEY, size_bytes=1, part_bytes=1, media_type="a/b")
    found = list(storage.uploads.list_open())
    assert len(found) == 2
    assert upload_id in {upload.upload_id for upload in found}
    for upload in found:
        storage.uploads.abort(upload.key, upload.upload_id)
    assert list(storage.uploads.list_open()) == []


# --- large objects ---------------------------------------------------------------------------

LARGE = random.Random(3).randbytes(40 * MIB)  # noqa: S311 - content, not a secret


def test_a_large_file_that_is_cut_costs_the_cut_part_only(
    storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    cut = Fault(method="PUT", path="partNumber=2&|partNumber=2$", cut_request_bytes=MIB, times=2)
    proxy.plan(cut)
    assert _put(storage, tmp_path, LARGE).size_bytes == len(LARGE)
    assert _local_bytes(storage) == LARGE
    sent = sum(exchange.request_bytes for exchange in proxy.passed("PUT"))
    assert sent == len(LARGE) + 2 * MIB
    assert list(storage.uploads.list_open()) == []


def test_a_large_file_that_fails_leaves_nothing(
    storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    proxy.plan(Fault(method="PUT", path="partNumber=3", is_reset=True, times=FOREVER))
    with pytest.raises(StorageUnavailable):
        _put(storage, tmp_path, LARGE)
    proxy.clear()
    assert list(storage.store.list("")) == []
    assert list(storage.uploads.list_open()) == []


def test_a_download_goes_on_where_it_was_cut(
    storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    _put(storage, tmp_path, LARGE)
    proxy.clear()
    proxy.plan(Fault(method="GET", cut_answer_bytes=3 * MIB, times=12))
    assert _local_bytes(storage) == LARGE
    assert proxy.count("GET") == 13
    received = sum(exchange.answer_bytes for exchange in proxy.passed("GET"))
    assert received < len(LARGE) + 12 * 2 * MIB  # what was on its way when it was cut comes twice


def test_a_download_that_gets_nowhere_ends_and_leaves_nothing(
    storage: Storage, proxied: Settings, proxy: FaultProxy, tmp_path: Path
) -> None:
    _put(storage, tmp_path, LARGE)
    proxy.clear()
    proxy.plan(
        Fault(method="GET", cut_answer_bytes=3 * MIB), Fault(method="GET", is_reset=True, times=99)
    )
    with pytest.raises(StorageUnavailable):
        _local_bytes(storage)
    assert proxy.count("GET") <= 1 + retrying.TRIES_MAX
    assert not [path for path in proxied.scratch_path.rglob("*") if path.is_file()]


def test_an_object_replaced_while_it_is_read_is_no_mixture(
    storage: Storage, proxy: FaultProxy, tmp_path: Path
) -> None:
    _put(storage, tmp_path, CONTENT)
    proxy.clear()
    replaced = Fault(method="GET", answer=http_answer("412 No", s3_error("PreconditionFailed")))
    proxy.plan(Fault(method="GET", cut_answer_bytes=2 * MIB), replaced)
    with pytest.raises(StorageUnavailable, match="replaced while it was read"):
        _local_bytes(storage)


def test_only_the_version_that_was_looked_at_is_read(
    storage: Storage, versitygw: VersityGateway, proxied: Settings, tmp_path: Path
) -> None:
    """If-Match, on the real store."""
    from portal.storage.s3.downloads import download  # noqa: PLC0415 - the one test of it alone
    from portal.storage.s3.objects import Objects  # noqa: PLC0415

    client = s3_client.open_client(proxied)
    _put(storage, tmp_path, b"first")
    version = Objects(client, bucket=proxied.s3_bucket).version(KEY)
    _put(storage, tmp_path, b"other")
    with pytest.raises(StorageUnavailable, match="replaced"):
        download(client, proxied.s3_bucket, version, tmp_path / "copy")


def test_bits_that_changed_in_the_store_are_noticed(
    storage: Storage, proxied: Settings, versitygw: VersityGateway, tmp_path: Path
) -> None:
    _put(storage, tmp_path, b"0123456789")
    stored = versitygw.folder / proxied.s3_bucket / KEY
    with stored.open("r+b") as file:
        file.write(b"1")
    with pytest.raises(StorageCorrupt, match="not those stored"):
        _local_bytes(storage)
    with pytest.raises(StorageCorrupt, match="not those stored"):
        storage.store.read(KEY)


def test_a_thousand_and_one_keys_take_two_requests(
    storage: Storage, proxied: Settings, versitygw: VersityGateway, proxy: FaultProxy
) -> None:
    folder = versitygw.folder / proxied.s3_bucket / "many"
    folder.mkdir()
    for number in range(1001):
        (folder / f"{number:04d}").write_bytes(b"")
    assert [info.key for info in storage.store.list("many/")] == [
        f"many/{n:04d}" for n in range(1001)
    ]
    assert proxy.count("GET", "list-type") == 2


def test_a_thousand_and_one_parts_are_listed(proxied: Settings, proxy: FaultProxy) -> None:
    multipart = Multipart(s3_client.open_client(proxied), bucket=proxied.s3_bucket)
    vendor_id = multipart.create(KEY, media_type="video/mp4")
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda n: multipart.put(KEY, vendor_id, n, b"x"), range(1, 1002)))
    assert multipart.parts(KEY, vendor_id) == parts
    assert proxy.count("GET", "uploadId") == 2
    multipart.abort(KEY, vendor_id)


# --- secrets ---------------------------------------------------------------------------------


def test_no_error_and_no_log_holds_a_secret(
    proxied: Settings, storage: Storage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "a-wrong-but-secret-key"
    denied = open_storage(proxied.model_copy(update={"s3_secret_key": SecretStr(wrong)}))
    told = []
    for verb in _verbs(denied, tmp_path).values():
        with pytest.raises(StorageDenied) as caught:
            verb()
        told += traceback.format_exception(caught.value)
    _put(storage, tmp_path)
    text = "".join(told) + caplog.text
    assert SECRET_KEY not in text
    assert wrong not in text
    assert re.search("signature=|aws4_request|[0-9a-f]{64}", text, re.IGNORECASE) is None


def test_digests_guard_every_byte_sent(storage: Storage, proxy: FaultProxy) -> None:
    """A part is sent with its SHA-256, and listed with it."""
    upload_id, parts = _uploaded(storage)
    assert (
        [part.sha256 for part in storage.uploads.list_parts(KEY, upload_id)]
        == [
            hashlib.sha256(CONTENT[:PART_BYTES]).hexdigest(),
            hashlib.sha256(CONTENT[PART_BYTES:]).hexdigest(),
        ]
        == [part.sha256 for part in parts]
    )


def test_a_full_disk_is_named(storage: Storage, proxied: Settings, tmp_path: Path) -> None:
    _put(storage, tmp_path, LARGE)
    with small_disk("20m") as disk:
        elsewhere = {**proxied.model_dump(), "data_dir": disk}
        here = open_storage(Settings.model_validate(elsewhere))
        with pytest.raises(InsufficientStorage, match="41,943,040 bytes"):
            _local_bytes(here)
        assert not [path for path in disk.rglob("*") if path.is_file()]
