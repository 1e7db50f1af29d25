"""The settings of the installation that is moved to, from a file of variables."""

from __future__ import annotations

import re
from pathlib import Path

from portal.errors import SettingsError
from portal.settings import PREFIX, Settings, load_settings

_LINE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")
_VALUE = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>[^"\\$`]*)"|(?P<bare>(?:[^\s'"\\$`#][^\s'"\\$`]*)?)"""
)
"""Where readers of such files agree. They differ on comments after a value, on spaces, on "\\" and
on "$": https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=
https://docs.docker.com/reference/compose-file/services/#env_file-format
"""


def read_target(path: Path) -> Settings:
    """What `path` says, as `read_variables` reads it. Raises SettingsError."""
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
    """{name: value} of the portal's variables, one `NAME=value` a line.

    A value stands bare, if it has no space, quote, "$", "`" or "\\" and no "#" in front; or in
    quotes, single ones if it has any of these. Whatever systemd and compose would read in two
    ways is refused: then the portal would be moved to one place, and started with another.
    Raises SettingsError naming the line.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, value = _read_line(stripped, number)
        if name.startswith(PREFIX):
            found[name] = value
    return found


def _read_line(line: str, number: int) -> tuple[str, str]:
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise SettingsError(f"Line {number} is not of the form NAME=value.")
    value = _VALUE.fullmatch(parts["value"])
    if value is None:
        raise SettingsError(
            f"Line {number}: systemd and compose would read the value of {parts['name']} in "
            "different ways. Put all of it in single quotes, and comments on lines of their own."
        )
    return parts["name"], value["single"] or value["double"] or value["bare"] or ""
