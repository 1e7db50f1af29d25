"""Reading keys back: to which attempt of which asset an object belongs."""

from __future__ import annotations

import re
from dataclasses import dataclass

SLICES = "abcdefghijklmnopqrstuvwxyz234567"
"""First letters of ids: listing one after the other goes through all objects in even shares."""

_OF_ASSET = re.compile(r"assets/([a-z2-7]{26})/")
_OF_ATTEMPT = re.compile(r"assets/[a-z2-7]{26}/([a-z0-9][a-z0-9._-]*)/([0-9]{1,9})/")


@dataclass(frozen=True)
class AttemptMark:
    step: str
    number: int


def slice_prefix(letter: str) -> str:
    """All objects of the assets whose ids begin with that letter."""
    return f"assets/{letter}"


def asset_of_key(key: str) -> str | None:
    """The id of the asset; None for what is no asset's."""
    found = _OF_ASSET.match(key)
    return found[1] if found else None


def attempt_of_key(key: str) -> AttemptMark | None:
    """The attempt that stored it; None for an original, which no attempt did."""
    found = _OF_ATTEMPT.match(key)
    return AttemptMark(found[1], int(found[2])) if found else None
