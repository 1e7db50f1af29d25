"""portal index: the search index is a copy of the database that can be made again."""

from __future__ import annotations

import typer

from portal.cli.failures import FAILED
from portal.cli.installation import opened
from portal.cli.output import say
from portal.search import service


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("rebuild")(rebuild)
    group.command("check")(check)
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
