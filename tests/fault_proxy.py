"""A proxy on loopback that spoils HTTP requests as it is told, and counts what passes.

It takes one request per connection, answers `Expect: 100-continue` itself, and changes neither
host nor path, so that signatures stay valid.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

CHUNK_BYTES = 64 * 1024
HEAD_BYTES_MAX = 64 * 1024
SILENCE_SECONDS_MAX = 120.0
FOREVER = 10**9
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Fault:
    """What happens to the next `times` requests of `method` (any if None) to a matching address.

    `path` is a regular expression that is searched for in path and query. `delay_seconds` and
    `bytes_per_second` go with any other; request bytes are those of the body, answer bytes all.
    """

    method: str | None = None
    path: str = ""
    times: int = 1
    delay_seconds: float = 0.0
    bytes_per_second: int | None = None
    is_reset: bool = False
    """The connection breaks before the server hears of the request."""
    answer: bytes | None = None
    """The whole answer, sent in place of the server's, which hears of nothing."""
    cut_request_bytes: int | None = None
    cut_answer_bytes: int | None = None
    is_reply_lost: bool = False
    """The server acts, and the client never learns."""

    def fits(self, method: str, address: str) -> bool:
        return self.method in {None, method} and re.search(self.path, address) is not None


@dataclass
class Exchange:
    """A request as it passed; `address` is path and query."""

    method: str
    address: str
    fault: Fault | None
    request_bytes: int = 0
    answer_bytes: int = 0


class FaultProxy:
    """`url` is where it listens; `exchanges` are what passed, in the order of arrival."""

    def __init__(self, upstream_url: str) -> None:
        parts = urlsplit(upstream_url)
        self.upstream = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.exchanges: list[Exchange] = []
        self._plans: deque[tuple[Fault, int]] = deque()
        self._lock = threading.Lock()

    def plan(self, *faults: Fault) -> None:
        """A request meets the first of all planned faults that fits it and is not used up."""
        with self._lock:
            self._plans.extend((fault, fault.times) for fault in faults)

    def planned(self) -> int:
        """How many planned faults are not used up."""
        with self._lock:
            return len(self._plans)

    def plan_nothing(self) -> None:
        """Forget what is planned; what has passed is remembered."""
        with self._lock:
            self._plans.clear()

    def clear(self) -> None:
        """Forget what is planned and what has passed."""
        with self._lock:
            self._plans.clear()
            self.exchanges.clear()

    def passed(self, method: str, path: str = "") -> list[Exchange]:
        """The exchanges of that method whose address matches the regular expression `path`."""
        wanted = Fault(method=method, path=path)
        with self._lock:
            return [found for found in self.exchanges if wanted.fits(found.method, found.address)]

    def count(self, method: str, path: str = "") -> int:
        return len(self.passed(method, path))

    def serve(self) -> None:
        """Until `close`."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=[client], daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _handle(self, client: socket.socket) -> None:
        client.settimeout(SILENCE_SECONDS_MAX)
        with client, suppress(OSError):  # a broken connection is what we are here for
            request = _read_head(client)
            if request is None:
                return
            exchange = self._note(request)
            if exchange.fault is not None:
                time.sleep(exchange.fault.delay_seconds)
            _pass(client, request, exchange, self.upstream)

    def _note(self, request: _Request) -> Exchange:
        with self._lock:
            exchange = Exchange(request.method, request.address, self._next_fault(request))
            self.exchanges.append(exchange)
            return exchange

    def _next_fault(self, request: _Request) -> Fault | None:
        for index, (fault, left) in enumerate(self._plans):
            if fault.fits(request.method, request.address):
                self._plans[index] = (fault, left - 1)
                if left <= 1:
                    del self._plans[index]
                return fault
        return None


@contextmanager
def fault_proxy(upstream_url: str) -> Iterator[FaultProxy]:
    """A proxy before `upstream_url`, from when it takes connections on."""
    proxy = FaultProxy(upstream_url)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()


def http_answer(status: str, body: str = "", *, media_type: str = "application/xml") -> bytes:
    """`http_answer("503 Slow Down", s3_error("SlowDown"))`."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\n"
        f"Content-Length: {len(body.encode())}\r\nConnection: close\r\n\r\n"
    )
    return (head + body).encode()


