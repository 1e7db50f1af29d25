"""How commands speak: sentences and tables for people, one JSON object per line for scripts."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
err = Console(highlight=False, markup=False, emoji=False, soft_wrap=True, stderr=True)

DIRECTIONS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Characters that only order text: they can make a name look like another one."""


def say(text: str) -> None:
    """A sentence of a command's answer."""
    out.print(printable(text))


def warn(text: str) -> None:
    """A sentence beside the answer."""
    err.print(printable(text))


def say_json(value: Mapping[str, object]) -> None:
    """One JSON object on a line of its own; names that are not UTF-8 come out as escapes."""
    text = json.dumps(value, ensure_ascii=False)
    is_writable = text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
    _write_line(text if is_writable else json.dumps(value))


def say_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on a terminal; elsewhere lines of cells between tabs, for grep, cut and awk."""
    cells = [["" if cell is None else printable(str(cell)) for cell in row] for row in rows]
    if not out.is_terminal:
        for row in cells:
            _write_line("\t".join(cell.replace("\n", " ") for cell in row))
        return
    table = Table(*headings, box=None, pad_edge=False, header_style="bold")
    for row in cells:
        table.add_row(*map(Text, row))
    out.print(table, soft_wrap=False)


def _write_line(text: str) -> None:
    """Past Rich, which would make spaces of tabs."""
    out.file.write(f"{text}\n")


def printable(text: str) -> str:
    """`text` without what steers a terminal: titles and file names come from anybody."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if _steers(character) else character for character in text
    )


def _steers(character: str) -> bool:
    """Control characters, lone surrogates, and what turns the direction of text."""
    if character == "\n":
        return False
    is_control = unicodedata.category(character) in {"Cc", "Cs"}
    return is_control or unicodedata.bidirectional(character) in DIRECTIONS
