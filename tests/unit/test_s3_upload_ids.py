"""Upload ids tell the layout of their upload, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import InvalidInput, ObjectMissing
from portal.storage.keys import is_key
from portal.storage.part_layout import PartLayout
from portal.storage.s3.upload_ids import MARKS, UploadId, mark_of, parse_mark, parse_upload_id

LAYOUTS = st.builds(PartLayout, st.integers(0, 10**14), st.integers(1, 10**12))
UPLOAD_IDS = st.builds(
    UploadId, LAYOUTS, st.from_regex(r"[A-Za-z0-9._~+=-]{1,200}", fullmatch=True)
)


@given(upload_id=UPLOAD_IDS)
def test_an_id_is_read_as_it_was_written(upload_id: UploadId) -> None:
    assert parse_upload_id(str(upload_id)) == upload_id


@given(upload_id=UPLOAD_IDS)
def test_a_mark_names_key_and_id_and_is_no_key(upload_id: UploadId) -> None:
    mark = mark_of("assets/a/original", upload_id)
    assert parse_mark(mark) == ("assets/a/original", upload_id)
    assert mark.startswith(MARKS)
    assert not is_key(mark)


@pytest.mark.parametrize(
    "value", ["", "..", "1.2", "1.2.", "1.0.x", "-1.2.x", "1.2.a/b", "1.2.a b", "x" * 26, "1.2.x\n"]
)
def test_anything_else_is_no_upload(value: str) -> None:
    with pytest.raises(ObjectMissing):
        parse_upload_id(value)


@given(size_bytes=st.integers(1, 10**6), part_bytes=st.integers(1, 10**4))
def test_the_parts_make_up_the_whole(size_bytes: int, part_bytes: int) -> None:
    layout = PartLayout(size_bytes, part_bytes)
    last = layout.part_count
    numbers = {1, last} | set(range(1, min(last, 20) + 1))
    for number in numbers:
        assert 1 <= layout.expected_bytes(number) <= part_bytes
        if number > 1:
            assert layout.offset(number) == layout.offset(number - 1) + part_bytes
    assert layout.offset(last) + layout.expected_bytes(last) == size_bytes
    for number in (0, last + 1):
        with pytest.raises(InvalidInput, match=f"parts 1 to {last}"):
            layout.expected_bytes(number)
