"""portal doctor: checks this installation and says what to do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from portal.cli.failures import FAILED
from portal.cli.installation import make_data_folder, read_settings
from portal.cli.output import out, printable, say_json
from portal.doctor import Check, CheckState, run_checks

STYLES = {CheckState.OK: "green", CheckState.WARNING: "yellow", CheckState.FAILED: "bold red"}


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    *, as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False
) -> None:
    """Try everything that the portal needs. Exit code 1 when something is broken."""
    settings = read_settings()
    make_data_folder(settings)
    checks = run_checks(settings)
    for check in checks:
        if as_json:
            say_json(asdict(check))
        else:
            _show(check)
    if any(check.state is CheckState.FAILED for check in checks):
        raise typer.Exit(FAILED)


def _show(check: Check) -> None:
    state = Text(f"{check.state:<8}", style=STYLES[check.state])
    out.print(state + Text(f"{check.name:<9} {printable(check.sentence)}"))
    if check.advice:
        out.print(Text(f"{'':<17} {printable(check.advice)}", style="italic"))
