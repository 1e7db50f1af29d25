"""What a benchmark says: one line per figure, and its table in docs/benchmarks.md written anew."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"
TITLE = """# Benchmarks

Measured by `make bench`, or `make bench BENCH=NAME` for one; each run writes its own table
anew. Ratios are taken within one run, side by side, so that they mean the same on every machine.
"""


@dataclass(frozen=True)
class Figure:
    """`goal` is what the figure should at least be, or at most if `is_ceiling`."""

    name: str
    value: float
    unit: str
    goal: float
    is_ceiling: bool = False

    @property
    def is_ok(self) -> bool:
        return self.value <= self.goal if self.is_ceiling else self.value >= self.goal

    @property
    def verdict(self) -> str:
        return "ok" if self.is_ok else "short"


def report(bench: str, figures: Sequence[Figure], *, below: str = "") -> int:
    """Print and write down, with what is to stand below the table; 1 when a goal was missed."""
    for figure in figures:
        sys.stdout.write(
            f"bench {figure.name}: {_number(figure.value)} {figure.unit}"
            f" (goal {_number(figure.goal)}) {figure.verdict}\n"
        )
    text = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else TITLE
    section = f"{table(figures)}\n\n{below}".rstrip()
    DOCUMENT.write_text(with_table(text, bench, section), encoding="utf-8")
    return 0 if all(figure.is_ok for figure in figures) else 1


def table(figures: Sequence[Figure]) -> str:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    rows = [
        f"| {figure.name} | {_number(figure.value)} {figure.unit} | "
        f"{'at most' if figure.is_ceiling else 'at least'} {_number(figure.goal)} | "
        f"{figure.verdict} |"
        for figure in figures
    ]
    date = datetime.now(UTC).date().isoformat()
    head = ["| figure | value | goal | |", "|---|---|---|---|"]
    return "\n".join([f"{date}, {machine}.", "", *head, *rows])


def with_table(text: str, bench: str, new_table: str) -> str:
    """`text` with the table of `bench` in place of its older one, or at the end."""
    section = f"## {bench}\n\n{new_table}\n"
    old = re.compile(rf"^## {re.escape(bench)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if old.search(text):
        return old.sub(lambda _: f"{section}\n", text).rstrip() + "\n"
    return f"{text.rstrip()}\n\n{section}"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"
