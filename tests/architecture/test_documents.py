"""What the documents say is there: settings, commands, files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from typer.main import get_command

from portal.cli.main import build_app
from portal.settings import Settings, variable_name
from tests.architecture.source import PROJECT, refuse

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
SETTING_ROW = re.compile(r"^\| `PORTAL_.*$", re.MULTILINE)
TARGET = re.compile(r"^`?make ([a-z]+)\b", re.MULTILINE)
COMMAND = re.compile(r"^`?(?:\.venv/bin/)?portal (\w[^#`\n]*)", re.MULTILINE)
MAKEFILE_TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)


def test_links_lead_somewhere() -> None:
    refuse(
        [
            f"{document.relative_to(PROJECT)} links to {target}"
            for document in _documents()
            for target in LINK.findall(document.read_text(encoding="utf-8"))
            if not (document.parent / target).exists()
        ],
        because="A link inside the project must lead to a file.",
    )


def test_every_setting_is_explained_as_it_is() -> None:
    operations = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
    expected = [
        f"| `{variable_name(name)}` | {_as_written(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    assert SETTING_ROW.findall(operations) == expected


def test_make_targets_exist() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(MAKEFILE_TARGET.findall(makefile))
    refuse(
        [
            f"{document.relative_to(PROJECT)} says make {target}"
            for document in _documents()
            for target in TARGET.findall("\n".join(_code(document)))
            if target not in targets
        ],
        because="A reader copies commands from the documents.",
    )


def test_commands_and_their_options_exist() -> None:
    refuse(
        [
            f"{document.relative_to(PROJECT)} says portal {command}: no {fault}"
            for document in _documents()
            for command in COMMAND.findall("\n".join(_code(document)))
            for fault in _faults(shlex.split(command))
        ],
        because="A reader copies commands from the documents.",
    )


def _faults(words: Sequence[str]) -> list[str]:
    """The words of a command line that the real commands do not know."""
    command = get_command(build_app(words))
    for word in words:
        subcommands = getattr(command, "commands", None)
        if subcommands is None:
            break
        if word not in subcommands:
            return [word]
        command = subcommands[word]
    known = {option for parameter in command.params for option in parameter.opts}
    return [word for word in words if word.startswith("--") and word not in known]


def _as_written(default: object) -> str:
    """As one would set it in the environment; a dash stands for "not set"."""
    if default is None or default == ():
        return "–"
    if isinstance(default, bool):
        return str(default).lower()
    return ",".join(default) if isinstance(default, tuple) else str(default)


def _code(document: Path) -> Iterator[str]:
    """What stands in code spans and code blocks."""
    text = document.read_text(encoding="utf-8")
    yield from re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)


def _documents() -> list[Path]:
    return [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").rglob("*.md"))]
