"""The store's errors keep their meaning, and what may pass is tried again, but not for ever."""

from __future__ import annotations

import statistics
from types import SimpleNamespace

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ResponseStreamingError,
    SSLError,
)
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import (
    Conflict,
    ObjectMissing,
    PortalError,
    StorageCorrupt,
    StorageDenied,
    StorageError,
    StorageUnavailable,
)
from portal.storage.s3 import retrying
from portal.storage.s3.errors import is_passing, translated
from portal.storage.s3.retrying import pauses, retried

SIGNED = "https://store.example/b/k?X-Amz-Signature=0123abcd"


def _answer(code: str, status: int, **details: str) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": "their words", **details},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "GetObject")  # type: ignore[arg-type]  # details are the store's


@pytest.mark.parametrize(
    ("error", "expected", "passes"),
    [
        (_answer("NoSuchKey", 404), ObjectMissing, False),
        (_answer("NoSuchUpload", 404), ObjectMissing, False),
        (_answer("NoSuchBucket", 404), StorageUnavailable, False),
        (_answer("404", 404), StorageUnavailable, False),
        (_answer("XAdminUserNotFound", 404), StorageDenied, False),
        (_answer("AccessDenied", 403), StorageDenied, False),
        (_answer("403", 403), StorageDenied, False),
        (_answer("SignatureDoesNotMatch", 403), StorageDenied, False),
        (_answer("RequestTimeTooSkewed", 403), StorageDenied, False),
        (_answer("SlowDown", 503), StorageUnavailable, True),
        (_answer("InternalError", 500), StorageUnavailable, True),
        (_answer("429", 429), StorageUnavailable, True),
        (_answer("RequestTimeout", 400), StorageUnavailable, True),
        (_answer("NotImplemented", 501), StorageUnavailable, False),
        (_answer("QuotaExceeded", 403), StorageUnavailable, False),
        (_answer("InvalidPart", 400, PartNumber="7"), Conflict, False),
        (_answer("EntityTooSmall", 500), Conflict, False),
        (_answer("BadDigest", 400), StorageCorrupt, True),
        (_answer("SomethingNew", 418), StorageError, False),
        (EndpointConnectionError(endpoint_url=SIGNED), StorageUnavailable, True),
        (ConnectTimeoutError(endpoint_url=SIGNED), StorageUnavailable, True),
        (ResponseStreamingError(error=SIGNED), StorageUnavailable, True),
        (ResponseParserError(SIGNED), StorageUnavailable, True),
        (SSLError(endpoint_url=SIGNED, error=ValueError("self-signed")), StorageUnavailable, False),
        (ParamValidationError(report=SIGNED), StorageUnavailable, False),
    ],
)
def test_an_error_keeps_its_meaning(
    error: Exception, expected: type[PortalError], passes: bool
) -> None:
    found = translated(error, "object a/b")
    assert type(found) is expected
    assert is_passing(error) is passes
    assert str(found).endswith((".", ")"))
    assert "X-Amz-Signature" not in str(found)
    assert "their words" not in str(found)


def test_the_part_that_the_store_names_is_named() -> None:
    assert "Part 7" in str(translated(_answer("InvalidPart", 400, PartNumber="7"), "upload of a"))
    assert "A part" in str(translated(_answer("InvalidPart", 400), "upload of a"))


@given(code=st.text(max_size=30), status=st.integers(300, 599))
def test_any_answer_becomes_an_error_of_ours(code: str, status: int) -> None:
    error = _answer(code, status)
    assert isinstance(translated(error, "object a"), PortalError)
    assert is_passing(error) in {True, False}


def test_pauses_grow_are_bounded_and_are_spread() -> None:
    runs = [list(pauses()) for _ in range(300)]
    for number in range(retrying.TRIES_MAX - 1):
        longest = min(retrying.FIRST_PAUSE_SECONDS * 2**number, retrying.PAUSE_SECONDS_MAX)
        found = [run[number] for run in runs]
        assert all(longest / 2 <= pause <= longest for pause in found)
        assert statistics.stdev(found) > longest / 20
    assert {len(run) for run in runs} == {retrying.TRIES_MAX - 1}


def test_trying_ends_when_it_has_taken_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tries are left."""
    clock = [0.0]
    calls = []

    def attempt() -> None:
        calls.append(clock[0])
        clock[0] += 20.0  # as long as a black hole takes
        raise ConnectTimeoutError(endpoint_url=SIGNED)

    time = SimpleNamespace(monotonic=lambda: clock[0], sleep=lambda _: None)
    monkeypatch.setattr(retrying, "time", time)
    with pytest.raises(StorageUnavailable):
        retried(attempt, "object a")
    assert len(calls) == 2


def test_an_error_of_our_own_passes_untouched() -> None:
    def attempt() -> None:
        raise StorageCorrupt("ours")

    with pytest.raises(StorageCorrupt, match="ours"):
        retried(attempt, "object a")


def test_a_refused_name_of_a_bucket_tells_its_setting_and_the_rules() -> None:
    told = str(translated(_answer("InvalidBucketName", 400), "bucket Bad_Bucket"))
    assert "PORTAL_S3_BUCKET" in told
    assert "3 to 63 small letters" in told
