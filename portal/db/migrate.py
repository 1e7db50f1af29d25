"""Bring a database to the newest revision of the schema, by Alembic; the scripts ship with us."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, select

from portal.db.engine import build_engine
from portal.errors import Conflict

UPGRADE_LOCK = 0x506F7274616C  # "Portal": the number that all upgraders of a database agree on


def upgrade(database: Engine | str) -> None:
    """Run what is missing, all of it or nothing. A second upgrader waits for the first.

    Raises DatabaseUnavailable.
    """
    if isinstance(database, Engine):
        _upgrade(database)
        return
    engine = build_engine(database, pool_size=1)
    try:
        _upgrade(engine)
    finally:
        engine.dispose()


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The revision that this version of the portal needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise LookupError("the package portal.db.migrations holds no revision")
    return head


def require_current(engine: Engine) -> None:
    """Raises Conflict unless the database is at the revision of this version."""
    current, needed = current_revision(engine), head_revision()
    if current == needed:
        return
    if current is not None and current not in _known_revisions():
        raise Conflict(
            f"The database is at revision {current}, which is newer than this version of the "
            f"portal: it needs {needed}. Upgrade the portal on this machine."
        )
    raise Conflict(
        f"The database is at revision {current or 'none'}, this version of the portal "
        f"needs {needed}: run `portal migrate`."
    )


def _known_revisions() -> set[str]:
    scripts = ScriptDirectory.from_config(_config())
    return {script.revision for script in scripts.walk_revisions()}


def _upgrade(engine: Engine) -> None:
    if current_revision(engine) == head_revision():
        return
    with engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
        command.upgrade(_config(connection), "head")


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "portal.db:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
