"""A Meilisearch server that a test may stop and start: its own, or the way to a shared one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Protocol
from urllib.parse import urlsplit

import pytest
import requests

from portal.ids import new_id
from tests.e2e.processes import free_port, wait_until

PROGRAM = "PORTAL_TEST_MEILI_PROGRAM"


class Stoppable(Protocol):
    """Starting what runs, and stopping what does not, changes nothing."""

    @property
    def url(self) -> str: ...
    def stop(self) -> None: ...
    def start(self) -> None: ...


class Gate:
    """A port that leads to the shared server while it is open, and refuses while it is not."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 80)
        self._port = free_port()
        self._listener: _Listener | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        if self._listener is None:
            self._listener = _Listener(self._port, target=self._target)
            threading.Thread(target=self._listener.serve_forever, args=[0.02], daemon=True).start()

    def stop(self) -> None:
        """Waits for what is on its way."""
        if self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener = None


class _Listener(ThreadingTCPServer):
    allow_reuse_address = True

    def __init__(self, port: int, *, target: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", port), _Passage)
        self.target = target


class _Passage(BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Listener)
        with socket.create_connection(self.server.target) as far:
            back = threading.Thread(target=_pump, args=[far, self.request])
            back.start()
            _pump(self.request, far)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65_536):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class OwnServer:
    """A process of the test's own, with a data folder that outlives it."""

    def __init__(self, program: str, folder: Path, *, key: str) -> None:
        self._program = program
        self._folder = folder
        self._key = key
        self._address = f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self._address}"

    def start(self) -> None:
        if self._process is not None:
            return
        self._folder.mkdir(exist_ok=True)
        options = {
            "--http-addr": self._address,
            "--master-key": self._key,
            "--db-path": str(self._folder / "data"),
            "--env": "production",
        }
        self._process = subprocess.Popen(
            [self._program, "--no-analytics", *chain.from_iterable(options.items())],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._is_healthy)

    def stop(self) -> None:
        """At once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _is_healthy(self) -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"{self.url}/health", timeout=5).ok
        return False


@contextmanager
def own_server_or_skip(folder: Path) -> Iterator[tuple[OwnServer, str]]:
    """(the server, started, and its master key)."""
    program = os.environ.get(PROGRAM) or shutil.which("meilisearch")
    if program is None:
        pytest.skip(f"there is no Meilisearch program: neither {PROGRAM} nor the path names one")
    key = new_id()
    server = OwnServer(program, folder, key=key)
    server.start()
    try:
        yield server, key
    finally:
        server.stop()


@contextmanager
def gate_to(url: str) -> Iterator[Gate]:
    gate = Gate(url)
    gate.start()
    try:
        yield gate
    finally:
        gate.stop()
