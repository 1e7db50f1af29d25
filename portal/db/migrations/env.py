"""Run by Alembic: upgrade on the connection, and in the transaction, of `portal.db.migrate`."""

from __future__ import annotations

from alembic import context

from portal.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
