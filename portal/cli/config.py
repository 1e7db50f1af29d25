"""portal config: every setting, its value and what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from pydantic import SecretStr

from portal.cli.installation import read_settings
from portal.cli.output import say_json, say_table
from portal.settings import Settings, variable_name

MASK = "********"


@dataclass(frozen=True)
class SettingRow:
    name: str
    value: str
    default: str
    help: str


def register(app: typer.Typer) -> None:
    app.command("config")(config)


def config(
    *, as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False
) -> None:
    """Show every setting with its value, its default and its meaning; secrets stay hidden."""
    rows = list(setting_rows(read_settings()))
    if as_json:
        for row in rows:
            say_json(asdict(row))
        return
    headings = ("setting", "value", "default", "meaning")
    say_table(headings, [(row.name, row.value, row.default, row.help) for row in rows])


def setting_rows(settings: Settings) -> Iterator[SettingRow]:
    for name, field in Settings.model_fields.items():
        yield SettingRow(
            name=variable_name(name),
            value=shown(getattr(settings, name)),
            default=shown(field.default),
            help=field.description or "",
        )


def shown(value: object) -> str:
    """A value as one would write it in the environment; "" for what is not set."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
