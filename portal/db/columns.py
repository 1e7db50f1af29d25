"""What all tables have in common: how constraints are named, and columns that come again."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, MetaData, Text, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

INSTANT = DateTime(timezone=True)
NOW = text("now()")
EMPTY_OBJECT = text("'{}'::jsonb")
EMPTY_LIST = text("'[]'::jsonb")


def owned_by(target: str, *, primary_key: bool = False, name: str = "") -> Column[str]:
    """A foreign key whose rows vanish with their owner; `target` is "table.column"."""
    column_name = name or target.split(".", maxsplit=1)[0].removesuffix("s") + "_id"
    return Column(
        column_name,
        Text,
        ForeignKey(target, ondelete="CASCADE"),
        nullable=False,
        primary_key=primary_key,
    )


def localized(name: str) -> Column[dict[str, str]]:
    return Column(name, JSONB, nullable=False, server_default=EMPTY_OBJECT)


def created_at() -> Column[object]:
    return Column("created_at", INSTANT, nullable=False, server_default=NOW)
