"""A request's body, taken in whole before anything is done with it.

So no lock and no database connection waits for a slow client, and what breaks off leaves nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from io import RawIOBase
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from portal.errors import TooLarge, TooSlow
from portal.web.body_limit import allow_body

SILENCE_SECONDS_MAX = 30.0
BYTES_PER_SECOND_MIN = 4096
"""Slower than the slowest mobile network; a body may take as long as it needs at this speed."""
MEMORY_BYTES_MAX = 96 * 1024**2
"""Of all bodies of one process together; those that come when it is in use go to the disk."""
DRAINED_BYTES_MAX = 32 * 1024**2
DRAINING_SECONDS_MAX = 10.0
WRITE_BYTES = 1024**2
"""Gathered before a thread is asked to write."""


class Chunks(RawIOBase):
    """A body in memory, in the pieces that it came in: copying them would take longer than hashing.

    It is read once, from the beginning; a read may give less than it was asked for.
    """

    def __init__(self) -> None:
        self._chunks: deque[memoryview] = deque()

    def readable(self) -> bool:
        return True

    def append(self, chunk: bytes) -> None:
        if chunk:
            self._chunks.append(memoryview(chunk))

    def readinto(self, buffer: Any) -> int:
        piece = self._next(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = -1) -> Any:
        """Bytes, or a view of them."""
        return self._next(size) if size >= 0 else b"".join(self._take_all())

    def close(self) -> None:
        self._chunks.clear()
        super().close()

    def _next(self, size: int) -> memoryview:
        if not self._chunks:
            return memoryview(b"")
        chunk = self._chunks.popleft()
        if len(chunk) > size:
            self._chunks.appendleft(chunk[size:])
        return chunk[:size]

    def _take_all(self) -> Iterator[memoryview]:
        while self._chunks:
            yield self._chunks.popleft()


class Memory:
    """How much of a process' memory bodies have claimed."""

    def __init__(self) -> None:
        self.claimed_bytes = 0

    @contextmanager
    def claim(self, size_bytes: int) -> Iterator[bool]:
        """Whether there is room; it is held while the context lasts."""
        has_room = self.claimed_bytes + size_bytes <= MEMORY_BYTES_MAX
        claimed = size_bytes if has_room else 0
        self.claimed_bytes += claimed
        try:
            yield has_room
        finally:
            self.claimed_bytes -= claimed


memory = Memory()


@asynccontextmanager
async def spooled_body(
    request: Request, *, bytes_max: int, folder: Path
) -> AsyncIterator[BinaryIO]:
    """The whole body, to be read from its beginning; a file in `folder` if it must not be memory.

    Raises TooLarge, TooSlow, or ClientDisconnect.
    """
    allow_body(request, bytes_max=bytes_max)
    with memory.claim(bytes_max) as has_room:
        if has_room:
            with Chunks() as chunks:
                async for chunk in paced_chunks(request, bytes_max=bytes_max):
                    chunks.append(chunk)
                yield cast("BinaryIO", chunks)
        else:
            with await run_in_threadpool(open_file, folder) as file:
                await _fill(file, request, bytes_max=bytes_max)
                yield file


async def paced_chunks(request: Request, *, bytes_max: int) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises TooSlow when the client stalls, or will never end."""
    end = anyio.current_time() + SILENCE_SECONDS_MAX + bytes_max / BYTES_PER_SECOND_MIN
    chunks = request.stream().__aiter__()
    while True:
        deadline = min(end, anyio.current_time() + SILENCE_SECONDS_MAX)
        with anyio.CancelScope(deadline=deadline) as scope:
            chunk = await anext(chunks, None)
        if scope.cancelled_caught:
            raise TooSlow("The connection is too slow: the bytes stopped coming. Send them again.")
        if chunk is None:
            return
        yield chunk


async def drain(request: Request) -> None:
    """Read what a refused sender is sending, within reason: else its connection would break
    before it hears why, and a browser could only say that the network failed.
    """
    allow_body(request, bytes_max=DRAINED_BYTES_MAX)
    with anyio.move_on_after(DRAINING_SECONDS_MAX), suppress(TooLarge, ClientDisconnect):
        async for _ in request.stream():
            pass


async def _fill(file: BinaryIO, request: Request, *, bytes_max: int) -> None:
    gathered = bytearray()
    async for chunk in paced_chunks(request, bytes_max=bytes_max):
        gathered += chunk
        if len(gathered) >= WRITE_BYTES:
            await run_in_threadpool(file.write, bytes(gathered))
            gathered.clear()
    await run_in_threadpool(file.write, bytes(gathered))
    file.seek(0)


def open_file(folder: Path) -> BinaryIO:
    """A new file without a name: nothing is left of a process that dies."""
    folder.mkdir(parents=True, exist_ok=True)
    return TemporaryFile(dir=folder)
