"""How an upload is cut into parts: all of one size but the last, numbered from 1."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from portal.errors import Conflict, InvalidInput
from portal.storage.interface import StoredPart

PARTS_MAX: Final = 10_000
"""The limit of S3; larger files get larger parts."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class PartLayout:
    size_bytes: int
    part_bytes: int

    @property
    def part_count(self) -> int:
        return -(-self.size_bytes // self.part_bytes)

    def offset(self, number: int) -> int:
        return (number - 1) * self.part_bytes

    def expected_bytes(self, number: int) -> int:
        """The size of part `number`. Raises InvalidInput when there is none."""
        if not 1 <= number <= self.part_count:
            raise InvalidInput(
                f"There is no part {number}: the upload has parts 1 to {self.part_count}."
            )
        return min(self.part_bytes, self.size_bytes - self.offset(number))


def is_digest(value: object) -> bool:
    """Whether it is a SHA-256 as we write it."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def require_digest(number: int, sha256: str, expected_sha256: str | None) -> None:
    """Raises InvalidInput."""
    if expected_sha256 not in {None, sha256}:
        raise InvalidInput(f"Part {number} arrived damaged: its SHA-256 is another one.")


def require_same(
    layout: PartLayout, stored: Mapping[int, StoredPart], named: Sequence[StoredPart]
) -> None:
    """Raises Conflict unless all parts have arrived and just those are `named`."""
    missing = set(range(1, layout.part_count + 1)) - set(stored)
    if missing:
        raise Conflict(f"Part {min(missing)} has not arrived.")
    by_number = {part.number: part for part in named}
    if len(named) != len(by_number) or by_number.keys() != stored.keys():
        raise Conflict(f"The upload consists of parts 1 to {len(stored)}, others were named.")
    for number, part in by_number.items():
        if part.etag != stored[number].etag:
            raise Conflict(f"Part {number} is not the one that was named.")
