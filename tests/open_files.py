"""Files that this process holds open, those without a name included."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def open_files_in(folder: Path) -> list[str]:
    """As the system calls them."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of this very look
            name = str(descriptor.readlink())
            if name.startswith(f"{folder.resolve()}/"):
                found.append(name)
    return found
