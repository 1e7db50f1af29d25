"""Sees to it that all processes of an installation mean the same folders.

With an outside database, a worker on another machine could store files, or write an index, where
nobody else looks. So the first process that uses a folder leaves a mark in it and notes it in the
database; whoever comes with a folder without that mark is refused.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection

from portal.db.migrate import require_current
from portal.errors import Conflict
from portal.ids import new_id
from portal.installation import repository
from portal.installation.models import SharedFolder, shared_folders
from portal.runtime import Runtime
from portal.settings import Settings
from portal.storage import root

MARK = ".installation"
FOLDER_MODE = 0o700
FILE_MODE = 0o600


def require_sound(runtime: Runtime) -> None:
    """What every process makes sure of before it works: the right schema, the right folders.

    Raises Conflict, saying what to do, or DatabaseUnavailable.
    """
    require_current(runtime.engine)
    with runtime.engine.begin() as connection:
        claim_folders(connection, runtime.settings)


def claim_folders(connection: Connection, settings: Settings) -> None:
    """Mark the folders that this process uses, or check their marks. Raises Conflict."""
    folders = [folder for folder in shared_folders(settings) if not _is_unmounted(folder)]
    if folders:
        repository.hold_claims(connection)
    for folder in folders:
        known = repository.mark_of(connection, folder.name)
        if known is None:
            repository.note_mark(connection, folder.name, _read(folder.path) or _write(folder))
        elif _read(folder.path) != known:
            raise Conflict(_refusal(folder, known))


def _is_unmounted(folder: SharedFolder) -> bool:
    """Every use of such a store says so."""
    return folder.name == "objects" and not (folder.path / root.MARK).exists()


def _read(path: Path) -> str | None:
    try:
        return (path / MARK).read_text().strip() or None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Conflict(f"{path / MARK} cannot be read: {error.strerror}.") from error


def _write(folder: SharedFolder) -> str:
    mark, path = new_id(), folder.path / MARK
    try:
        with suppress(FileExistsError):
            folder.path.mkdir(mode=FOLDER_MODE, parents=True)
        path.touch(mode=FILE_MODE)
        path.write_text(f"{mark}\n")
    except OSError as error:
        raise Conflict(f"{path} cannot be written: {error.strerror}.") from error
    return mark


def _refusal(folder: SharedFolder, mark: str) -> str:
    return (
        f"This process has another data folder than the rest of its installation: {folder.path} "
        f"is not where {folder.holds} lie. On another machine, share that folder or set "
        f"{folder.instead}. If this is that folder, restored without its hidden files, write "
        f"{mark} into its file {MARK}."
    )
