"""Unit tests touch no network and no database: a connection is a fault of the test."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def no_sockets() -> Iterator[None]:
    def refuse(*_arguments: object) -> None:
        raise AssertionError("a unit test opened a socket; it belongs under tests/integration")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield
