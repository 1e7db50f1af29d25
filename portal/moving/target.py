"""The settings of the installation that is moved to, from a file of variables."""

from __future__ import annotations

import re
from pathlib import Path

from portal.errors import SettingsError
from portal.settings import PREFIX, Settings, load_settings

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")


def read_target(path: Path) -> Settings:
    """`NAME=value` per line, as systemd, compose and shells read them. Raises SettingsError."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{path} cannot be read: {reason}.") from error
    try:
        return load_settings(read_variables(text))
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def read_variables(text: str) -> dict[str, str]:
    """{name: value} of the portal's variables. Raises SettingsError naming the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        parts = _LINE.fullmatch(stripped)
        if parts is None:
            raise SettingsError(f"Line {number} is not of the form NAME=value.")
        if parts["name"].startswith(PREFIX):
            found[parts["name"]] = _unquoted(parts["value"].strip())
    return found


def _unquoted(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if is_quoted else value
