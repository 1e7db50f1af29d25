"""A body in pieces reads like the whole, however it was cut and is read."""

from __future__ import annotations

import shutil
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from portal.web.body_spool import Chunks

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
