"""How fast a file comes in through the portal, beside a bare server that only hashes and writes.

Both are granian with one process; the same client sends the same parts to both, three at once.
The portal checks and remembers each part and returns when it is safe on the disk; the bare server
does neither. With a store it is counted what still goes through the portal.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from threading import local
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from portal.accounts import service as accounts
from portal.events import service as events
from portal.runtime import open_runtime
from portal.settings import Settings, load_settings
from portal.storage.s3.bucket import set_up_bucket
from portal.visibility import Role
from tests.bench.reporting import Figure, report
from tests.bench.servers import running_bare, running_portal
from tests.e2e.processes import Installation
from tests.versitygw import ACCESS_KEY, SECRET_KEY, running_gateway

PART_BYTES = 8 * 1024**2
PARTS = 64
PARTS_AT_ONCE = 3
ROUNDS = 5
MEGABYTE = 10**6
SLUG = "bench"
BUCKET = "bench-uploads"
UVICORN_MB_PER_SECOND = 312
"""What uvicorn was measured to take of one body that is only written."""

SendPart = Callable[[HTTPConnection, int, bytes], None]


@dataclass(frozen=True)
class Portal:
    """A program that sends files to the portal; `sent_bytes` counts parts by where they went."""

    port: int
    token: str
    sent_bytes: Counter[int] = field(default_factory=Counter)

    def send_file(self, parts: list[bytes]) -> float:
        """Seconds from beginning to its acknowledgement."""
        with _connection(self.port) as connection:
            upload = self.ask(connection, "POST", "", _offer(parts))
            digests = {number: _sha256(part) for number, part in enumerate(parts, start=1)}
            started_at = time.perf_counter()  # a browser hashes on its own machine

            def send(connection: HTTPConnection, number: int, part: bytes) -> None:
                path = f"/{upload['id']}/parts/{number}/sign"
                signed = self.ask(connection, "POST", path, {"sha256": digests[number]})
                address = urlsplit(signed["url"])
                self.sent_bytes[address.port or 80] += len(part)
                path = f"{address.path}?{address.query}"
                if address.port == self.port:
                    _put(connection, path, part)
                else:
                    with _connection(address.port or 80) as store:
                        _put(store, path, part, headers=signed["headers"])

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
        figures = [*_side_by_side(Path(name), parts), _past_the_portal(Path(name), parts[:8])]
    return report("uploads", figures)


def _side_by_side(folder: Path, parts: list[bytes]) -> list[Figure]:
    variables = {"BARE_RECEIVER_FILE": str(folder / "bare")}
    bare = running_bare("tests.bench.bare_receiver:receive", variables=variables, is_ready=_listens)
    with bare as port, _portal(Installation(folder / "local")) as portal:
        pairs = [
            (_bare_seconds(port, parts), portal.send_file(_changed(parts, n)))
            for n in range(ROUNDS)
        ]
    size = PARTS * PART_BYTES / MEGABYTE
    bare, ours = (size / median(seconds) for seconds in zip(*pairs, strict=True))
    ratio = median(bare_seconds / our_seconds for bare_seconds, our_seconds in pairs)
    return [
        Figure("upload through the portal", ours, "MB/s", 2 * UVICORN_MB_PER_SECOND),
        Figure("upload, of a bare server's speed", ratio, "times", 0.5),
        Figure("upload to the bare server", bare, "MB/s", 0),
    ]


def _past_the_portal(folder: Path, parts: list[bytes]) -> Figure:
    with running_gateway(folder / "store") as gateway:
        variables = {
            "PORTAL_S3_ENDPOINT_URL": gateway.url,
            "PORTAL_S3_BUCKET": BUCKET,
            "PORTAL_S3_ACCESS_KEY": ACCESS_KEY,
            "PORTAL_S3_SECRET_KEY": SECRET_KEY,
        }
        installation = Installation(folder / "outside", variables)
        data_dir = {"PORTAL_DATA_DIR": str(installation.folder)}
        set_up_bucket(load_settings({**variables, **data_dir}))
        with _portal(installation) as portal:
            portal.send_file(parts)
    assert sum(portal.sent_bytes.values()) == sum(map(len, parts))
    share = portal.sent_bytes[portal.port]
    return Figure("media through the portal, with a store", share, "bytes", 0, is_ceiling=True)


@contextmanager
def _portal(installation: Installation) -> Iterator[Portal]:
    try:
        with running_portal(installation) as port:
            yield Portal(port, _token(installation.settings))
    finally:
        installation.end()


def _token(settings: Settings) -> str:
    with open_runtime(settings) as runtime, runtime.engine.begin() as connection:
        events.ensure_event(connection, SLUG)
        account = accounts.create_account(
            connection, "bench@example.org", name="Bench", role=Role.EDITOR
        )
        return accounts.create_token(connection, account, label="bench")[1]


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


def _put(
    connection: HTTPConnection,
    path: str,
    part: bytes,
    *,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> None:
    connection.request("PUT", path, part, dict(headers))
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
