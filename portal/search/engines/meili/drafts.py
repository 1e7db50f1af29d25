"""Rebuilding: a new index under a draft's name, which then changes places with the one in use."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from portal.errors import SearchUnavailable
from portal.ids import new_id
from portal.search.engines.meili.rows import Row
from portal.search.engines.meili.server import Server

DRAFT = "-draft-"
"""<index>-draft-<id>; keys must cover these names, too."""

_log = structlog.get_logger(__name__)


def fill_and_swap(server: Server, index: str, rows: Iterable[Row]) -> int:
    """Returns how many rows the new index holds; whatever happens, the draft is deleted.

    Drafts of rebuilds that were killed go first. One that somebody fills at this moment would go
    with them, and their rebuild would fail: whoever rebuilds holds the portal's lock for that.
    """
    for abandoned in server.names_starting_with(index + DRAFT):
        server.delete(abandoned)
    draft = f"{index}{DRAFT}{new_id()}"
    try:
        server.create(draft)
        count = server.add(draft, rows)
        server.put_in_place(draft, index)
    finally:
        _tidy_up(server, draft)
    return count


def _tidy_up(server: Server, draft: str) -> None:
    """After the swap it is the old index; the next rebuild deletes what is left here."""
    try:
        server.delete(draft)
    except SearchUnavailable as error:
        _log.warning("a draft of the index is left on the server", reason=str(error))
