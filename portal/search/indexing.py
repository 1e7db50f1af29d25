"""Keeping the index equal to Postgres.

Whoever changes the index holds it, so that what was read from Postgres earlier is never written
over what was read later, on whatever machines the two are.
"""

from __future__ import annotations

from sqlalchemy import Connection

from portal.search import repository
from portal.search.contents import all_documents, documents_of_asset, documents_of_event
from portal.search.encoding import digest
from portal.search.engines.interface import SearchEngine
from portal.search.models import IndexDifferences, OwnedDocuments


def index_asset(connection: Connection, engine: SearchEngine, asset_id: str) -> None:
    """A removed asset is replaced by nothing. Raises SearchUnavailable."""
    repository.hold_index(connection)
    _replace(connection, engine, documents_of_asset(connection, asset_id))


def index_event(connection: Connection, engine: SearchEngine, event_id: str) -> None:
    """The event with its people and all its assets. Raises SearchUnavailable."""
    repository.hold_index(connection)
    _replace(connection, engine, documents_of_event(connection, event_id))


def rebuild_index(connection: Connection, engine: SearchEngine) -> int:
    """Fill a new index from Postgres and swap it in; returns how many documents it holds."""
    repository.hold_index(connection)
    return engine.rebuild(all_documents(connection))


def fill_empty_index(connection: Connection, engine: SearchEngine) -> int:
    """Rebuild an index that holds nothing but should: it is new, or the engine has lost it.

    Returns how many documents it now holds. Raises SearchUnavailable, or IndexUnusable for one that
    has to be rebuilt whatever it holds.
    """
    repository.hold_index(connection)
    count = engine.status().document_count
    if count or next(all_documents(connection), None) is None:
        return count
    return engine.rebuild(all_documents(connection))


def check_index(connection: Connection, engine: SearchEngine) -> IndexDifferences:
    """Everything in which the index differs from what Postgres says it should hold."""
    held = dict(engine.document_digests())
    missing: list[str] = []
    changed: list[str] = []
    for document in all_documents(connection):
        held_digest = held.pop(document.id, None)
        if held_digest is None:
            missing.append(document.id)
        elif held_digest != digest(document):
            changed.append(document.id)
    return IndexDifferences(tuple(missing), surplus=tuple(sorted(held)), changed=tuple(changed))


def _replace(connection: Connection, engine: SearchEngine, current: OwnedDocuments) -> None:
    """Into an index that holds nothing goes everything: what else it had is lost, too."""
    if engine.status().document_count:
        engine.replace(current.owner_ids, current.documents)
    else:
        engine.rebuild(all_documents(connection))
