"""What the documents say is there: settings, commands, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from portal.settings import Settings, variable_name
from tests.architecture.source import PROJECT, refuse

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
SETTING_ROW = re.compile(r"^\| `(PORTAL_\w+)`", re.MULTILINE)
TARGET = re.compile(r"\bmake ([a-z]+)\b")
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


def test_every_setting_is_explained() -> None:
    operations = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
    explained = SETTING_ROW.findall(operations)
    assert sorted(explained) == sorted(variable_name(field) for field in Settings.model_fields)


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


def _code(document: Path) -> Iterator[str]:
    """What stands in code spans and code blocks."""
    text = document.read_text(encoding="utf-8")
    yield from re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)


def _documents() -> list[Path]:
    return [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").rglob("*.md"))]
