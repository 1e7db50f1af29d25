"""The few small queries that a scrape costs the database."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, text

from portal.assets.models import AssetState, Kind, Outcome, Step
from portal.assets.pipeline import asset_state
from portal.jobs import Lane
from portal.jobs.service import STALLED_SECONDS
from portal.metrics.models import AssetCount, LaneCount, UploadCount, WorkerCount
from portal.uploads.models import UploadState

_OPEN = (UploadState.OPEN, UploadState.COMPLETING)


def limit_time(connection: Connection, *, milliseconds: int) -> None:
    """No statement of this transaction runs longer."""
    connection.execute(
        text("select set_config('statement_timeout', :limit, true)"), {"limit": str(milliseconds)}
    )


def count_lanes(connection: Connection) -> list[LaneCount]:
    """Every lane, an empty one too. A job falls due when it was queued, or when its pause ends."""
    rows = connection.execute(
        text(
            "select job.queue_name as lane,"
            " count(*) filter (where status = 'todo' and due_at <= now()) as waiting,"
            " count(*) filter (where status = 'todo' and due_at > now()) as paused,"
            " count(*) filter (where status = 'doing') as running,"
            " extract(epoch from now() - min(due_at) filter (where status = 'todo')) as oldest"
            " from procrastinate_jobs job, lateral (select greatest(job.scheduled_at, max(at))"
            "  from procrastinate_events where job_id = job.id and type = 'deferred') due (due_at)"
            " where status in ('todo', 'doing') group by job.queue_name"
        )
    )
    found = {row.lane: row for row in rows}
    return [
        LaneCount(
            lane=lane,
            waiting=found[lane].waiting if lane in found else 0,
            paused=found[lane].paused if lane in found else 0,
            running=found[lane].running if lane in found else 0,
            oldest_seconds=max(0.0, float(found[lane].oldest or 0)) if lane in found else 0.0,
        )
        for lane in Lane
    ]


def index_lag_seconds(connection: Connection) -> float:
    """Since when the oldest change that the index lacks waits, tries and pauses included."""
    lag = connection.scalar(
        text(
            "select extract(epoch from now() - min(at)) from procrastinate_events event"
            " join procrastinate_jobs job on job.id = event.job_id"
            " where job.queue_name = :lane and job.status in ('todo', 'doing')"
            " and event.type = 'deferred'"
        ),
        {"lane": Lane.INDEX},
    )
    return float(lag or 0)


def count_assets(connection: Connection) -> list[AssetCount]:
    """By every kind and state. The state follows from the pipeline's table, so it is no SQL."""
    rows = connection.execute(
        text(
            "select kind, outcomes, count(*) as number from ("
            " select asset.kind, array_agg(step.name || ':' || step.outcome order by step.name)"
            "  filter (where step.outcome is not null) as outcomes"
            " from assets asset left join steps step on step.asset_id = asset.id"
            " where asset.removed_at is null group by asset.id) as asset"
            " group by kind, outcomes"
        )
    )
    counts = Counter[tuple[Kind, AssetState]]()
    for row in rows:
        ended = (entry.split(":") for entry in row.outcomes or ())
        outcomes = {Step(step): Outcome(outcome) for step, outcome in ended}
        kind = Kind(row.kind)
        counts[kind, asset_state(kind, outcomes)] += row.number
    return [AssetCount(kind, state, counts[kind, state]) for kind in Kind for state in AssetState]


def count_uploads(connection: Connection) -> list[UploadCount]:
    """Those that are under way, with the sizes that they will have."""
    rows = connection.execute(
        text(
            "select state, count(*) as number, sum(size_bytes) as size_bytes from uploads"
            " where state = any(:states) group by state"
        ),
        {"states": list(_OPEN)},
    )
    found = {row.state: row for row in rows}
    return [
        UploadCount(state, found[state].number, int(found[state].size_bytes))
        if state in found
        else UploadCount(state, 0, 0)
        for state in _OPEN
    ]


def count_workers(connection: Connection) -> WorkerCount:
    row = connection.execute(
        text(
            "select count(*) filter"
            "  (where last_heartbeat > now() - make_interval(secs => :stalled)) as lanes,"
            " extract(epoch from now() - max(last_heartbeat)) as silent"
            " from procrastinate_workers"
        ),
        {"stalled": STALLED_SECONDS},
    ).one()
    return WorkerCount(row.lanes, None if row.silent is None else float(row.silent))
