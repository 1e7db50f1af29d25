"""The parts that a process works with, opened once; the only place that picks adapters."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from portal.db.embedded import embedded_server
from portal.db.engine import open_engine
from portal.errors import SettingsError
from portal.search.engines.embedded import EmbeddedEngine
from portal.search.engines.interface import SearchEngine
from portal.settings import Settings, variable_name
from portal.storage.interface import MultipartUploads, ObjectStore, SignedAddresses, StorageFault
from portal.storage.local import LocalStore, LocalUploads
from portal.storage.measured import MeasuredStore, MeasuredUploads
from portal.storage.root import holds_objects


@dataclass(frozen=True)
class Runtime:
    """`addresses` is None where bytes go through the portal, to and from its local folder.

    `inner_addresses` are those by which machines beside the store reach it, such as our nginx:
    a signature holds for one host name, and browsers may know the store by another.
    """

    settings: Settings
    engine: Engine
    store: ObjectStore
    uploads: MultipartUploads
    search: SearchEngine
    addresses: SignedAddresses | None = None
    inner_addresses: SignedAddresses | None = None


@dataclass(frozen=True)
class Storage:
    """The views of one store."""

    store: ObjectStore
    uploads: MultipartUploads
    addresses: SignedAddresses | None
    inner_addresses: SignedAddresses | None = None


@contextmanager
def open_runtime(settings: Settings, *, stop: threading.Event | None = None) -> Iterator[Runtime]:
    """Open everything that `settings` name; an embedded database is started and migrated.

    Once `stop` is set, nobody waits any longer for what an outside search server does later.

    Raises DatabaseUnavailable or StorageUnavailable.
    """
    with embedded_server(settings) as database_url, open_engine(settings, database_url) as engine:
        storage = open_storage(settings)
        yield Runtime(
            settings=settings,
            engine=engine,
            store=MeasuredStore(storage.store),
            uploads=MeasuredUploads(storage.uploads),
            search=open_search(settings, stop=stop),
            addresses=storage.addresses,
            inner_addresses=storage.inner_addresses,
        )


def open_storage(settings: Settings) -> Storage:
    """Needs no connection yet."""
    if not settings.is_local_storage:
        from portal.storage.s3 import opening  # noqa: PLC0415 - boto3 takes its time to import

        views = opening.open_store(settings)
        return Storage(
            store=views.store,
            uploads=views.uploads,
            addresses=views.addresses,
            inner_addresses=views.inner_addresses,
        )
    objects = settings.data_path / "objects"
    uploads = LocalUploads(objects, free_bytes_min=settings.disk_free_bytes_min)
    return Storage(store=LocalStore(objects), uploads=uploads, addresses=None)


def set_up_storage(settings: Settings) -> None:
    """Make an outside store ready. Raises StorageDenied or StorageUnavailable."""
    if not settings.is_local_storage:
        from portal.storage.s3.bucket import set_up_bucket  # noqa: PLC0415 - as above

        set_up_bucket(settings)


def read_storage_mark(settings: Settings) -> str | None:
    """The mark of an outside store, None without one. Raises StorageError."""
    from portal.storage.s3.mark import read_mark  # noqa: PLC0415 - as above

    return read_mark(settings)


def write_storage_mark(settings: Settings, mark: str) -> None:
    """Raises StorageError."""
    from portal.storage.s3.mark import write_mark  # noqa: PLC0415 - as above

    write_mark(settings, mark)


def is_storage_used(settings: Settings) -> bool:
    """Whether anything lies where the store is, or will be; nothing is made or changed there.

    Raises StorageDenied or StorageUnavailable.
    """
    if not settings.is_local_storage:
        from portal.storage.s3.bucket import holds_anything  # noqa: PLC0415 - as above

        return holds_anything(settings)
    return holds_objects(settings.data_path / "objects")


def storage_faults(settings: Settings) -> Sequence[StorageFault]:
    """What is wrong with an outside store that works. Raises StorageError."""
    if settings.is_local_storage:
        return []
    from portal.storage.s3.inspection import faults_of  # noqa: PLC0415 - as above

    return faults_of(settings)


def make_search_key(settings: Settings, *, master_key: str) -> str:
    """The key for the index on an outside server. Raises SettingsError or SearchUnavailable."""
    if settings.meili_url is None:
        raise SettingsError(f"{variable_name('meili_url')} names no search server.")
    from portal.search.engines.meili.keys import ensure_key  # noqa: PLC0415 - slow to load

    return ensure_key(settings.meili_url, master_key=master_key, index=settings.meili_index)


def open_search(settings: Settings, *, stop: threading.Event | None = None) -> SearchEngine:
    """Needs no connection yet."""
    if settings.meili_url is None:
        return EmbeddedEngine(settings.data_path / "search")
    from portal.search.engines.meili import MeilisearchEngine  # noqa: PLC0415 - slow to load

    key = settings.meili_key.get_secret_value() if settings.meili_key else None
    return MeilisearchEngine(settings.meili_url, api_key=key, index=settings.meili_index, stop=stop)
