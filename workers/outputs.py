"""Opens and stores what a sandboxed program left: regular files, never a link, never a wait.

Foreign bytes may have taken the program over: a pipe of an expected name would block its reader
for ever, and a link would make a file of the machine public.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom, BufferedReader
from pathlib import Path

from portal.errors import Interrupted, ToolFailed
from portal.storage import keys
from workers.run import Run

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


@dataclass(frozen=True)
class Stored:
    """A file that is in the store."""

    key: str
    size_bytes: int
    sha256: str


@contextmanager
def output_folder(path: Path) -> Iterator[int]:
    """A descriptor of the folder. Raises ToolFailed when it is none any more."""
    try:
        descriptor = os.open(path, _FOLDER_FLAGS)
    except OSError as error:
        raise _unusable(path.name) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def open_output(name: str, *, within: int) -> Iterator[BufferedReader]:
    """The file `name` of an output folder. Raises ToolFailed when it is no regular file."""
    try:
        descriptor = os.open(name, _FILE_FLAGS, dir_fd=within)
    except OSError as error:
        raise _unusable(name) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _unusable(name)
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor has no path
        yield stream


def read_output(name: str, *, within: int, bytes_max: int) -> bytes:
    """The whole of a small file. Raises ToolFailed when it is missing or larger."""
    with open_output(name, within=within) as stream:
        data = stream.read(bytes_max + 1)
    if len(data) > bytes_max:
        raise ToolFailed(f"{name}, which the program wrote, is larger than it can be.")
    return data


def require_whole_jpeg(stream: BufferedReader, *, name: str) -> None:
    """Raises ToolFailed when its beginning or its end is missing: a full disk cuts files off."""
    start = stream.read(len(_JPEG_START))
    stream.seek(max(0, os.fstat(stream.fileno()).st_size - len(_JPEG_END)))
    if (start, stream.read()) != (_JPEG_START, _JPEG_END):
        raise ToolFailed(f"{name}, which the program wrote, is not a whole picture.")


def store_output(
    run: Run, stream: BufferedReader | BufferedRandom, name: str, *, media_type: str
) -> Stored:
    """Store an open output under this attempt's own prefix."""
    if run.stop.is_set():
        raise Interrupted("Storing was ended because the worker is stopping.")
    key = keys.result(run.asset.id, run.step, run.attempt, name)
    stream.seek(0)
    sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    # By its descriptor: the very file that was checked, whatever its name means by now.
    opened = Path(f"/proc/self/fd/{stream.fileno():d}")
    info = run.runtime.store.put_file(key, opened, media_type=media_type)
    return Stored(key=key, size_bytes=info.size_bytes, sha256=sha256)


def _unusable(name: str) -> ToolFailed:
    return ToolFailed(f"The program ended well but did not write {name} as it should.")
