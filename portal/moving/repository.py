"""What a move must know of a database: who uses it, what is under way, what objects are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, func, select, text, union_all

from portal.assets.made_files import stored_files
from portal.db.tables import assets, originals, renditions, uploads

UNFINISHED = "state NOT IN ('open', 'completing')"
"""Rows of finished uploads only; the parts of others stay where they were sent to."""


def other_users(connection: Connection) -> int:
    """Connections of other processes of the portal; each keeps one while it runs."""
    connection.execute(text("select pg_stat_clear_snapshot()"))  # else a transaction sees one look
    count: int = connection.execute(
        text(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and application_name = 'press-portal' and pid <> pg_backend_pid()"
        )
    ).scalar_one()
    return count


def unfinished_uploads(connection: Connection) -> int:
    count: int = connection.execute(
        select(func.count()).where(uploads.c.state.in_(("open", "completing")))
    ).scalar_one()
    return count


def tables_in(connection: Connection) -> Sequence[str]:
    """Whatever is in the database, without what an extension has brought along."""
    return list(
        connection.scalars(
            text(
                "select relname from pg_class where relkind in ('r', 'p')"
                " and relnamespace = any(current_schemas(false)::regnamespace[])"
                " and not exists (select from pg_depend where classid = 'pg_class'::regclass"
                " and objid = pg_class.oid and deptype = 'e') order by relname"
            )
        )
    )


def known_keys(connection: Connection) -> Iterator[str]:
    """The keys of all objects that must be there: originals, images, segments.

    Those of a removed asset are deleted, while its rows remain.
    """
    stays = assets.c.removed_at.is_(None)
    yield from connection.scalars(select(originals.c.key).join(assets).where(stays))
    of_assets = select(renditions.c.key, renditions.c.segment_files).join(assets).where(stays)
    for row in connection.execute(of_assets):
        yield from stored_files(row.key, row.segment_files)


def known_digests(connection: Connection) -> Mapping[str, str]:
    """{key: SHA-256} of the objects whose digest the database has."""
    of_originals = select(originals.c.key, originals.c.sha256).where(
        originals.c.sha256.is_not(None)
    )
    of_images = select(renditions.c.key, renditions.c.sha256).where(
        renditions.c.segment_files.is_(None)
    )
    return {row.key: row.sha256 for row in connection.execute(union_all(of_originals, of_images))}


def media_types(connection: Connection) -> Mapping[str, str]:
    """{key: media type} of originals and images."""
    known = union_all(
        select(originals.c.key, originals.c.media_type),
        select(renditions.c.key, renditions.c.media_type).where(
            renditions.c.segment_files.is_(None)
        ),
    )
    return {row.key: row.media_type for row in connection.execute(known)}
