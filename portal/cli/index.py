"""portal index: the search index is a copy of the database that can be made again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from portal.cli.failures import FAILED
from portal.cli.installation import opened, read_settings
from portal.cli.output import say, warn
from portal.runtime import make_search_key
from portal.search import service


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("rebuild")(rebuild)
    group.command("check")(check)
    group.command("key")(key)
    app.add_typer(group, name="index", help="Rebuild or check the search index.")


def rebuild() -> None:
    """Make the index anew from the database; searches go on meanwhile."""
    with opened() as runtime, runtime.engine.connect() as connection:
        count = service.rebuild_index(connection, runtime.search)
    say(f"The index is rebuilt and holds {count} documents.")


def check() -> None:
    """Compare the index with the database, document by document."""
    with opened() as runtime, runtime.engine.connect() as connection:
        differences = service.check_index(connection, runtime.search)
    if differences.is_empty:
        say("The index agrees with the database.")
        return
    for what, ids in (
        ("missing", differences.missing),
        ("surplus", differences.surplus),
        ("changed", differences.changed),
    ):
        for document_id in ids:
            say(f"{what}: {document_id}")
    say(
        f"The index differs from the database (documents: {differences.count}). "
        "Changes of the last moments wait for a worker; what stays different is put right by "
        "portal index rebuild."
    )
    raise typer.Exit(FAILED)


def key(
    *,
    master_key_file: Annotated[
        Path,
        typer.Option(
            exists=True, dir_okay=False, readable=True, help="Holds the server's master key."
        ),
    ],
) -> None:
    """Make the portal's own key on the Meilisearch server, and print it.

    With PORTAL_MEILI_KEY set the key stays unsaid; it is only compared. Safe to repeat.
    """
    settings = read_settings()
    made = make_search_key(settings, master_key=master_key_file.read_text().strip())
    if settings.meili_key is None:
        say(made)
    elif settings.meili_key.get_secret_value() == made:
        say(f"The search server knows PORTAL_MEILI_KEY, for {settings.meili_index} and its drafts.")
    else:
        warn("PORTAL_MEILI_KEY is not the portal's own key; without it this command prints that.")
        raise typer.Exit(FAILED)
