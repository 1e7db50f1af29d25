"""The project's own Python files as syntax trees, and what the rules ask of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]
INSTALLED = ("portal", "workers")
"""The packages that are installed; the rules about borders concern them."""
OURS = (*INSTALLED, "infra")
WITH_TESTS = (*OURS, "tests")
NO_FEATURES = frozenset({"cli", "db", "storage", "web"})
"""Edges and interfaces; every other folder of portal/ is a feature."""
FEATURES = {path.parent.name for path in PROJECT.glob("portal/*/__init__.py")} - NO_FEATURES


@dataclass(frozen=True)
class Module:
    """`path` is relative to the project, with "/"; `name` is dotted."""

    path: str
    name: str
    text: str
    tree: ast.Module

    @property
    def base_name(self) -> str:
        return self.name.rsplit(".", 1)[-1]

    @property
    def feature(self) -> str | None:
        """`events` for anything in portal/events/."""
        parts = self.name.split(".")
        is_feature = parts[0] == "portal" and len(parts) > 1 and parts[1] in FEATURES
        return parts[1] if is_feature else None

    @property
    def is_repository(self) -> bool:
        """`repository.py`, or one of several such as `steps_repository.py`."""
        return self.base_name == "repository" or self.base_name.endswith("_repository")

    def is_in(self, *places: str) -> bool:
        """Whether it is one of these files, or in one of these folders ("portal/web/")."""
        return any(
            self.path.startswith(place) if place.endswith("/") else self.path == place
            for place in places
        )


@dataclass(frozen=True)
class Import:
    """`target` is as exact as the statement tells: `portal.events.service` for
    `from portal.events import service`, `sqlalchemy.select` for `from sqlalchemy import select`.
    """

    target: str
    line: int

    def is_of(self, *packages: str) -> bool:
        return any(
            self.target == package or self.target.startswith(f"{package}.") for package in packages
        )


@cache
def modules(*folders: str) -> Sequence[Module]:
    """Every module in `folders`, migrations apart: those are frozen history."""
    return [
        _module(path)
        for folder in folders
        for path in sorted((PROJECT / folder).rglob("*.py"))
        if "versions" not in path.parts and "node_modules" not in path.parts
    ]


def imports(module: Module) -> Iterator[Import]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (Import(f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the dotted name of what is called: `os.getenv`, `stream.run`, `print`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, docstring included."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def dotted(node: ast.expr) -> str:
    """`os.environ` for that expression; "?" stands for what is no plain name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def forbidden_imports(
    searched: Iterable[Module], is_forbidden: Callable[[Module, Import], bool]
) -> list[str]:
    """A line "path:line imports target" for each import that `is_forbidden`."""
    return [
        f"{module.path}:{found.line} imports {found.target}"
        for module in searched
        for found in imports(module)
        if is_forbidden(module, found)
    ]


def refuse(violations: Sequence[str], *, because: str) -> None:
    """Fail with the rule's reason and every place that breaks it."""
    __tracebackhide__ = True
    assert not violations, f"{because}\n" + "\n".join(f"  {line}" for line in violations)


def _module(path: Path) -> Module:
    relative = path.relative_to(PROJECT)
    name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
    text = path.read_text(encoding="utf-8")
    return Module(relative.as_posix(), name, text, ast.parse(text, filename=str(path)))
