"""What a move found on either side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from portal.moving.objects import Copied


@dataclass(frozen=True)
class Side:
    count: int
    size_bytes: int | None
    sha256: str


@dataclass(frozen=True)
class Comparison:
    """One line of the table at the end."""

    name: str
    source: Side
    target: Side

    @property
    def is_equal(self) -> bool:
        return self.source == self.target


@dataclass(frozen=True)
class Moved:
    """`skipped` objects were there already."""

    comparisons: Sequence[Comparison]
    copied: int
    skipped: int

    @property
    def is_equal(self) -> bool:
        return all(comparison.is_equal for comparison in self.comparisons)


def compare_objects(all_copied: Sequence[Copied], target_sizes: dict[str, int]) -> Comparison:
    """All objects of both sides: a surplus one of the target is a difference too."""
    by_key = {copied.info.key: copied for copied in all_copied}
    source = [(key, one.info.size_bytes, one.source_sha256) for key, one in by_key.items()]
    target = [
        (key, size, by_key[key].target_sha256 if key in by_key else "unknown")
        for key, size in target_sizes.items()
    ]
    return Comparison("objects", _side(source), _side(target))


def _side(listed: Sequence[tuple[str, int, str]]) -> Side:
    lines = (f"{key} {size} {sha256}\n" for key, size, sha256 in sorted(listed))
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    return Side(len(listed), sum(size for _key, size, _sha256 in listed), digest)
