"""The servers that are measured: a portal, and a bare granian beside it, one process each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tests.e2e.processes import Installation, answers_ready, free_port, wait_until


@contextmanager
def running_portal(installation: Installation) -> Iterator[int]:
    """Its port; it has no workers."""
    port = free_port()
    with installation.started("serve", "--port", str(port), "--workers", "0") as process:
        wait_until(lambda: answers_ready(port), process)
        yield port


@contextmanager
def running_bare(
    application: str,
    *,
    variables: Mapping[str, str],
    is_ready: Callable[[int], bool] = answers_ready,
) -> Iterator[int]:
    """The port of a granian that serves nothing but `application`, as "module:name"."""
    port = free_port()
    argv = ["-m", "granian", "--interface", "asgi", "--port", str(port), "--no-ws", application]
    process = subprocess.Popen(
        [sys.executable, *argv],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: is_ready(port), process)
        yield port
    finally:
        process.terminate()
        process.wait()
