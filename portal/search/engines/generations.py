"""Generations of an index on disk: one is current, a pointer file says which, a lock guards both.

<folder>/current      JSON {generation, previous, schema_version}, replaced atomically
<folder>/lock         flock of whoever writes
<folder>/<id>/        one generation; the one before the current is kept for slow readers
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from portal.errors import IndexUnusable, SearchUnavailable
from portal.ids import is_id, new_id

FOLDER_MODE = 0o700
FILE_MODE = 0o600
"""Texts under embargo are in the index too."""
REBUILD = "Run `portal index rebuild`."


@dataclass(frozen=True)
class Pointer:
    generation: str
    previous: str | None
    schema_version: int


class Generations:
    """Only whoever is inside `writing()` may create, switch or change a generation."""

    def __init__(self, folder: Path, *, schema_version: int) -> None:
        self._folder = folder
        self._pointer_path = folder / "current"
        self._schema_version = schema_version

    def current(self) -> Path | None:
        """The folder to read; None while there is no index at all.

        Raises IndexUnusable when it is damaged or of another layout, SearchUnavailable when it
        cannot be read.
        """
        pointer = self._read_pointer()
        if pointer is None:
            return None
        if pointer.schema_version != self._schema_version:
            raise IndexUnusable(
                "The search index was written by another version of the portal "
                f"(its layout is {pointer.schema_version}, not {self._schema_version}). {REBUILD}"
            )
        return self._folder / pointer.generation

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Wait until no other thread or process writes, and keep them out."""
        try:
            self._folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            lock = _open_private(self._folder / "lock")
        except OSError as error:
            raise SearchUnavailable(
                f"The search index cannot be written: {error.strerror}."
            ) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def create(self) -> Path:
        """An empty folder for a generation to come."""
        path = self._folder / new_id()
        path.mkdir(mode=FOLDER_MODE)
        return path

    def drop(self, path: Path) -> None:
        """One that was created and is not current; what stays goes with the next switch."""
        shutil.rmtree(path, ignore_errors=True)

    def switch_to(self, path: Path) -> None:
        """Make `path` the current generation at one stroke; drop all but the one before it."""
        before = self._readable_pointer()
        pointer = Pointer(
            generation=path.name,
            previous=before.generation if before else None,
            schema_version=self._schema_version,
        )
        self._write_pointer(pointer)
        self._remove_all_but({pointer.generation, pointer.previous})

    def _read_pointer(self) -> Pointer | None:
        try:
            return Pointer(**json.loads(self._pointer_path.read_text()))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SearchUnavailable(
                f"The search index cannot be read: {error.strerror}. {REBUILD}"
            ) from error
        except (ValueError, TypeError) as error:
            raise IndexUnusable(f"The search index is damaged: {error}. {REBUILD}") from error

    def _readable_pointer(self) -> Pointer | None:
        try:
            return self._read_pointer()
        except SearchUnavailable:
            return None

    def _write_pointer(self, pointer: Pointer) -> None:
        draft = self._folder / "current.new"
        with _open_private(draft) as file:
            json.dump(asdict(pointer), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._pointer_path)

    def _remove_all_but(self, kept: set[str | None]) -> None:
        for path in self._folder.iterdir():
            if is_id(path.name) and path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)


def _open_private(path: Path) -> TextIO:
    """The emptied file, to write to."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE), "w")
