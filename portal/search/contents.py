"""What ought to be in the index, read from Postgres and built into documents."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from portal.search import repository
from portal.search.builders import asset_documents, event_documents, person_documents
from portal.search.documents import Document
from portal.search.models import OwnedDocuments


def documents_of_asset(connection: Connection, asset_id: str) -> OwnedDocuments:
    """The asset's own documents, and the passages of every transcript shown on it.

    Captions that are paired with a recording own passages which are shown there, and replace those
    that the recording owns itself.
    """
    shown_on = repository.recording_ids_of(connection, asset_id)
    sources = repository.source_ids_shown_on(connection, asset_id)
    owner_ids = tuple(dict.fromkeys((asset_id, *sources, *shown_on)))
    event = repository.event_of_asset(connection, asset_id)
    if event is None:
        return OwnedDocuments(owner_ids, ())
    documents = tuple(
        document
        for asset in repository.read_assets(connection, ids=(asset_id, *shown_on))
        for document in asset_documents(event, asset)
        if document.owner_id in owner_ids
    )
    return OwnedDocuments(owner_ids, documents)


def documents_of_event(connection: Connection, event_id: str) -> OwnedDocuments:
    """The event's own documents, those of its appearances and of all its assets."""
    owner_ids = (event_id, *repository.asset_ids_of_event(connection, event_id))
    return OwnedDocuments(owner_ids, tuple(_documents_of_event(connection, event_id)))


def all_documents(connection: Connection) -> Iterator[Document]:
    """Event by event, so that an archive need not fit into memory."""
    for event_id in repository.all_event_ids(connection):
        yield from _documents_of_event(connection, event_id)


def _documents_of_event(connection: Connection, event_id: str) -> Iterator[Document]:
    event = repository.read_event(connection, event_id)
    if event is None:
        return
    yield from event_documents(event)
    yield from person_documents(event)
    for asset in repository.read_assets(connection, event_id=event_id):
        yield from asset_documents(event, asset)