def s3_error(code: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>Planned.</Message></Error>"
    )


@dataclass(frozen=True)
class _Request:
    method: str
    address: str
    head: bytes
    """As the server gets it."""
    body_bytes: int
    body_start: bytes
    """What came with the head."""


def _read_head(client: socket.socket) -> _Request | None:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = client.recv(CHUNK_BYTES)
        if not chunk or len(received) > HEAD_BYTES_MAX:
            return None
        received += chunk
    head, _, body_start = received.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    headers = [
        (name.lower(), value.strip()) for name, _, value in (x.partition(b":") for x in lines)
    ]
    named = dict(headers)
    if named.get(b"expect", b"").lower() == b"100-continue":
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    kept = [
        line
        for line, (name, _) in zip(lines, headers, strict=True)
        if name not in {b"expect", b"connection"}
    ]
    method, address, _ = first.decode("latin-1").split(" ", 2)
    return _Request(
        method=method,
        address=address,
        head=b"\r\n".join([first, *kept, b"Connection: close"]) + b"\r\n\r\n",
        body_bytes=int(named.get(b"content-length", b"0")),
        body_start=body_start,
    )


def _pass(
    client: socket.socket, request: _Request, exchange: Exchange, upstream: tuple[str, int]
) -> None:
    fault = exchange.fault or Fault()
    if fault.is_reset:
        _reset(client)
        return
    if fault.answer is not None:
        for chunk in _body(client, request):
            exchange.request_bytes += len(chunk)
        client.sendall(fault.answer)
        exchange.answer_bytes = len(fault.answer)
        return
    with socket.create_connection(upstream, timeout=SILENCE_SECONDS_MAX) as server:
        server.sendall(request.head)
        if not _send_body(client, server, request, exchange, fault):
            _reset(server)
            _reset(client)
            return
        _send_answer(client, server, exchange, fault)


def _send_body(
    client: socket.socket,
    server: socket.socket,
    request: _Request,
    exchange: Exchange,
    fault: Fault,
) -> bool:
    """Whether all of it went through."""
    for chunk in _body(client, request):
        limit = FOREVER if fault.cut_request_bytes is None else fault.cut_request_bytes
        sent = chunk[: limit - exchange.request_bytes]
        server.sendall(sent)
        exchange.request_bytes += len(sent)
        if exchange.request_bytes >= limit:
            return False
        _hold_back(len(sent), fault)
    return True


def _send_answer(
    client: socket.socket, server: socket.socket, exchange: Exchange, fault: Fault
) -> None:
    limit = FOREVER if fault.cut_answer_bytes is None else fault.cut_answer_bytes
    while chunk := server.recv(CHUNK_BYTES):
        sent = chunk[: limit - exchange.answer_bytes]
        exchange.answer_bytes += len(sent)
        if not fault.is_reply_lost:
            client.sendall(sent)
        if exchange.answer_bytes >= limit:
            break
        _hold_back(len(sent), fault)
    if fault.is_reply_lost or fault.cut_answer_bytes is not None:
        _reset(client)


def _body(client: socket.socket, request: _Request) -> Iterator[bytes]:
    chunk, left = request.body_start, request.body_bytes
    while left:
        if chunk:
            yield chunk
            left -= len(chunk)
        if left:
            chunk = client.recv(min(left, CHUNK_BYTES))
            if not chunk:
                raise ConnectionResetError("the client left")


def _hold_back(size_bytes: int, fault: Fault) -> None:
    if fault.bytes_per_second is not None:
        time.sleep(size_bytes / fault.bytes_per_second)


def _reset(connection: socket.socket) -> None:
    """Close it so that the other side gets an error, not an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    connection.close()
