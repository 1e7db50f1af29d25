"""Parts over a real connection: broken off, too slow, too many at once, and never half kept."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import event as sqlalchemy_event

from portal.runtime import Runtime
from portal.settings import Settings
from portal.uploads.models import Upload
from portal.uploads.part_addresses import PartAddress, signed_query
from portal.uploads.paths import part_path
from portal.web import body_spool
from tests.open_files import open_files_in
from tests.served import served
from tests.stored_files import FLAC, begin_upload, make_event, sha256

pytestmark = pytest.mark.postgres

PART_BYTES = 5 * 1024**2
CONTENT = FLAC + bytes(range(256)) * (44 * 1024)
"""Three parts, the last one short."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"upload_part_bytes": PART_BYTES})


@pytest.fixture
def port(runtime: Runtime) -> Iterator[int]:
    with served(runtime) as port:
        yield port


@pytest.fixture
def upload(runtime: Runtime) -> Upload:
    return begin_upload(runtime, make_event(runtime), "a.flac", CONTENT)


def part_of(number: int) -> bytes:
    return CONTENT[(number - 1) * PART_BYTES : number * PART_BYTES]


def request_head(upload: Upload, number: int, *, size_bytes: int) -> bytes:
    address = PartAddress(upload.id, number, sha256(part_of(number)), expires_at=2**33)
    query = signed_query(address, key=upload.part_key)
    return (
        f"PUT {part_path(upload.id, number)}?{query} HTTP/1.1\r\n"
        f"Host: 127.0.0.1\r\nContent-Length: {size_bytes}\r\n\r\n"
    ).encode()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def answer_of(connection: socket.socket) -> bytes:
    """All of it; the server closes the connection or goes on waiting for the next request."""
    found = b""
    while b"\r\n\r\n" not in found:
        chunk = connection.recv(65536)
        if not chunk:
            break
        found += chunk
    return found


def put(port: int, upload: Upload, number: int) -> bytes:
    part = part_of(number)
    with connected(port) as connection:
        connection.sendall(request_head(upload, number, size_bytes=len(part)) + part)
        return answer_of(connection)


def stored_numbers(runtime: Runtime, upload: Upload) -> list[int]:
    parts = runtime.uploads.list_parts(upload.key, upload.storage_upload_id)
    return [part.number for part in parts]


def test_what_breaks_off_leaves_nothing(runtime: Runtime, port: int, upload: Upload) -> None:
    with connected(port) as connection:
        part = part_of(1)
        connection.sendall(request_head(upload, 1, size_bytes=len(part)) + part[:-1])
    assert put(port, upload, 2).startswith(b"HTTP/1.1 200")
    assert stored_numbers(runtime, upload) == [2]
    assert put(port, upload, 1).startswith(b"HTTP/1.1 200")
    assert stored_numbers(runtime, upload) == [1, 2]


def test_a_client_that_falls_silent_is_cut_off(
    runtime: Runtime, port: int, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_spool, "SILENCE_SECONDS_MAX", 0.3)
    with connected(port) as connection:
        connection.sendall(request_head(upload, 1, size_bytes=PART_BYTES) + b"fLaC")
        assert answer_of(connection).startswith(b"HTTP/1.1 408")
    assert stored_numbers(runtime, upload) == []


def test_a_client_that_never_ends_is_cut_off(
    runtime: Runtime, port: int, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though a byte comes now and then."""
    monkeypatch.setattr(body_spool, "SILENCE_SECONDS_MAX", 0.5)
    monkeypatch.setattr(body_spool, "BYTES_PER_SECOND_MIN", 1000)
    stop = threading.Event()
    with connected(port) as connection:
        connection.sendall(request_head(upload, 1, size_bytes=PART_BYTES))

        def trickle() -> None:
            try:
                while not stop.wait(0.05):
                    connection.sendall(b"x")
            except OSError:
                return  # cut off

        trickling = threading.Thread(target=trickle)
        trickling.start()
        assert answer_of(connection).startswith(b"HTTP/1.1 408")
        stop.set()
        trickling.join()
    assert stored_numbers(runtime, upload) == []


def test_no_database_connection_waits_for_a_slow_client(
    runtime: Runtime, port: int, upload: Upload
) -> None:
    """More clients than connections and threads fall silent; another is served meanwhile."""
    checked_out = threading.Semaphore(0)
    sqlalchemy_event.listen(runtime.engine, "checkin", lambda *_: checked_out.release())
    silent = [connected(port) for _ in range(2 * runtime.settings.database_pool_size)]
    for connection in silent:
        connection.sendall(request_head(upload, 1, size_bytes=PART_BYTES) + b"fLaC")
    for _ in silent:
        assert checked_out.acquire(timeout=30)  # the addresses of all were looked at
    assert runtime.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert put(port, upload, 2).startswith(b"HTTP/1.1 200")
    for connection in silent:
        connection.close()


@pytest.mark.parametrize("memory_bytes", [0, PART_BYTES, 100 * PART_BYTES])
def test_bodies_go_to_the_disk_when_memory_is_short(
    runtime: Runtime,
    port: int,
    upload: Upload,
    *,
    memory_bytes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(body_spool, "MEMORY_BYTES_MAX", memory_bytes)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda number: put(port, upload, number), (1, 2, 3)))
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
    assert stored_numbers(runtime, upload) == [1, 2, 3]
    assert body_spool.memory.claimed_bytes == 0
    assert open_files_in(runtime.settings.scratch_path) == []


def test_a_disk_without_room_takes_no_bodies(
    runtime: Runtime, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_spool, "MEMORY_BYTES_MAX", 0)
    settings = runtime.settings.model_copy(update={"disk_free_bytes_min": 2**62})
    with served(replace(runtime, settings=settings)) as port:
        answer = put(port, upload, 1)
    assert answer.startswith(b"HTTP/1.1 507")
    assert b"no room" in answer
    assert stored_numbers(runtime, upload) == []


def test_who_is_refused_hears_why_though_everything_was_sent(port: int, upload: Upload) -> None:
    part = part_of(1)
    head = request_head(upload, 1, size_bytes=len(part)).replace(b"signature=", b"signature=0")
    with connected(port) as connection:
        connection.sendall(head + part)
        assert answer_of(connection).startswith(b"HTTP/1.1 403")


def test_who_sends_nothing_after_a_refusal_hears_it_as_well(
    port: int, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_spool, "DRAINING_SECONDS_MAX", 0.2)
    with connected(port) as connection:
        connection.sendall(request_head(upload, 1, size_bytes=PART_BYTES + 1))
        assert answer_of(connection).startswith(b"HTTP/1.1 400")
