"""How fast a file comes in through the portal, beside a bare server that only hashes and writes.

Both are granian with one process; the same client sends the same parts to both, three at once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from threading import local
from typing import Any
from urllib.parse import urlsplit

from portal.accounts import service as accounts
from portal.events import service as events
from portal.runtime import open_runtime
from portal.settings import Settings
from portal.visibility import Role
from tests.bench.reporting import Figure, report
from tests.e2e.processes import Installation, answers_ready, free_port, wait_until

PART_BYTES = 8 * 1024**2
PARTS = 64
PARTS_AT_ONCE = 3
ROUNDS = 5
MEGABYTE = 10**6
SLUG = "bench"
UVICORN_MB_PER_SECOND = 312
"""What uvicorn was measured to take of one body that is only written."""

SendPart = Callable[[HTTPConnection, int, bytes], None]


@dataclass(frozen=True)
class Portal:
    """A program that sends files to the portal."""

    port: int
    token: str

    def send_file(self, parts: list[bytes]) -> float:
        """Seconds from beginning to its acknowledgement."""
        started_at = time.perf_counter()
        with _connection(self.port) as connection:
            upload = self.ask(connection, "POST", "", _offer(parts))
            digests = {number: _sha256(part) for number, part in enumerate(parts, start=1)}
            started_at = time.perf_counter()  # a browser hashes on its own machine

            def send(connection: HTTPConnection, number: int, part: bytes) -> None:
                path = f"/{upload['id']}/parts/{number}/sign"
                signed = self.ask(connection, "POST", path, {"sha256": digests[number]})
                address = urlsplit(signed["url"])
                _put(connection, f"{address.path}?{address.query}", part)

            _send_all(self.port, parts, send)
            self.ask(connection, "POST", f"/{upload['id']}/complete", {})
        return time.perf_counter() - started_at

    def ask(self, connection: HTTPConnection, method: str, path: str, body: object) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, f"/api/v1/uploads{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 300, text
        return json.loads(text)


def main() -> int:
    parts = [os.urandom(PART_BYTES) for _ in range(PARTS)]
    parts[0] = b"fLaC" + parts[0][4:]
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as name:
        folder = Path(name)
        with _portal(folder) as portal, _bare(folder) as port:
            pairs = [
                (_bare_seconds(port, parts), portal.send_file(_changed(parts, n)))
                for n in range(ROUNDS)
            ]
    size = PARTS * PART_BYTES / MEGABYTE
    bare, ours = (size / median(seconds) for seconds in zip(*pairs, strict=True))
    ratio = median(bare_seconds / our_seconds for bare_seconds, our_seconds in pairs)
    return report(
        "uploads",
        [
            Figure("upload through the portal", ours, "MB/s", 2 * UVICORN_MB_PER_SECOND),
            Figure("upload, of a bare server's speed", ratio, "times", 0.8),
            Figure("upload to the bare server", bare, "MB/s", 0),
        ],
    )


@contextmanager
def _portal(folder: Path) -> Iterator[Portal]:
    installation = Installation(folder / "data")
    port = free_port()
    with (
        installation.started("serve", "--port", str(port), "--workers", "0") as process,
    ):
        wait_until(lambda: answers_ready(port), process)
        yield Portal(port, _token(installation.settings))


def _token(settings: Settings) -> str:
    with open_runtime(settings) as runtime, runtime.engine.begin() as connection:
        events.ensure_event(connection, SLUG)
        account = accounts.create_account(
            connection, "bench@example.org", name="Bench", role=Role.EDITOR
        )
        return accounts.create_token(connection, account, label="bench")[1]


@contextmanager
def _bare(folder: Path) -> Iterator[int]:
    port = free_port()
    argv = ["-m", "granian", "--interface", "asgi", "--port", str(port), "--no-ws"]
    process = subprocess.Popen(
        [sys.executable, *argv, "tests.bench.bare_receiver:receive"],
        env={**os.environ, "BARE_RECEIVER_FILE": str(folder / "bare")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _listens(port), process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _bare_seconds(port: int, parts: list[bytes]) -> float:
    def send(connection: HTTPConnection, number: int, part: bytes) -> None:
        _put(connection, f"/{(number - 1) * PART_BYTES}", part)

    started_at = time.perf_counter()
    _send_all(port, parts, send)
    return time.perf_counter() - started_at


def _send_all(port: int, parts: list[bytes], send: SendPart) -> None:
    """Three at once, each over a connection of its own that stays open."""
    own = local()

    def work(number: int) -> None:
        if not hasattr(own, "connection"):
            own.connection = HTTPConnection("127.0.0.1", port)
        send(own.connection, number, parts[number - 1])

    with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
        list(pool.map(work, range(1, len(parts) + 1)))


def _put(connection: HTTPConnection, path: str, part: bytes) -> None:
    connection.request("PUT", path, part)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, text
    assert answer.headers["etag"]


@contextmanager
def _connection(port: int) -> Iterator[HTTPConnection]:
    connection = HTTPConnection("127.0.0.1", port)
    try:
        yield connection
    finally:
        connection.close()


def _listens(port: int) -> bool:
    with _connection(port) as connection:
        try:
            connection.request("PUT", "/0", b"")
            return connection.getresponse().status == 200
        except OSError:
            return False


def _offer(parts: list[bytes]) -> dict[str, object]:
    head = hashlib.sha256(parts[0])
    return {
        "event": SLUG,
        "filename": f"{head.hexdigest()}.flac",
        "size_bytes": sum(map(len, parts)),
        "head": base64.b64encode(parts[0][:4096]).decode(),
    }


def _changed(parts: list[bytes], number: int) -> list[bytes]:
    """Another file of the same size."""
    return [*parts[:-1], number.to_bytes(8, "big") + parts[-1][8:]]


def _sha256(part: bytes) -> str:
    return hashlib.sha256(part).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
