"""The files of infra/ by which the portal is packaged, read for tests."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
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
