"""Copies an installation to other parts: objects, then rows; compares both; then makes the index.

Rows come last and in one transaction: until then the target is empty to whoever looks at it.
The source is only read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from portal.db.copying import Rows, Where, copy_rows, rows_of, snapshot
from portal.db.embedded import normalized_url
from portal.errors import Conflict, ObjectMissing
from portal.jobs import service as jobs_service
from portal.moving import repository
from portal.moving.models import Comparison, Moved, Side, compare_objects
from portal.moving.objects import Copied, ObjectCopier
from portal.moving.room import scratch_room
from portal.runtime import Runtime
from portal.search.service import rebuild_index
from portal.settings import Settings
from portal.storage.interface import ObjectInfo

NAMED_MAX = 5
"""More missing objects than that are only counted."""
LEAVING_SECONDS = 3.0
"""PostgreSQL lists a connection for a moment after it was closed."""
LEAVING_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Plan:
    source: Runtime
    target: Runtime
    leaves_uploads: bool

    @property
    def where(self) -> Where:
        return {"uploads": repository.UNFINISHED} if self.leaves_uploads else {}

    @property
    def keeps_objects(self) -> bool:
        return place_of_objects(self.source.settings) == place_of_objects(self.target.settings)

    @property
    def keeps_rows(self) -> bool:
        return place_of_rows(self.source.settings) == place_of_rows(self.target.settings)


@dataclass(frozen=True)
class Progress:
    """Told of every object, with how many there are and their bytes; and of what comes next."""

    on_stage: Callable[[str], None]
    on_objects: Callable[[int, int], None]
    on_object: Callable[[Copied], None]


def place_of_objects(settings: Settings) -> str:
    if settings.is_local_storage:
        return str((settings.data_path / "objects").resolve())
    return f"{settings.s3_endpoint_url}/{settings.s3_bucket}"


def place_of_rows(settings: Settings) -> str:
    if settings.database_url is None:
        return str((settings.data_path / "postgres").resolve())
    return normalized_url(settings.database_url.get_secret_value())


def require_work(source: Settings, target: Settings) -> None:
    """Raises Conflict when there is nothing to move."""
    if place_of_objects(source) == place_of_objects(target) and (
        place_of_rows(source) == place_of_rows(target)
    ):
        raise Conflict("Both settings name the same database and the same store: nothing to move.")


def require_quiet(source: Runtime, *, leaves_uploads: bool) -> None:
    """Raises Conflict when the source is at work.

    To be asked before the target is opened: a database that both use knows no difference between
    its connections and those of another process.
    """
    with source.engine.connect() as connection:
        if jobs_service.live_worker_count(connection):
            raise Conflict(
                "Workers are alive: stop `portal serve` and every `portal worker` first. One that "
                f"was killed is forgotten after {jobs_service.STALLED_SECONDS} s."
            )
        if _is_shared(connection):
            raise Conflict(
                "Other processes of the portal use the database: stop `portal serve`, the web and "
                "every other command first."
            )
        unfinished = repository.unfinished_uploads(connection)
    if unfinished and not leaves_uploads:
        raise Conflict(
            f"{unfinished} uploads are not finished. Let them end while the portal runs, or add "
            "--leave-uploads: their senders then begin them again in the new installation."
        )


def _is_shared(connection: Connection) -> bool:
    """Whether others use the database still; who has just ended is gone in a moment."""
    patience_ends_at = time.monotonic() + LEAVING_SECONDS
    while repository.other_users(connection):
        if time.monotonic() > patience_ends_at:
            return True
        time.sleep(LEAVING_POLL_SECONDS)
    return False


def carry_out(plan: Plan, progress: Progress) -> Moved:
    """Copy objects and rows, and compare both sides. `make_index` is all that remains then.

    Raises Conflict, DatabaseUnavailable, InsufficientStorage or StorageError.
    """
    with snapshot(plan.source.engine) as source:
        all_copied = [] if plan.keeps_objects else _copy_objects(plan, source, progress)
        if not plan.keeps_rows:
            progress.on_stage("Copying the database")
            _copy_rows(plan, source)
    progress.on_stage("Comparing both sides")
    skipped = sum(copied.was_there for copied in all_copied)
    return Moved(
        comparisons=[
            *([] if plan.keeps_rows else _compare_rows(plan)),
            *([] if plan.keeps_objects else [_compare_objects(plan, all_copied)]),
        ],
        copied=len(all_copied) - skipped,
        skipped=skipped,
    )


def make_index(target: Runtime) -> int:
    """Fill the target's index from its database; returns how many documents it holds.

    Raises SearchUnavailable; objects and rows stay as they are then.
    """
    with target.engine.connect() as connection:
        return rebuild_index(connection, target.search)


def _copy_objects(plan: Plan, source: Connection, progress: Progress) -> Sequence[Copied]:
    settings = plan.source.settings
    infos = list(plan.source.store.list(""))
    _require_all(source, infos)
    progress.on_objects(len(infos), sum(info.size_bytes for info in infos))
    copier = ObjectCopier(
        plan.source.store,
        plan.target.store,
        digests=repository.known_digests(source),
        media_types=repository.media_types(source),
        room=None if settings.is_local_storage else scratch_room(settings),
    )
    all_copied: list[Copied] = []

    def note(copied: Copied) -> None:
        all_copied.append(copied)
        progress.on_object(copied)

    copier.copy_all(infos, note)
    return all_copied


def _require_all(source: Connection, infos: Sequence[ObjectInfo]) -> None:
    missing = sorted(set(repository.known_keys(source)) - {info.key for info in infos})
    if missing:
        named = ", ".join(missing[:NAMED_MAX]) + (" and others" if missing[NAMED_MAX:] else "")
        raise ObjectMissing(
            f"{len(missing):,d} objects that the database here knows are not in the store here: "
            f"{named}. Nothing was copied. Restore them from a backup, or remove their assets."
        )


def _copy_rows(plan: Plan, source: Connection) -> None:
    """A target that has rows already must have these very ones."""
    with plan.target.engine.begin() as target:
        held = rows_of(target, where={})
        if not any(rows.count for rows in held.values()):
            copy_rows(source, target, where=plan.where)
            return
    wanted = rows_of(source, where=plan.where)
    other = [name for name, rows in held.items() if rows != wanted[name]]
    if other:
        raise Conflict(
            f"The target's database has other rows in {', '.join(other)}: it was used since, or "
            "belongs to another installation. Take an empty one."
        )


def _compare_rows(plan: Plan) -> list[Comparison]:
    """Read anew on both sides: what has changed since the copy is told."""
    with snapshot(plan.source.engine) as source, snapshot(plan.target.engine) as target:
        ours, theirs = rows_of(source, where=plan.where), rows_of(target, where={})
    return [Comparison(name, _side(ours[name]), _side(theirs[name])) for name in ours]


def _compare_objects(plan: Plan, all_copied: Sequence[Copied]) -> Comparison:
    sizes = {info.key: info.size_bytes for info in plan.target.store.list("")}
    return compare_objects(all_copied, sizes)


def _side(rows: Rows) -> Side:
    return Side(rows.count, None, rows.sha256)
