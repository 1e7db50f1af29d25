"""What the documents say is there: settings, commands, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from portal.settings import Settings, variable_name
from tests.architecture.source import PROJECT, refuse

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
SETTING_ROW = re.compile(r"^\| `PORTAL_.*$", re.MULTILINE)
TARGET = re.compile(r"^`?make ([a-z]+)\b", re.MULTILINE)
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


def _as_written(default: object) -> str:
    """As one would set it in the environment; a dash stands for "not set"."""
    if default is None:
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
