"""The pictures of a storyboard, read from its WebVTT file: pure.

We made that file ourselves, but it comes from a store that others can write to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

STILLS_MAX = 48
"""More are no help to choose from: the field takes any time."""
_CUE = re.compile(
    r"^(?:(?P<hours>\d{2,4}):)?(?P<minutes>\d{2}):(?P<seconds>\d{2}\.\d{3}) --> [^\n]*\n"
    r"(?P<sheet>[a-z0-9-]{1,32}\.(?:jpg|webp|png))"
    r"#xywh=(?P<left>\d{1,5}),(?P<top>\d{1,5}),(?P<width>\d{1,5}),(?P<height>\d{1,5})$",
    re.MULTILINE | re.ASCII,
)


@dataclass(frozen=True)
class Still:
    """A picture on a sheet of many, and the second that it shows."""

    at_seconds: float
    sheet: str
    left: int
    top: int
    width: int
    height: int


def read_storyboard(text: str) -> list[Still]:
    """What is no picture of ours is left out."""
    return [_still(match) for match in _CUE.finditer(text.replace("\r\n", "\n"))]


def thinned(stills: Sequence[Still], *, count_max: int = STILLS_MAX) -> list[Still]:
    """At most so many, spread evenly, the first among them."""
    step = max(1, -(-len(stills) // count_max))
    return list(stills[::step])


def _still(match: re.Match[str]) -> Still:
    minutes = int(match["hours"] or 0) * 60 + int(match["minutes"])
    return Still(
        at_seconds=minutes * 60 + float(match["seconds"]),
        sheet=match["sheet"],
        left=int(match["left"]),
        top=int(match["top"]),
        width=int(match["width"]),
        height=int(match["height"]),
    )
