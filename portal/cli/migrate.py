"""portal migrate: bring database and store to what this version needs."""

from __future__ import annotations

import typer

from portal.cli.installation import make_data_folder, read_settings
from portal.cli.output import say
from portal.db.migrate import current_revision, head_revision, upgrade
from portal.installation.service import set_up_store
from portal.runtime import open_runtime


def register(app: typer.Typer) -> None:
    app.command("migrate")(migrate)


def migrate() -> None:
    """Bring the database to this version, all of it or nothing, and set up the store's bucket.

    Safe to repeat.
    """
    settings = read_settings()
    make_data_folder(settings)
    with open_runtime(settings) as runtime:
        before = current_revision(runtime.engine)
        upgrade(runtime.engine)
        _tell_database(before)
        set_up_store(runtime)
    if not settings.is_local_storage:
        say(f"The bucket {settings.s3_bucket} is set up.")


def _tell_database(before: str | None) -> None:
    if before == head_revision():
        say(f"The database is at revision {before} already.")
    else:
        say(f"The database was at revision {before or 'none'} and is at {head_revision()} now.")
