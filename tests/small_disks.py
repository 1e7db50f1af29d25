"""Disks that are soon full: file systems in memory, seen through /proc by this process alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MOUNT = 'mount -t tmpfs -o size="$0" tmpfs /mnt && echo ready && read -r _'


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """The folder of a disk of `size`, such as 20m, mounted in a namespace of its own."""
    with subprocess.Popen(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT, size],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        if holder.stdout.readline() != "ready\n":
            pytest.skip("no file system may be mounted here, not even in a namespace")
        yield Path("/proc", str(holder.pid), "root", "mnt")
        holder.communicate("\n")
