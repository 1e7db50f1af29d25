"""Sees to it that all processes of an installation mean the same folders, and the same store.

With an outside database, a worker on another machine could store files, or write an index, where
nobody else looks; and a bucket's name is soon mistyped. So the first process that uses a folder or
a bucket leaves a mark in it and notes it in the database; whoever comes with one without that
mark is refused.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection

from portal.db.migrate import require_current
from portal.errors import Conflict
from portal.ids import new_id
from portal.installation import repository
from portal.installation.models import OBJECTS, SharedFolder, claimed_folders
from portal.runtime import Runtime, read_storage_mark, set_up_storage, write_storage_mark
from portal.settings import Settings, variable_name
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


def set_up_store(runtime: Runtime) -> None:
    """Make an outside store ready for its first use, and again after changes of the settings.

    An installation that has a store gets no second one by a slip: raises Conflict. Raises
    StorageError for a store that is away, or that does not let us.
    """
    with runtime.engine.connect() as connection:
        is_new = repository.mark_of(connection, OBJECTS) is None
    if not is_new:
        claim_store(runtime)
    set_up_storage(runtime.settings)
    if is_new:
        claim_store(runtime)


def claim_store(runtime: Runtime) -> None:
    """Mark the bucket that this process uses, or check its mark. A local one is among the folders.

    Raises Conflict or StorageError.
    """
    settings = runtime.settings
    if settings.is_local_storage:
        return
    found = read_storage_mark(
        settings
    )  # it may take long: nobody is to wait behind a claim of ours
    with runtime.engine.begin() as connection:
        repository.hold_claims(connection)
        known = repository.mark_of(connection, OBJECTS)
        if known is None:
            repository.note_mark(connection, OBJECTS, found or _write_in_store(settings))
        elif found != known:
            raise Conflict(_store_refusal(settings, found, known))


def take_over(runtime: Runtime) -> None:
    """Let the database know these folders and this store from now on, whatever it knew: they hold
    copies of all. Raises Conflict or StorageError.
    """
    with runtime.engine.begin() as connection:
        repository.hold_claims(connection)
        repository.forget_marks(connection)
    with runtime.engine.begin() as connection:
        claim_folders(connection, runtime.settings)
    claim_store(runtime)


def claim_folders(connection: Connection, settings: Settings) -> None:
    """Mark the folders that this process uses, or check their marks. Raises Conflict."""
    folders = [folder for folder in claimed_folders(settings) if not _is_unmounted(folder)]
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
    return folder.name == OBJECTS and not (folder.path / root.MARK).exists()


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


def _write_in_store(settings: Settings) -> str:
    mark = new_id()
    write_storage_mark(settings, mark)
    return mark


def _store_refusal(settings: Settings, found: str | None, known: str) -> str:
    fault = "has another mark" if found else f"is not there, or lacks its mark, the object {MARK}"
    return (
        f"This installation has its files elsewhere: the bucket {settings.s3_bucket} at "
        f"{settings.s3_endpoint_url} {fault}. See {variable_name('s3_bucket')} and "
        f"{variable_name('s3_endpoint_url')}; `portal move` takes an installation to another "
        f"store. If this is its store, restored without the mark, put {known} into its object "
        f"{MARK}."
    )
