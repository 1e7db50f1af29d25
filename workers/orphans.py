"""The rare sweep through the store itself, for objects that no row accounts for any more.

Objects of assets that the database has never heard of are reported and not deleted: they are what
an older back-up of the database, or the address of another one, does not know.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice

import structlog

from portal.assets import tidying
from portal.runtime import Runtime
from portal.storage.key_reading import SLICES, asset_of_key, slice_prefix

QUIET_MINUTES = 60
"""Players may still read what was replaced, and people look at what has just failed."""
BATCH = 100

_log = structlog.get_logger(__name__)


@dataclass
class OrphanSweep:
    """Goes round the store in shares; each worker begins at another one."""

    runtime: Runtime
    quiet_minutes: int = QUIET_MINUTES
    _position: int = field(default_factory=lambda: secrets.randbelow(len(SLICES)))

    def sweep_next(self) -> None:
        self._sweep(SLICES[self._position])
        self._position = (self._position + 1) % len(SLICES)

    def sweep_all(self) -> None:
        for letter in SLICES:
            self._sweep(letter)

    def _sweep(self, letter: str) -> None:
        unknown: list[str] = []
        for batch in _batches(self._stored(letter)):
            unknown += self._sweep_assets(batch)
        if unknown:
            _log.warning("objects of unknown assets", count=len(unknown), asset_id=unknown[0])

    def _stored(self, letter: str) -> Iterator[tuple[str, list[str]]]:
        """(asset id, its keys), which the store lists one after the other."""
        found = (stored.key for stored in self.runtime.store.list(slice_prefix(letter)))
        for asset_id, of_asset in groupby(found, asset_of_key):
            if asset_id is not None:
                yield asset_id, list(of_asset)

    def _sweep_assets(self, stored: Mapping[str, Sequence[str]]) -> Sequence[str]:
        """Returns the ids that the database has never heard of."""
        with self.runtime.engine.begin() as connection:
            found = tidying.look_through(connection, stored, quiet_minutes=self.quiet_minutes)
        for asset_id in found.doubtful:
            self._delete(asset_id, stored[asset_id])
        return found.unknown

    def _delete(self, asset_id: str, stored: Sequence[str]) -> None:
        """Looks again with the asset held: it may have been put to work meanwhile."""
        with self.runtime.engine.begin() as connection:
            doomed = tidying.hold_leftovers(
                connection, asset_id, stored, quiet_minutes=self.quiet_minutes
            )
            for key in doomed:
                self.runtime.store.delete(key)
        _log.info("leftovers deleted", asset_id=asset_id, count=len(doomed))


def _batches(stored: Iterator[tuple[str, list[str]]]) -> Iterator[Mapping[str, list[str]]]:
    while batch := dict(islice(stored, BATCH)):
        yield batch
