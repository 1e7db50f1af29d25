"""Rebuilding: a new index under a draft's name, which then changes places with the one in use."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

import structlog

from portal.errors import SearchUnavailable
from portal.ids import is_id, new_id
from portal.search.engines.meili.filters import equal_to_any
from portal.search.engines.meili.rows import Row
from portal.search.engines.meili.server import Server

DRAFT = "-draft-"
"""<index>-draft-<id>; keys must cover these names, too."""
REHEARSAL = "rehearsal-"
"""<index>-draft-rehearsal-<id>, so that a rehearsal is nothing that a rebuild works on."""

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


def rehearse(server: Server, index: str, row: Row) -> None:
    """Whatever rebuilds and changes ask of the server, each once, with nothing in use.

    A rebuild that begins at the same moment takes this for abandoned, and makes it fail.
    """
    draft, place = (f"{index}{DRAFT}{REHEARSAL}{new_id()}" for _ in range(2))
    with ExitStack() as undoing:
        for name in (draft, place):
            undoing.callback(_give_up, server, name)
            server.create(name)
        server.names_starting_with(index + DRAFT)
        server.add(draft, [row])
        server.put_in_place(draft, place)
        if server.count(place) != 1 or len(list(server.rows(place, ["document"]))) != 1:
            raise SearchUnavailable("The search server does not give back what it was given.")
        server.delete_rows(place, where=equal_to_any("owner", [row["document"]]))


def is_draft(name: str, index: str) -> bool:
    """By exactly how we name them: what else begins alike may be an index in use."""
    return name.startswith(index + DRAFT) and is_id(
        name.removeprefix(index + DRAFT).removeprefix(REHEARSAL)
    )


def _give_up(server: Server, draft: str) -> None:
    """What cannot be deleted now goes with the next rebuild."""
    try:
        server.delete(draft)
    except SearchUnavailable as error:
        _log.warning("a draft of the index is left on the server", reason=str(error))
