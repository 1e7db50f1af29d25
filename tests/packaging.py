"""The files of infra/ by which the portal is packaged, read for tests."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

PROJECT = Path(__file__).parents[1]
INFRA = PROJECT / "infra"
COMPOSE = INFRA / "compose.yaml"
CONTAINERS = INFRA / "containers"
UNITS = INFRA / "systemd"
PUBLIC_ADDRESS = "https://press.example.org"

_VARIABLE = re.compile(
    r"\$\{(?P<name>[A-Z_0-9]+)(?::(?P<how>[-?])(?P<rest>(?:[^{}]|\{[^{}]*\})*))?\}"
)

_MADE = frozenset({"__pycache__", "dist", "node_modules"})

Service = Mapping[str, Any]


@cache
def compose() -> Mapping[str, Any]:
    """The compose file with its variables filled in, as an administrator does who sets the address
    and nothing else.
    """
    text = COMPOSE.read_text(encoding="utf-8")
    filled: Mapping[str, Any] = yaml.safe_load(fill(text, {"PORTAL_BASE_URL": PUBLIC_ADDRESS}))
    return filled


def services() -> Mapping[str, Service]:
    found: Mapping[str, Service] = compose()["services"]
    return found


def fill(text: str, variables: Mapping[str, str]) -> str:
    """As compose fills in `${NAME}`, `${NAME:-default}` and `${NAME:?complaint}`."""

    def value(found: re.Match[str]) -> str:
        if found["name"] in variables:
            return variables[found["name"]]
        if found["how"] != "-":
            raise AssertionError(f"{found['name']} has no default")
        return fill(found["rest"], variables)

    return _VARIABLE.sub(value, text)


def container_file(name: str) -> list[tuple[str, str]]:
    """The instructions of a container file: `("USER", "10001:10001")`."""
    text = (CONTAINERS / name / "Containerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    instructions = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(word, " ".join(rest.split())) for word, rest in instructions]


def instructions(name: str, word: str) -> list[str]:
    return [rest for found, rest in container_file(name) if found == word]


def ignoring_rules(context: Path) -> Sequence[str]:
    """Those by which a build with that context leaves files out."""
    file = context / ".dockerignore"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def is_ignored(path: str, rules: Sequence[str]) -> bool:
    """The last rule that fits a path, or a folder that it is in, decides.

    https://docs.docker.com/build/concepts/context/#dockerignore-files
    """
    within = PurePosixPath(path)
    names = [str(within), *(str(folder) for folder in within.parents if str(folder) != ".")]
    ignored = False
    for rule in rules:
        pattern = _rule_pattern(rule.removeprefix("!"))
        if any(pattern.fullmatch(name) for name in names):
            ignored = not rule.startswith("!")
    return ignored


def kept_files(folder: Path) -> Iterator[Path]:
    """What a fresh clone has of it, nearly: without what is built or installed there."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in _MADE:
            yield from kept_files(path)
        elif path.is_file():
            yield path


def _rule_pattern(rule: str) -> re.Pattern[str]:
    """`**/` is any number of folders, `*` whatever has no slash."""
    parts = re.split(r"(\*\*/|\*)", rule.strip("/"))
    meant = {"**/": r"(?:[^/]+/)*", "*": r"[^/]*"}
    return re.compile("".join(meant.get(part) or re.escape(part) for part in parts))


def unit(name: str) -> Mapping[str, Sequence[str]]:
    """The directives of a unit's [Service] and their values, in the order in which they stand."""
    directives: dict[str, list[str]] = defaultdict(list)
    for key, value in _assignments((UNITS / name).read_text(encoding="utf-8")):
        directives[key].append(value)
    return directives


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            yield key, value
