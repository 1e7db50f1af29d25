"""One contract test per interface, so that every implementation keeps the same promises."""

from __future__ import annotations

import ast

from tests.architecture.source import INSTALLED, PROJECT, dotted, modules, refuse


def test_every_interface_has_a_contract() -> None:
    contracts = "\n".join(
        path.read_text(encoding="utf-8") for path in (PROJECT / "tests/contract").glob("*.py")
    )
    refuse(
        [f"{path}: {name}" for path, name in _interfaces() if name not in contracts],
        because="An interface is what tests/contract/ asks of all its implementations.",
    )


def test_interfaces_are_found() -> None:
    assert {name for _, name in _interfaces()} >= {
        "ObjectStore",
        "MultipartUploads",
        "SearchEngine",
    }


def _interfaces() -> list[tuple[str, str]]:
    return [
        (module.path, node.name)
        for module in modules(*INSTALLED)
        if module.base_name == "interface"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and "Protocol" in map(dotted, node.bases)
    ]
