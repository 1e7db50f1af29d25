"""portal move: copy this installation to other parts, such as outside ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from portal.cli.failures import FAILED
from portal.cli.installation import make_data_folder, opened, read_settings
from portal.cli.output import err, say, say_table
from portal.db.migrate import upgrade
from portal.errors import SearchUnavailable
from portal.installation.service import require_sound, set_up_store, take_over
from portal.moving import service
from portal.moving.first_look import require_free
from portal.moving.models import Comparison, Moved, Side
from portal.moving.objects import Copied
from portal.moving.target import read_target
from portal.runtime import Runtime, open_runtime, set_up_storage
from portal.settings import Settings

DIGEST_CHARACTERS = 16
LINE_EVERY_SECONDS = 10.0


def register(app: typer.Typer) -> None:
    app.command("move")(move)


def move(
    *,
    to: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="The settings of the new installation, one PORTAL_NAME=value a line.",
        ),
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a move that was broken off.")
    ] = False,
    leave_uploads: Annotated[
        bool, typer.Option("--leave-uploads", help="Leave unfinished uploads behind.")
    ] = False,
) -> None:
    """Copy everything to a new, empty installation and compare both; this one is only read.

    Stop the portal first. Afterwards start it with the new settings.
    """
    settings = read_settings()
    target_settings = read_target(to)
    service.require_work(settings, target_settings)
    with opened(settings) as source:
        service.require_quiet(source, leaves_uploads=leave_uploads)
        require_free(settings, target_settings, is_resumed=resume)
        with _opened_target(target_settings) as target:
            plan = service.Plan(source, target, leaves_uploads=leave_uploads)
            _set_up(plan)
            with _shown() as progress:
                moved = service.carry_out(plan, progress)
            _tell(moved)
            if not moved.is_equal:
                say("The two sides differ: see above. Do not use the new installation yet.")
                raise typer.Exit(FAILED)
            if plan.keeps_rows:
                take_over(target)
            _make_index(plan)
    say(f"Start the portal with the settings of {to}.")


def _set_up(plan: service.Plan) -> None:
    """As `portal migrate` does; but a database that stays knows the source's store until all is
    copied.
    """
    if plan.keeps_rows:
        set_up_storage(plan.target.settings)
        return
    set_up_store(plan.target)
    require_sound(plan.target)


def _make_index(plan: service.Plan) -> None:
    err.print("Making the search index")
    try:
        documents = service.make_index(plan.target)
    except SearchUnavailable as error:
        again = "" if plan.keeps_rows else "Repeat the command with --resume, or run "
        rebuild = f"{again or 'Run '}`portal index rebuild` with the new settings."
        raise SearchUnavailable(
            f"Only the new search index could not be made: {error} All else is moved. {rebuild}"
        ) from error
    say(f"The new index holds {documents:,d} documents.")


@contextmanager
def _opened_target(settings: Settings) -> Iterator[Runtime]:
    """The new installation, its database set up."""
    make_data_folder(settings)
    with open_runtime(settings) as runtime:
        upgrade(runtime.engine)
        yield runtime


@contextmanager
def _shown() -> Iterator[service.Progress]:
    """A bar on a terminal; elsewhere a line now and then."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Bar(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task("Copying objects", total=None)
        lines = _Lines()

        def note_object(copied: Copied) -> None:
            bar.advance(task, copied.info.size_bytes)
            lines.note()

        def note_objects(count: int, size_bytes: int) -> None:
            bar.update(task, total=size_bytes)
            lines.begin(count)

        yield service.Progress(on_stage=err.print, on_objects=note_objects, on_object=note_object)


class _Lines:
    """How far the copying is, for logs."""

    def __init__(self) -> None:
        self._total = self._done = 0
        self._told_at = time.monotonic()

    def begin(self, total: int) -> None:
        self._total = total
        err.print(f"Copying {total:,d} objects")

    def note(self) -> None:
        self._done += 1
        now = time.monotonic()
        if not err.is_terminal and now - self._told_at >= LINE_EVERY_SECONDS:
            self._told_at = now
            err.print(f"{self._done:,d} of {self._total:,d} objects")


def _tell(moved: Moved) -> None:
    headings = ("", "here", "there", "SHA-256 here", "SHA-256 there", "")
    say_table(headings, [_row(comparison) for comparison in moved.comparisons])
    say(f"{moved.copied:,d} objects were copied, {moved.skipped:,d} were there already.")
    if moved.is_equal:
        say("Both sides are equal.")


def _row(comparison: Comparison) -> tuple[str, ...]:
    sides = (comparison.source, comparison.target)
    digests = (side.sha256[:DIGEST_CHARACTERS] for side in sides)
    verdict = "equal" if comparison.is_equal else "DIFFERENT"
    return (comparison.name, *map(_amount, sides), *digests, verdict)


def _amount(side: Side) -> str:
    rows = f"{side.count:,d}"
    return rows if side.size_bytes is None else f"{rows} ({side.size_bytes:,d} bytes)"
