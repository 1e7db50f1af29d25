"""Which stored objects nobody will ever show: pure.

Why what an attempt is about to show is never among them: an attempt is in the database before it
stores its first object, and a key was listed before the database was asked. So the answer knows
the attempt of every key. One that is the newest of an open step may still show what it stored, and
is left alone; an older one can no longer (its number is compared when it shows), and one that has
ended has shown what it ever will.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from portal.storage.key_reading import attempt_of_key


@dataclass(frozen=True)
class StepMark:
    """The newest attempt at a step, and whether it has ended."""

    attempt: int
    has_ended: bool


@dataclass(frozen=True)
class KnownAsset:
    """What the database says of an asset.

    `is_gone`: removed, or never came to be. `is_quiet`: nothing of it has changed for so long that
    no player still reads what was replaced. `shown`: the keys of its shown objects.
    """

    is_gone: bool
    is_quiet: bool
    shown: Set[str] = frozenset()
    steps: Mapping[str, StepMark] = field(default_factory=dict)


def leftover_keys(keys: Iterable[str], asset: KnownAsset) -> list[str]:
    """Those of the asset's keys that can be deleted."""
    if not asset.is_quiet:
        return []
    return [key for key in keys if asset.is_gone or _is_left_over(key, asset)]


def _is_left_over(key: str, asset: KnownAsset) -> bool:
    if key in asset.shown:
        return False
    mark = attempt_of_key(key)
    newest = asset.steps.get(mark.step) if mark else None
    if mark is None or newest is None:
        return False
    return mark.number < newest.attempt or (mark.number == newest.attempt and newest.has_ended)
