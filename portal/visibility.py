"""Who may see what: the one predicate, as a value that SQL and each search engine render.

An event is public from `released_at` on until `withdrawn_at`; its assets and transcripts follow
it, assets from the moment their original is verified. The clock is Postgres' `now()`, so a
release needs no job to run on time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, true

from portal.db import tables


class Role(StrEnum):
    ANONYMOUS = "anonymous"
    EDITOR = "editor"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Viewer:
    """Who is looking. `account_id` is None for the public."""

    role: Role = Role.ANONYMOUS
    account_id: str | None = None

    @property
    def sees_everything(self) -> bool:
        """The press office's own people see drafts, embargoed and withdrawn material."""
        return self.role is not Role.ANONYMOUS


PUBLIC = Viewer()
INSTALLATION = Viewer(role=Role.ADMINISTRATOR)
"""The command line, which acts as administrator of the installation it runs on."""


def event_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on `events`."""
    if viewer.sees_everything:
        return true()
    released = tables.events.c.released_at
    withdrawn = tables.events.c.withdrawn_at
    return and_(released <= func.now(), or_(withdrawn.is_(None), withdrawn > func.now()))


def asset_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on `assets` joined to `events` and (outer) to `originals`."""
    present = tables.assets.c.removed_at.is_(None)
    if viewer.sees_everything:
        return present
    verified = tables.originals.c.verified_at.is_not(None)
    return and_(present, verified, event_visible_to(viewer))
