"""What files take on the disk."""

from __future__ import annotations

import os
from pathlib import Path

BLOCK_BYTES = 512
"""The unit of st_blocks (stat(2))."""


def taken_bytes(folder: Path) -> int:
    """What the files in and below `folder` take on the disk; all of it may vanish meanwhile.

    By os.walk, which passes over a folder that is gone; Path.rglob of Python 3.11 raises.
    """
    taken = 0
    for place, _folders, names in os.walk(folder):
        for name in names:
            try:
                taken += os.lstat(os.path.join(place, name)).st_blocks * BLOCK_BYTES  # noqa: PTH118 - may be very many
            except FileNotFoundError:
                continue
    return taken
