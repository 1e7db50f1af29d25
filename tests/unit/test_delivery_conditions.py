from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.delivery.conditions import ByteRange, is_known, requested_range
from portal.delivery.filenames import attachment

ETAG = '"abc"'
SIZE_BYTES = 1000


def asked(
    value: str, *, size_bytes: int = SIZE_BYTES, if_range: str | None = None
) -> ByteRange | None:
    headers = {"range": value} | ({"if-range": if_range} if if_range else {})
    return requested_range(headers, size_bytes=size_bytes, etag=ETAG)


@pytest.mark.parametrize(
    ("value", "start", "length"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 1000),
        ("bytes=10-19", 10, 10),
        ("bytes=990-5000", 990, 10),
        ("bytes=-1", 999, 1),
        ("bytes=-5000", 0, 1000),
        ("BYTES=5-6", 5, 2),
    ],
)
def test_a_part(value: str, start: int, length: int) -> None:
    assert asked(value) == ByteRange(start, length)


@pytest.mark.parametrize("value", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_a_part_that_does_not_exist_is_empty(value: str) -> None:
    part = asked(value)
    assert part is not None
    assert part.length == 0
    assert part.content_range(SIZE_BYTES) == "bytes */1000"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=9-3",
        "bytes=0-1,5-6",
        "items=0-1",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=1.5-2",
        "bytes=--1",
        "bytes=\u0661-\u0662",
        "bytes=" + "9" * 5000,
    ],
)
def test_what_is_not_one_range_means_everything(value: str) -> None:
    assert asked(value) is None


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 1500))
def test_any_range_is_within_the_object(first: int, last: int, size_bytes: int) -> None:
    part = asked(f"bytes={first}-{last}", size_bytes=size_bytes)
    if last < first:
        assert part is None
        return
    assert part is not None
    everything = range(size_bytes)
    assert list(everything[part.start : part.start + part.length]) == list(
        everything[first : last + 1]
    )


def test_a_range_of_another_version_means_everything() -> None:
    assert asked("bytes=0-1", if_range=ETAG) == ByteRange(0, 2)
    assert asked("bytes=0-1", if_range='"old"') is None
    assert asked("bytes=0-1", if_range=f"W/{ETAG}") is None
    assert asked("bytes=0-1", if_range="Tue, 04 Jun 2019 10:00:00 GMT") is None


@pytest.mark.parametrize("value", [ETAG, "*", f"W/{ETAG}", f'"x", {ETAG}', f'"a,b",{ETAG}'])
def test_a_known_version(value: str) -> None:
    assert is_known({"if-none-match": value}, etag=ETAG)


@pytest.mark.parametrize("value", ["", '"abcd"', "abc", '"x", "y"', '"*"'])
def test_another_version(value: str) -> None:
    assert not is_known({"if-none-match": value}, etag=ETAG)


def test_a_file_name_cannot_leave_its_header() -> None:
    assert attachment("scrum 1.mp4") == (
        "attachment; filename=\"scrum 1.mp4\"; filename*=UTF-8''scrum%201.mp4"
    )
    assert attachment('Ярош".html\r\nX: y') == (
        'attachment; filename="_____.html__X_ y"; '
        "filename*=UTF-8''%D0%AF%D1%80%D0%BE%D1%88%22.html%0D%0AX%3A%20y"
    )


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_file_name_makes_one_plain_header(filename: str) -> None:
    value = attachment(filename)
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
