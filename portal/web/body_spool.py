"""A request's body, taken in whole before anything is done with it.

So no lock and no database connection waits for a slow client, and what breaks off leaves nothing.
"""

from __future__ import annotations

import errno
import shutil
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from io import RawIOBase
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from portal.errors import InsufficientStorage, TooLarge, TooSlow
from portal.web.body_limit import allow_body

SILENCE_SECONDS_MAX = 30.0
BYTES_PER_SECOND_MIN = 4096
"""Slower than the slowest mobile network; a body may take as long as it needs at this speed."""
BLOCK_BYTES = 64 * 1024
"""Smaller pieces are put together: each has a price of its own in memory."""
MEMORY_BYTES_MAX = 96 * 1024**2
"""Of all bodies of one process together; those that come when it is in use go to the disk."""
DRAINED_BYTES_MAX = 256 * 1024**2
DRAINING_SECONDS_MAX = 10.0
WRITE_BYTES = 1024**2
"""Gathered before a thread is asked to write."""


class Chunks(RawIOBase):
    """A body in memory, in the pieces that it came in: copying them would take longer than hashing.

    It is read once, from the beginning; a read may give less than it was asked for.
    """

    def __init__(self) -> None:
        self._chunks: deque[memoryview] = deque()
        self._small = bytearray()

    def readable(self) -> bool:
        return True

    def append(self, chunk: bytes) -> None:
        if len(chunk) >= BLOCK_BYTES:
            self._end_block()
            self._chunks.append(memoryview(chunk))
            return
        self._small += chunk
        if len(self._small) >= BLOCK_BYTES:
            self._end_block()

    def readinto(self, buffer: Any) -> int:
        piece = self._next(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = -1) -> Any:
        """Bytes, or a view of them."""
        return self._next(size) if size >= 0 else b"".join(self._take_all())

    def close(self) -> None:
        self._chunks.clear()
        self._small.clear()
        super().close()

    def _end_block(self) -> None:
        if self._small:
            self._chunks.append(memoryview(bytes(self._small)))
            self._small.clear()

    def _next(self, size: int) -> memoryview:
        self._end_block()
        if not self._chunks:
            return memoryview(b"")
        chunk = self._chunks.popleft()
        if len(chunk) > size:
            self._chunks.appendleft(chunk[size:])
        return chunk[:size]

    def _take_all(self) -> Iterator[memoryview]:
        self._end_block()
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


@dataclass
class Pace:
    """How patient we are with a sender: at first and in silence for a while, then as long as it
    keeps up the lowest speed. What we do with its bytes meanwhile is not held against it.
    """

    received_bytes: int = 0
    waited_seconds: float = 0.0

    @property
    def patience_seconds(self) -> float:
        due_seconds = self.received_bytes / BYTES_PER_SECOND_MIN
        return SILENCE_SECONDS_MAX + min(0.0, due_seconds - self.waited_seconds)

    def note(self, size_bytes: int, *, seconds: float) -> None:
        self.received_bytes += size_bytes
        self.waited_seconds += seconds


@asynccontextmanager
async def spooled_body(
    request: Request, *, bytes_max: int, folder: Path, free_bytes_min: int
) -> AsyncIterator[BinaryIO]:
    """The whole body, to be read from its beginning; a file in `folder` if it must not be memory.

    Raises TooLarge, TooSlow, InsufficientStorage, or ClientDisconnect.
    """
    allow_body(request, bytes_max=bytes_max)
    with memory.claim(bytes_max) as has_room:
        if has_room:
            with Chunks() as chunks:
                async for chunk in paced_chunks(request):
                    chunks.append(chunk)
                yield cast("BinaryIO", chunks)
        else:
            room = partial(open_file, folder, size_bytes=bytes_max, free_bytes_min=free_bytes_min)
            with closed_in_the_end(await run_in_threadpool(room)) as file:
                await _fill(file, request)
                yield file


async def paced_chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises TooSlow when the client stalls, or will never end."""
    pace = Pace()
    chunks = request.stream().__aiter__()
    while True:
        asked_at = anyio.current_time()
        with anyio.move_on_after(max(0.0, pace.patience_seconds)) as scope:
            chunk = await anext(chunks, None)
        if scope.cancelled_caught:
            raise TooSlow("The connection is too slow: the bytes stopped coming. Send them again.")
        if chunk is None:
            return
        pace.note(len(chunk), seconds=anyio.current_time() - asked_at)
        yield chunk


async def drain(request: Request) -> None:
    """Read what a refused sender is sending, within reason: else its connection would break
    before it hears why, and a browser could only say that the network failed.
    """
    allow_body(request, bytes_max=DRAINED_BYTES_MAX)
    with (
        anyio.move_on_after(DRAINING_SECONDS_MAX),
        suppress(TooLarge, ClientDisconnect, RuntimeError),  # the last: it was read to its end
    ):
        async for _ in request.stream():
            pass


async def _fill(file: BinaryIO, request: Request) -> None:
    gathered = bytearray()
    async for chunk in paced_chunks(request):
        gathered += chunk
        if len(gathered) >= WRITE_BYTES:
            await run_in_threadpool(_write, file, bytes(gathered))
            gathered.clear()
    await run_in_threadpool(_write, file, bytes(gathered), is_last=True)


def _write(file: BinaryIO, content: bytes, *, is_last: bool = False) -> None:
    with full_disk_told():
        file.write(content)
        if is_last:
            file.seek(0)  # writes what is still buffered


def open_file(folder: Path, *, size_bytes: int, free_bytes_min: int) -> BinaryIO:
    """A new file without a name: nothing is left of a process that dies.

    Raises InsufficientStorage when the disk's minimum would be crossed by `size_bytes`.
    """
    with full_disk_told():
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free - size_bytes < free_bytes_min:
            raise _no_room()
        return TemporaryFile(dir=folder)


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Raises InsufficientStorage for what the system says of a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _no_room() from error
        raise


@contextmanager
def closed_in_the_end(file: BinaryIO) -> Iterator[BinaryIO]:
    """Without complaint about buffered bytes that a full disk does not take: nobody needs them."""
    try:
        yield file
    finally:
        with suppress(OSError):
            file.close()


def _no_room() -> InsufficientStorage:
    return InsufficientStorage("The portal's disk has no room to take this in. Try again later.")
