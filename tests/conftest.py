"""The real things for tests: a PostgreSQL server, a fresh database each, stores, samples."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psycopg
import pytest
from sqlalchemy import URL, Connection, Engine, make_url

from portal.db.embedded import shared_server
from portal.db.engine import open_engine
from portal.db.migrate import upgrade
from portal.ids import new_id
from portal.settings import Settings

if TYPE_CHECKING:
    from portal.runtime import Runtime
    from tests.meilisearch_index import MeilisearchIndex
    from tests.versitygw import VersityGateway

# Speeds are measured in tests/bench: a loaded machine must not make a property false.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

PROJECT = Path(__file__).parent.parent
TEMPLATE = "portal_template"
WORTHLESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Defaults, with a data folder of the test's own and no demand on the disk."""
    return Settings(data_dir=tmp_path_factory.mktemp("portal") / "data", disk_free_bytes_min=0)


@pytest.fixture(scope="session")
def template_url(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[URL]:
    """A migrated database to copy; parallel test processes share its server."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # a process of pytest-xdist: go to the common folder
        folder = folder.parent
    with shared_server(folder / "postgres", durability=WORTHLESS) as server_url:
        template = make_url(server_url).set(database=TEMPLATE)
        with (folder / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _exists(template):
                _administer(template, f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
            upgrade(template.render_as_string(hide_password=False))
        yield template


@pytest.fixture
def empty_database_url(template_url: URL) -> Iterator[str]:
    """A database with nothing in it, dropped afterwards."""
    with _fresh_database(template_url, copied_from="template0") as url:
        yield url


@pytest.fixture
def database_url(template_url: URL) -> Iterator[str]:
    """A migrated database of the test's own, dropped afterwards."""
    with _fresh_database(template_url, copied_from=TEMPLATE) as url:
        yield url


@pytest.fixture
def engine(settings: Settings, database_url: str) -> Iterator[Engine]:
    with open_engine(settings, database_url) as engine:
        yield engine


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """In a transaction that is rolled back at the end unless the test commits it."""
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def runtime(settings: Settings, engine: Engine) -> Runtime:
    """All that a process works with, over this test's own database and data folder."""
    from portal.runtime import Runtime  # noqa: PLC0415 - most tests need no search engine
    from portal.search.engines.embedded import EmbeddedEngine  # noqa: PLC0415
    from portal.storage.local import LocalStore, LocalUploads  # noqa: PLC0415

    objects = settings.data_path / "objects"
    return Runtime(
        settings=settings,
        engine=engine,
        store=LocalStore(objects),
        uploads=LocalUploads(objects, free_bytes_min=settings.disk_free_bytes_min),
        search=EmbeddedEngine(settings.data_path / "search"),
    )


@pytest.fixture(scope="session")
def versitygw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VersityGateway]:
    """A real S3 server of this test process's own."""
    from tests.versitygw import running_gateway  # noqa: PLC0415 - most tests need no boto3

    with running_gateway(tmp_path_factory.mktemp("versitygw")) as gateway:
        yield gateway


@pytest.fixture
def s3_settings(settings: Settings, versitygw: VersityGateway) -> Settings:
    """`settings` with a fresh bucket on the real server."""
    return versitygw.settings(settings)


@pytest.fixture
def s3_runtime(s3_settings: Settings, runtime: Runtime) -> Runtime:
    """`runtime` with its objects in a fresh bucket on the real server."""
    from portal.runtime import open_storage  # noqa: PLC0415 - as above

    storage = open_storage(s3_settings)
    return replace(
        runtime,
        settings=s3_settings,
        store=storage.store,
        uploads=storage.uploads,
        addresses=storage.addresses,
        inner_addresses=storage.inner_addresses,
    )


@pytest.fixture
def meilisearch_index() -> Iterator[MeilisearchIndex]:
    """An index of the test's own on the real server that the environment names, if any."""
    from tests.meilisearch_index import index_on, server_or_skip  # noqa: PLC0415 - as above

    with index_on(*server_or_skip()) as index:
        yield index


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real media; where CI promises it, its absence is a failure."""
    folder = Path(os.environ.get("PORTAL_SAMPLES", PROJECT.parent / "shared" / "samples"))
    if not folder.is_dir():
        reason = f"there are no sample media in {folder}; PORTAL_SAMPLES names another folder"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@contextmanager
def _fresh_database(server: URL, *, copied_from: str) -> Iterator[str]:
    name = f"test_{new_id()}"
    # By its files, in half the time: without fsync the checkpoint that this takes costs little.
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {copied_from} STRATEGY FILE_COPY")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: URL, statement: str) -> None:
    with psycopg.connect(_maintenance(server), autocommit=True) as connection:
        connection.execute(statement.encode())


def _exists(database: URL) -> bool:
    query = "SELECT 1 FROM pg_database WHERE datname = %s"
    with psycopg.connect(_maintenance(database)) as connection:
        return connection.execute(query, [database.database]).fetchone() is not None


def _maintenance(server: URL) -> str:
    url = server.set(drivername="postgresql", database="postgres")
    return url.render_as_string(hide_password=False)
