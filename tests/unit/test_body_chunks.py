"""A body in pieces reads like the whole, however it was cut and is read."""

from __future__ import annotations

import shutil
import tracemalloc
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from portal.web.body_spool import BLOCK_BYTES, Chunks

PIECES = st.lists(st.binary(max_size=20), max_size=10)


def chunks_of(pieces: list[bytes]) -> Chunks:
    chunks = Chunks()
    for piece in pieces:
        chunks.append(piece)
    return chunks


@given(PIECES, st.integers(1, 30))
def test_reads_of_any_size_give_all_bytes(pieces: list[bytes], size: int) -> None:
    target = BytesIO()
    shutil.copyfileobj(chunks_of(pieces), target, size)
    assert target.getvalue() == b"".join(pieces)


@given(PIECES)
def test_it_can_be_read_at_once(pieces: list[bytes]) -> None:
    chunks = chunks_of(pieces)
    assert chunks.read() == b"".join(pieces)
    assert chunks.read(5) == b""


@given(PIECES, st.integers(1, 30))
def test_it_reads_into_a_buffer(pieces: list[bytes], size: int) -> None:
    chunks, found, buffer = chunks_of(pieces), b"", bytearray(size)
    while count := chunks.readinto(buffer):
        found += buffer[:count]
    assert found == b"".join(pieces)


@given(st.lists(st.integers(0, 2 * BLOCK_BYTES), max_size=8))
def test_small_and_large_pieces_keep_their_order(sizes: list[int]) -> None:
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    assert chunks_of(pieces).read() == b"".join(pieces)


def test_tiny_pieces_take_no_more_memory_than_they_have_bytes() -> None:
    tracemalloc.start()
    try:
        chunks = chunks_of([b"x"] * 200_000)
        used_bytes = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert used_bytes < 400_000 + BLOCK_BYTES
    assert chunks.read() == b"x" * 200_000
