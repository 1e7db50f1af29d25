"""What the head of a WAV file says of its length."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sound.wav import stated_seconds

FORMAT = struct.pack("<HHIIHH", 1, 2, 48_000, 192_000, 4, 16)


def chunk(kind: bytes, content: bytes, *, size_bytes: int | None = None) -> bytes:
    size = len(content) if size_bytes is None else size_bytes
    return struct.pack("<4sI", kind, size) + content + b"\0" * (len(content) % 2)


def wav(*chunks: bytes, form: bytes = b"RIFF") -> bytes:
    return form + struct.pack("<I", 0) + b"WAVE" + b"".join(chunks)


@pytest.mark.parametrize("before", [b"", chunk(b"bext", b"x" * 603), chunk(b"JUNK", b"")])
def test_the_length_is_that_of_its_sound_chunk(before: bytes) -> None:
    head = wav(before, chunk(b"fmt ", FORMAT), chunk(b"data", b"..", size_bytes=1_920_000))
    assert stated_seconds(head) == 10


def test_more_than_four_gigabytes_are_stated_elsewhere() -> None:
    sizes = struct.pack("<QQQI", 0, 192_000 * 100_000, 0, 0)
    data = chunk(b"data", b"", size_bytes=0xFFFFFFFF)
    head = wav(chunk(b"ds64", sizes), chunk(b"fmt ", FORMAT), data, form=b"RF64")
    assert stated_seconds(head) == 100_000


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"ID3",
        wav(),
        wav(chunk(b"fmt ", FORMAT)),
        wav(chunk(b"data", b"", size_bytes=100)),
        wav(chunk(b"fmt ", FORMAT), chunk(b"data", b"", size_bytes=0xFFFFFFFF)),
        wav(chunk(b"fmt ", FORMAT), chunk(b"data", b"", size_bytes=0)),
        wav(chunk(b"fmt ", FORMAT[:6]), chunk(b"data", b"", size_bytes=100)),
        wav(chunk(b"fmt ", bytes(16)), chunk(b"data", b"", size_bytes=100)),
    ],
)
def test_what_says_nothing_is_not_known(head: bytes) -> None:
    assert stated_seconds(head) is None


@given(st.binary(max_size=200))
def test_any_head_is_read(data: bytes) -> None:
    stated_seconds(wav(data))
    stated_seconds(data)
