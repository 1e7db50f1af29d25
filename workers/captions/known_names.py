"""Names that are taken for a speaker's when they stand before a colon."""

from __future__ import annotations

from sqlalchemy import Connection

from portal.events import service as events
from portal.visibility import INSTALLATION

LAST_NAME_LENGTH_MIN = 3


def known_names(connection: Connection, event_id: str) -> frozenset[str]:
    """Of the people of an event: full names, variants, and last names alone."""
    event = events.get_event_by_id(connection, event_id, viewer=INSTALLATION)
    full = {name for part in event.people for name in part.person.all_names}
    last = {words[-1] for words in map(str.split, full) if words}
    return frozenset(full | {name for name in last if len(name) >= LAST_NAME_LENGTH_MIN})
