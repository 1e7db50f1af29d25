"""The rare sweep through the store itself, for objects that no row accounts for any more.

Objects of assets that the database has never heard of are reported and not deleted: they are what
an older back-up of the database, or the address of another one, does not know.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import structlog

from portal.assets import tidying
from portal.runtime import Runtime
from portal.storage.key_reading import SLICES, asset_of_key, slice_prefix
from workers.portions import portions, until

QUIET_MINUTES = 60
"""Players may still read what was replaced, and people look at what has just failed."""
BATCH = 100
DELETIONS_AT_ONCE = 50
"""In one transaction, which keeps attempts at the asset waiting: a second or two in a far store."""

_log = structlog.get_logger(__name__)


@dataclass
class OrphanSweep:
    """Goes round the store in shares; each worker begins at another one. Ends early on `stop`."""

    runtime: Runtime
    stop: threading.Event = field(default_factory=threading.Event)
    quiet_minutes: int = QUIET_MINUTES
    deletions_at_once: int = DELETIONS_AT_ONCE
    _position: int = field(default_factory=lambda: secrets.randbelow(len(SLICES)))

    def sweep_next(self) -> None:
        self._sweep(SLICES[self._position])
        self._position = (self._position + 1) % len(SLICES)

    def sweep_all(self) -> None:
        for letter in SLICES:
            self._sweep(letter)

    def _sweep(self, letter: str) -> None:
        for stored in portions(self._stored(letter), size=BATCH):
            self._sweep_assets(dict(stored))

    def _stored(self, letter: str) -> Iterator[tuple[str, list[str]]]:
        """(asset id, its keys), which the store lists one after the other."""
        listed = self.runtime.store.list(slice_prefix(letter))
        found = (stored.key for stored in until(self.stop, listed))
        for asset_id, of_asset in groupby(found, asset_of_key):
            if asset_id is not None:
                yield asset_id, list(of_asset)

    def _sweep_assets(self, stored: Mapping[str, Sequence[str]]) -> None:
        with self.runtime.engine.begin() as connection:
            found = tidying.look_through(connection, stored, quiet_minutes=self.quiet_minutes)
        if found.unknown:
            _log.warning(
                "objects of unknown assets", count=len(found.unknown), asset_ids=found.unknown
            )
        for asset_id, doubtful in found.doubtful.items():
            for portion in until(self.stop, portions(doubtful, size=self.deletions_at_once)):
                self._delete(asset_id, portion)

    def _delete(self, asset_id: str, doubtful: Sequence[str]) -> None:
        """Looks again with the asset held: it may have been put to work meanwhile."""
        with self.runtime.engine.begin() as connection:
            doomed = tidying.hold_leftovers(
                connection, asset_id, doubtful, quiet_minutes=self.quiet_minutes
            )
            for key in until(self.stop, doomed):
                self.runtime.store.delete(key)
        _log.info("leftovers deleted", asset_id=asset_id, count=len(doomed))
