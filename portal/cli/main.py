"""The command line. Only what is asked for is imported, so that `portal --help` is quick."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import FrameType

import typer
from typer.main import get_command

from portal.cli.failures import UsageError, tell, tell_unexpected
from portal.errors import PortalError
from portal.supervisor import PRIVATE_UMASK

COMMANDS: Mapping[str, str] = {
    "serve": "Serve the portal: database, web and workers, all in one.",
    "worker": "Run a worker of its own, on this or another machine.",
    "ingest": "Bring files, folders or a whole event in.",
    "events": "Create, list, show, publish and withdraw events.",
    "assets": "List, show, retry and remove what was put in.",
    "photos": "Correct the clocks of the cameras that photos were taken with.",
    "search": "Search what was said, shown and written.",
    "index": "Rebuild or check the search index.",
    "users": "Create, list and disable accounts; make API tokens.",
    "doctor": "Check this installation and say what to do.",
    "config": "Show every setting with its value and meaning.",
    "migrate": "Bring the database to the schema of this version.",
    "move": "Copy this installation to other parts, such as outside ones.",
}
"""Each is a module of this package with `register(app)`."""


def main() -> None:
    """Run the command that the arguments name and end the process with its exit code."""
    arguments = sys.argv[1:]
    os.umask(PRIVATE_UMASK)
    signal.signal(signal.SIGTERM, _end_in_good_order)
    try:
        refuse_garbled(arguments)
        get_command(build_app(arguments)).main(args=arguments, prog_name="portal")
    except PortalError as error:
        sys.exit(tell(error))
    except Exception as error:  # noqa: BLE001 - the last border: no traceback reaches a user
        sys.exit(tell_unexpected(error))


def refuse_garbled(arguments: Sequence[str]) -> None:
    """Only names of files, which `ingest` takes, may be other than text. Raises UsageError."""
    for argument in arguments if arguments[:1] != ["ingest"] else ():
        if any("\ud800" <= character <= "\udfff" for character in argument):
            raise UsageError(f"{argument!r} is not text in UTF-8.")


def build_app(arguments: Sequence[str]) -> typer.Typer:
    """The application; commands that `arguments` do not name are there by name and help only."""
    app = typer.Typer(
        name="portal",
        help="Press Portal: the archive and event portal of a press office.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
    )
    app.callback()(_portal)
    for name, summary in COMMANDS.items():
        if name in arguments:
            import_module(f"portal.cli.{name}").register(app)
        else:
            app.command(name, help=summary)(_named_only)
    return app


def _end_in_good_order(number: int, _frame: FrameType | None) -> None:
    """Leave every context on the way out, so that no child or server is left behind."""
    sys.exit(128 + number)


def _portal() -> None:
    """A callback makes Typer keep the commands' names even when there is only one."""


def _named_only() -> None:
    """Stands in the list of commands."""


if __name__ == "__main__":
    main()
