"""Looks at the place of the new installation before anything is made or changed there."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from portal.db.copying import rows_of, snapshot
from portal.db.embedded import unmigrated_server
from portal.db.engine import open_engine
from portal.db.migrate import current_revision, head_revision
from portal.errors import Conflict, SearchUnavailable
from portal.moving import repository
from portal.moving.service import place_of_objects, place_of_rows
from portal.runtime import is_storage_used, open_search
from portal.settings import Settings

NAMED_MAX = 5
OR_RESUME = "Take an empty one, or add --resume if an earlier move has filled it."


def require_free(source: Settings, target: Settings, *, is_resumed: bool) -> None:
    """Raises Conflict when a part that only `target` names belongs to somebody already.

    A resumed move may find what an earlier one has left: then only the database is asked whether
    it is one of the portal's. Raises what parts that are away raise.
    """
    if place_of_rows(source) != place_of_rows(target):
        _require_free_database(target, is_resumed=is_resumed)
    if is_resumed:
        return
    if place_of_objects(source) != place_of_objects(target) and is_storage_used(target):
        raise Conflict(f"The target's store is not empty. {OR_RESUME}")
    if place_of_index(source) != place_of_index(target):
        _require_free_index(target)


def place_of_index(settings: Settings) -> str:
    if settings.meili_url is None:
        return str(_index_folder(settings).resolve())
    return f"{settings.meili_url}/{settings.meili_index}"


def _require_free_database(target: Settings, *, is_resumed: bool) -> None:
    with unmigrated_server(target) as url:
        if url is None:
            return
        with open_engine(target, url) as engine:
            revision = current_revision(engine)
            if revision is None:
                _require_no_tables(engine)
            elif revision != head_revision():
                raise Conflict(
                    "The target's database was set up by another version of the portal: it is at "
                    f"revision {revision}. Take an empty one."
                )
            elif not is_resumed:
                _require_no_rows(engine)


def _require_no_tables(engine: Engine) -> None:
    with snapshot(engine) as connection:
        tables = repository.tables_in(connection)
    if tables:
        named = ", ".join(tables[:NAMED_MAX]) + (" and others" if tables[NAMED_MAX:] else "")
        raise Conflict(
            f"The target's database belongs to something else: it has the tables {named}. "
            "Take an empty one."
        )


def _require_no_rows(engine: Engine) -> None:
    """One that `portal migrate` has set up is as good as empty."""
    with snapshot(engine) as connection:
        held = [name for name, rows in rows_of(connection, where={}).items() if rows.count]
    if held:
        raise Conflict(
            f"The target's database is not empty: it has rows in {', '.join(held)}. {OR_RESUME}"
        )


def _require_free_index(target: Settings) -> None:
    if target.meili_url is None and not _index_folder(target).exists():
        return  # to ask for its state would make it
    try:
        count = open_search(target).status().document_count
    except SearchUnavailable as error:
        raise Conflict(
            f"The target's search index must be empty, and does not say so: {error}"
        ) from error
    if count:
        raise Conflict(
            f"The target's search index is not empty: it holds {count:,d} documents. {OR_RESUME}"
        )


def _index_folder(settings: Settings) -> Path:
    return settings.data_path / "search"
