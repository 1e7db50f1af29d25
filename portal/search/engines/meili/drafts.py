"""Rebuilding: a new index under a draft's name, which then changes places with the one in use."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

import structlog

from portal.errors import SearchUnavailable
from portal.ids import is_id, new_id
from portal.search.engines.meili.rows import Row
from portal.search.engines.meili.server import Server

DRAFT = "-draft-"
"""<index>-draft-<id>; keys must cover these names, too."""

_log = structlog.get_logger(__name__)


def fill_and_swap(server: Server, index: str, rows: Iterable[Row]) -> int:
    """Returns how many rows the new index holds; whatever happens, no draft stays.

    Drafts of rebuilds that were killed go first. One that somebody fills at this moment would go
    with them, and their rebuild would fail: whoever rebuilds holds the portal's lock for that.
    """
    for name in server.names_starting_with(index + DRAFT):
        if is_draft(name, index):
            server.delete(name)
    draft = f"{index}{DRAFT}{new_id()}"
    with ExitStack() as undoing:
        undoing.callback(_give_up, server, draft)
        server.create(draft)
        count = server.add(draft, rows)
        server.put_in_place(draft, index)
        undoing.pop_all()
    return count


def is_draft(name: str, index: str) -> bool:
    """By exactly how we name them: what else begins alike may be an index in use."""
    return name.startswith(index + DRAFT) and is_id(name.removeprefix(index + DRAFT))


def _give_up(server: Server, draft: str) -> None:
    """What cannot be deleted now goes with the next rebuild."""
    try:
        server.delete(draft)
    except SearchUnavailable as error:
        _log.warning("a draft of the index is left on the server", reason=str(error))
