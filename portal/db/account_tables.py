"""Who may sign in, and how they did. Part of the tables that `portal.db.tables` declares."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    Table,
    Text,
    text,
)

from portal.db.columns import INSTANT, NOW, created_at, metadata, owned_by

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True, comment="lower case"),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text),
    created_at(),
    Column("disabled_at", INSTANT),
    CheckConstraint("role in ('administrator', 'editor')", name="role"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    owned_by("accounts.id"),
    created_at(),
    Column("used_at", INSTANT, nullable=False, server_default=NOW),
    Column("expires_at", INSTANT, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    owned_by("accounts.id"),
    Column("label", Text, nullable=False),
    created_at(),
    Column("used_at", INSTANT),
    Column("revoked_at", INSTANT),
)

setup_links = Table(
    "setup_links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    created_at(),
    Column("expires_at", INSTANT, nullable=False),
    Column("used", Boolean, nullable=False, server_default=text("false")),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("bucket", Text, primary_key=True, comment="hash of the address, or of the account"),
    Column("window_started_at", INSTANT, primary_key=True),
    Column("count", Integer, nullable=False),
)
