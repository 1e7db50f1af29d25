"""Rules for the sweep through the store: what of that which it holds can be deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from portal.assets import leftovers_repository
from portal.assets.leftovers import leftover_keys


@dataclass(frozen=True)
class Findings:
    """`doubtful`: {asset id: its keys that seem left over}, to be looked at once more.

    `unknown`: ids that the database has never heard of.
    """

    doubtful: Mapping[str, Sequence[str]]
    unknown: Sequence[str]


def look_through(
    connection: Connection, stored: Mapping[str, Sequence[str]], *, quiet_minutes: int
) -> Findings:
    """`stored`: {asset id: keys that the store has listed}."""
    known = leftovers_repository.known_assets(connection, list(stored), quiet_minutes=quiet_minutes)
    leftovers = {i: leftover_keys(stored[i], asset) for i, asset in known.items()}
    return Findings(
        doubtful={asset_id: found for asset_id, found in leftovers.items() if found},
        unknown=[asset_id for asset_id in stored if asset_id not in known],
    )


def hold_leftovers(
    connection: Connection, asset_id: str, stored: Sequence[str], *, quiet_minutes: int
) -> list[str]:
    """The keys of one asset that stay left over until the transaction ends."""
    leftovers_repository.hold(connection, asset_id)
    known = leftovers_repository.known_assets(connection, [asset_id], quiet_minutes=quiet_minutes)
    return leftover_keys(stored, known[asset_id]) if asset_id in known else []
