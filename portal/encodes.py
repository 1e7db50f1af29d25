"""How many encodes a machine can bear at once, and the share of each worker process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import ceil
from pathlib import Path

from portal.settings import Settings

ENCODE_BYTES = 1024**3
"""Memory that one encode may take whose largest rung has 1080 lines, and twice that for 2160; see
docs/decisions/0023-chunks.md.
"""
_CGROUP = Path("/sys/fs/cgroup")


def encodes_at_once(settings: Settings) -> int:
    """What the settings say, or else one for each core that has memory enough."""
    return settings.encodes_max or bearable_encodes(
        cores=_cores(), memory_bytes=_memory_bytes(), lines=settings.max_rung
    )


def bearable_encodes(*, cores: int, memory_bytes: int, lines: int) -> int:
    encode_bytes = ENCODE_BYTES * max(1, ceil(lines / 1080))
    return max(1, min(cores, memory_bytes // encode_bytes))


def shares(encodes: int, *, processes: int) -> Sequence[int]:
    """How many of the encodes each process runs at once: one at least, and no more in all.

    Rather than that each has as many as the machine bears: else they would multiply.
    """
    whole, rest = divmod(encodes, max(1, processes))
    return [max(1, whole + (number < rest)) for number in range(processes)]


def _cores() -> int:
    """Those that this process may use, by its affinity and the quota of its container."""
    usable = len(os.sched_getaffinity(0))
    quota, _, period = _read(_CGROUP / "cpu.max").partition(" ")
    return min(usable, ceil(int(quota) / int(period))) if quota.isdecimal() else usable


def _memory_bytes() -> int:
    """That of the machine, or of the container if it has less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _read(_CGROUP / "memory.max")
    return min(machine, int(limit)) if limit.isdecimal() else machine


def _read(path: Path) -> str:
    """Nothing where there is no such limit, or no control group at all."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
