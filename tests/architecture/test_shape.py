"""How the tree looks: what lies where, how long things are, how they are called."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

from tests.architecture.source import (
    INSTALLED,
    OURS,
    PROJECT,
    WITH_TESTS,
    functions,
    length,
    modules,
    refuse,
)

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
FUNCTION_LINES_MEDIAN_MAX = 10

FOLDERS = frozenset({"portal", "workers", "static", "infra", "tests", "docs"})
NOT_SOURCE = frozenset({"data"})
"""What running the portal leaves in the checkout; ignored by git."""
ROOT_FILES = frozenset(
    {
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "SECURITY.md",
        "pyproject.toml",
        "uv.lock",
    }
)
MEANINGLESS = re.compile(r"(^|_)(utils?|helpers?|misc|common|shared_code|stuff)(_|$)")
MACHINE_PATHS = re.compile(r"(?<![\w.~/-])/(home|root|Users|mnt|work|workspace)/[\w.-]+")
TEXT_FILES = frozenset({".py", ".md", ".toml", ".sh", ".ts", ".mjs", ".json", ".html", ".yaml", ""})


def test_the_top_level_holds_nothing_else() -> None:
    entries = [entry for entry in PROJECT.iterdir() if not entry.name.startswith(".")]
    folders = {entry.name for entry in entries if entry.is_dir()}
    files = {entry.name for entry in entries if entry.is_file()}
    unknown = (folders - FOLDERS - NOT_SOURCE) | (files - ROOT_FILES)
    refuse(
        sorted(name for name in unknown if not name.endswith(".egg-info")),
        because="Code has its place in the folders that the README names.",
    )


def test_modules_are_short() -> None:
    refuse(
        [
            f"{module.path} has {lines} lines"
            for module in modules(*OURS)
            if (lines := module.text.count("\n")) > MODULE_LINES_MAX
        ],
        because=f"A module holds one idea, in at most {MODULE_LINES_MAX} lines.",
    )


def test_functions_are_short() -> None:
    refuse(
        [
            f"{module.path}:{function.lineno} {function.name} has {length(function)} lines"
            for module in modules(*OURS)
            for function in functions(module)
            if length(function) > FUNCTION_LINES_MAX
        ],
        because=f"A function does one thing, in at most {FUNCTION_LINES_MAX} lines.",
    )


def test_most_functions_are_very_short() -> None:
    lengths = [length(function) for module in modules(*INSTALLED) for function in functions(module)]
    assert statistics.median(lengths) <= FUNCTION_LINES_MEDIAN_MAX


def test_every_module_says_what_it_is() -> None:
    refuse(
        [module.path for module in modules(*OURS) if not _has_docstring(module.text)],
        because="A module starts with a sentence that says what it is for.",
    )


def test_names_say_something() -> None:
    named = {module.path for module in modules(*WITH_TESTS) if MEANINGLESS.search(module.base_name)}
    packages = {
        module.path
        for module in modules(*WITH_TESTS)
        if any(MEANINGLESS.search(part) for part in Path(module.path).parent.parts)
    }
    refuse(
        sorted(named | packages),
        because="A drawer for odds and ends grows for ever; name the idea instead.",
    )


def test_no_path_of_one_machine() -> None:
    refuse(
        [
            f"{path.relative_to(PROJECT)}:{number} {found.group()}"
            for path in _text_files()
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
            if (found := MACHINE_PATHS.search(line))
        ],
        because="The project is the same on every machine.",
    )


def _has_docstring(text: str) -> bool:
    return text.lstrip().startswith(('"""', 'r"""'))


def _text_files() -> list[Path]:
    skipped = {"node_modules", "dist", "__pycache__"}
    return [
        path
        for folder in (*sorted(FOLDERS), ".ci")
        for path in sorted((PROJECT / folder).rglob("*"))
        if path.is_file()
        and path.suffix in TEXT_FILES
        and skipped.isdisjoint(path.parts)
        and path != Path(__file__)
    ]
