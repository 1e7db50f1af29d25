"""A segment is whole or it is not: what a full disk leaves is never taken for a recording."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import ToolFailed
from workers.video.boxes import (
    BOXES_MAX,
    box_kinds,
    boxes,
    require_whole_init,
    require_whole_segment,
)

KINDS = st.sampled_from(["ftyp", "moov", "styp", "sidx", "moof", "mdat", "free"])
Result = TypeVar("Result")
FILES = st.lists(st.tuples(KINDS, st.binary(max_size=60)), min_size=1, max_size=6)


def file_of(*contents: tuple[str, bytes]) -> bytes:
    return b"".join(
        struct.pack(">I4s", len(content) + 8, kind.encode()) + content for kind, content in contents
    )


def kinds_of(data: bytes) -> tuple[str, ...] | None:
    return on_disk(data, box_kinds)


def on_disk(data: bytes, check: Callable[[BufferedReader], Result]) -> Result:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        with path.open("rb") as stream:
            return check(stream)


def is_whole_segment(data: bytes) -> bool:
    try:
        on_disk(data, lambda stream: require_whole_segment(stream, name="00001.m4s"))
    except ToolFailed:
        return False
    return True


@given(FILES)
def test_whole_files_are_walked_to_their_end(contents: Sequence[tuple[str, bytes]]) -> None:
    data = file_of(*contents)
    assert kinds_of(data) == tuple(kind for kind, _ in contents)
    assert list(boxes(data)) == list(contents)


@given(FILES, st.data())
def test_a_file_that_ends_within_a_box_is_not_whole(
    contents: Sequence[tuple[str, bytes]], data: st.DataObject
) -> None:
    whole = file_of(*contents)
    last_box_bytes = len(contents[-1][1]) + 8
    missing_bytes = data.draw(st.integers(1, last_box_bytes - 1))
    assert kinds_of(whole[:-missing_bytes]) is None


@given(st.data())
def test_a_segment_that_is_cut_off_anywhere_is_refused(data: st.DataObject) -> None:
    whole = file_of(("styp", b"x" * 16), ("moof", b"y" * 80), ("mdat", b"z" * 200))
    assert is_whole_segment(whole)
    assert not is_whole_segment(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(st.data())
def test_a_segment_with_a_hole_is_refused(data: st.DataObject) -> None:
    """The disk was full for a while: a stretch is missing, the rest was written after it."""
    whole = file_of(("moof", b"y" * 80), ("mdat", b"z" * 200))
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start + 1, len(whole)))
    assert not is_whole_segment(whole[:start] + whole[end:])


@given(st.binary(max_size=200))
def test_any_bytes_are_walked_or_refused(data: bytes) -> None:
    kinds = kinds_of(data)
    assert kinds is None or len(kinds) <= len(data) // 8


def test_zeros_and_countless_boxes_are_refused() -> None:
    assert kinds_of(bytes(4096)) is None
    assert kinds_of(file_of(("free", b"")) * BOXES_MAX) is not None
    assert kinds_of(file_of(("free", b"")) * (BOXES_MAX + 1)) is None


def test_an_initialisation_segment_has_its_index() -> None:
    whole = file_of(("ftyp", b"iso5"), ("moov", b"x" * 100))
    on_disk(whole, lambda stream: require_whole_init(stream, name="init.mp4"))
    for damaged in (b"", whole[:-1], whole[:12], file_of(("moov", b"x"))):
        with pytest.raises(ToolFailed, match=r"init\.mp4 is cut off"):
            on_disk(damaged, lambda stream: require_whole_init(stream, name="init.mp4"))
