"""Every object key, built here and nowhere else, from our own ids and names only.

    assets/{asset id}/original
    assets/{asset id}/{step}/{attempt}/{name}
    doctor/{id}, doctor/readiness

An attempt writes under a prefix of its own, so that a job thought dead cannot touch the work of
its successor.
"""

from __future__ import annotations

import re

from portal.ids import is_id

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_KEY = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?(/[a-z0-9]([a-z0-9._-]*[a-z0-9])?)*")
KEY_LENGTH_MAX = 512
READINESS_PROBE = "doctor/readiness"
"""An object that there never is: a store that can say so answers and lets us in."""


def asset_prefix(asset_id: str) -> str:
    """All objects of an asset."""
    return f"assets/{_checked_id(asset_id)}/"


def original(asset_id: str) -> str:
    return asset_prefix(asset_id) + "original"


def attempt_prefix(asset_id: str, step: str, attempt: int) -> str:
    """Where one attempt at a step puts its results."""
    return f"{asset_prefix(asset_id)}{_checked_name(step)}/{attempt:d}/"


def result(asset_id: str, step: str, attempt: int, name: str) -> str:
    """`name` may have folders: "720p/00001.m4s"."""
    parts = [_checked_name(part) for part in name.split("/")]
    return attempt_prefix(asset_id, step, attempt) + "/".join(parts)


def doctor_probe(probe_id: str) -> str:
    """A throw-away object for the storage round trip of `portal doctor`."""
    return f"doctor/{_checked_id(probe_id)}"


def is_key(value: str) -> bool:
    """Whether `value` is in our key grammar (no "..", no empty part, no leading slash)."""
    return len(value) <= KEY_LENGTH_MAX and _KEY.fullmatch(value) is not None


def checked_key(value: str) -> str:
    """`value`. Raises ValueError outside of our grammar."""
    if not is_key(value):
        raise ValueError(f"{value!r} is not an object key")
    return value


def checked_prefix(value: str) -> str:
    """`value`. Raises ValueError if no key can start with it."""
    folder, slash, _ = value.rpartition("/")
    if slash and not is_key(folder):
        raise ValueError(f"{value!r} is not the start of a key")
    return value


def _checked_id(value: str) -> str:
    if not is_id(value):
        raise ValueError(f"{value!r} is not an id")
    return value


def _checked_name(value: str) -> str:
    if not _NAME.fullmatch(value) or ".." in value:
        raise ValueError(f"{value!r} is not a name that we give to objects")
    return value
