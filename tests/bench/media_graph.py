"""The figures of media as bars, in one SVG that needs nothing else: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import count

WIDTH = 760
BARS_FROM = 300
BARS_UNTIL = 700
LINE = 26
OURS, THEIRS = "#0b6bcb", "#9aa4ae"
STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1b1f24 }
  .title { font-weight: 600 }
  @media (prefers-color-scheme: dark) { text { fill: #e6e9ec } }
"""


@dataclass(frozen=True)
class Bars:
    """Seconds by name, drawn from a common zero; `ours` are the portal's names."""

    title: str
    seconds: Mapping[str, float]
    ours: frozenset[str]


def graph(*groups: Bars) -> str:
    """Each group has a scale of its own."""
    places = count(LINE, LINE)
    lines = [line for bars in groups for line in _drawn(bars, places)]
    size = f'viewBox="0 0 {WIDTH} {next(places)}" width="{WIDTH}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join([head, f"<style>{STYLE}</style>", *lines, "</svg>\n"])


def _drawn(bars: Bars, places: Iterator[int]) -> Iterator[str]:
    yield f'<text class="title" x="12" y="{next(places)}">{escape(bars.title)}</text>'
    longest = max(bars.seconds.values())
    for name, seconds in bars.seconds.items():
        y = next(places)
        length = (BARS_UNTIL - BARS_FROM) * seconds / longest
        colour = OURS if name in bars.ours else THEIRS
        yield f'<text x="12" y="{y}">{escape(name)}</text>'
        yield (
            f'<rect x="{BARS_FROM}" y="{y - 14}" width="{length:.1f}" height="18" fill="{colour}"/>'
        )
        yield f'<text x="{BARS_FROM + length + 8:.1f}" y="{y}">{_number(seconds)} s</text>'
    next(places)


def _number(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}"
