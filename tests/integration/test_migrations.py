"""The migrations add up to the declared tables, once, whoever runs them how often."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, Engine, inspect, text

from portal.db.engine import build_engine
from portal.db.migrate import current_revision, head_revision, upgrade
from portal.db.tables import metadata
from portal.errors import DatabaseUnavailable
from portal.jobs import Job, Task, defer

pytestmark = pytest.mark.postgres


@pytest.fixture
def empty_engine(empty_database_url: str) -> Iterator[Engine]:
    engine = build_engine(empty_database_url, pool_size=2)
    yield engine
    engine.dispose()


def test_upgrade_from_empty_equals_the_declared_tables(empty_engine: Engine) -> None:
    assert current_revision(empty_engine) is None
    upgrade(empty_engine)
    assert current_revision(empty_engine) == head_revision()
    with empty_engine.connect() as connection:
        assert _differences(connection) == []


def test_comparison_sees_a_difference(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE events DROP COLUMN credit"))
        assert _differences(connection) != []


def test_check_constraints_are_those_declared(connection: Connection) -> None:
    """Alembic's comparison leaves these out."""
    inspector = inspect(connection)
    for table in metadata.sorted_tables:
        declared = {c.name for c in table.constraints if isinstance(c, CheckConstraint)}
        assert {c["name"] for c in inspector.get_check_constraints(table.name)} == declared


def test_upgrading_again_changes_nothing(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO people (id, slug, name) VALUES ('a', 'b', 'c')"))
    upgrade(engine)
    upgrade(database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM people")).scalar_one() == 1


def test_two_upgraders_at_once_both_succeed(empty_engine: Engine, empty_database_url: str) -> None:
    faults: list[BaseException] = []

    def run() -> None:
        try:
            upgrade(empty_database_url)
        except BaseException as error:  # noqa: BLE001 - carried to the test's own thread
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert current_revision(empty_engine) == head_revision()


def test_a_job_can_be_queued_and_vanishes_with_its_transaction(engine: Engine) -> None:
    with engine.begin() as connection:
        defer(connection, Job(task=Task.PROBE, subject_id="kept"))
    with engine.connect() as connection:
        defer(connection, Job(task=Task.PROBE, subject_id="rolled-back"))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT args ->> 'subject_id' FROM procrastinate_jobs"))
        assert found.scalars().all() == ["kept"]


def test_an_unreachable_database_is_said_to_be_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        upgrade("postgresql+psycopg://portal@127.0.0.1:1/portal")


def _differences(connection: Connection) -> list[object]:
    def is_ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or not (name or "").startswith("procrastinate_")

    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_name": is_ours,
        "target_metadata": metadata,
    }
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))
