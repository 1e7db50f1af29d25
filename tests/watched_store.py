"""A real store that tells a test of each deletion, and the transactions that are open then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text

from portal.runtime import Runtime

_OPEN = text(
    "select xact_start from pg_stat_activity where datname = current_database()"
    " and state = 'idle in transaction' and pid <> pg_backend_pid()"
)


class WatchedStore:
    def __init__(self, store: Any, *, on_delete: Callable[[str], None]) -> None:
        self._store = store
        self._on_delete = on_delete

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def delete(self, key: str) -> None:
        self._on_delete(key)
        self._store.delete(key)


@dataclass
class Deletions:
    """Counts deletions by the transaction in which they happen."""

    engine: Engine
    by_transaction: Counter[datetime] = field(default_factory=Counter)

    def __call__(self, _key: str) -> None:
        with self.engine.connect() as connection:
            self.by_transaction.update(connection.scalars(_OPEN))


def watched(runtime: Runtime, *, on_delete: Callable[[str], None]) -> Runtime:
    store: Any = WatchedStore(runtime.store, on_delete=on_delete)
    return replace(runtime, store=store)
