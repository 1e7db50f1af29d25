"""portal migrate: bring the database to the schema of this version."""

from __future__ import annotations

import typer

from portal.cli.installation import make_data_folder, read_settings
from portal.cli.output import say
from portal.db.migrate import current_revision, head_revision, upgrade
from portal.runtime import open_runtime


def register(app: typer.Typer) -> None:
    app.command("migrate")(migrate)


def migrate() -> None:
    """Run what is missing, all of it or nothing; safe to repeat."""
    settings = read_settings()
    make_data_folder(settings)
    with open_runtime(settings) as runtime:
        before = current_revision(runtime.engine)
        upgrade(runtime.engine)
    if before == head_revision():
        say(f"The database is at revision {before} already.")
    else:
        say(f"The database was at revision {before or 'none'} and is at {head_revision()} now.")
