"""The vocabulary of background work: task names, their lanes, and `defer`.

A task is the function, a job is one run of it. Every job concerns one row, named by its id, and
is queued on the caller's connection, so that it commits or vanishes with that row. The web knows
tasks by these names only and never imports their code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import Connection


class Lane(StrEnum):
    """Queues that do not wait for one another: light steps are never behind an encode."""

    MEDIA = "media"
    LIGHT = "light"
    INDEX = "index"


class Task(StrEnum):
    FINISH_UPLOAD = "uploads.finish"
    VERIFY = "assets.verify"
    PROBE = "assets.probe"
    TRANSCODE = "assets.transcode"
    POSTER = "assets.poster"
    PHOTO = "assets.photo"
    CAPTIONS = "assets.captions"
    INDEX_ASSET = "assets.index"
    INDEX_EVENT = "events.index"
    REMOVE_OBJECTS = "assets.remove_objects"


LANES: Mapping[Task, Lane] = {
    Task.FINISH_UPLOAD: Lane.LIGHT,
    Task.VERIFY: Lane.LIGHT,
    Task.PROBE: Lane.LIGHT,
    Task.TRANSCODE: Lane.MEDIA,
    Task.POSTER: Lane.LIGHT,
    Task.PHOTO: Lane.LIGHT,
    Task.CAPTIONS: Lane.LIGHT,
    Task.INDEX_ASSET: Lane.INDEX,
    Task.INDEX_EVENT: Lane.INDEX,
    Task.REMOVE_OBJECTS: Lane.LIGHT,
}


@dataclass(frozen=True)
class Job:
    """One piece of work to queue: `subject_id` is the id of the upload, asset or event."""

    task: Task
    subject_id: str
    tries: int = 1

    @property
    def lock(self) -> str:
        """Jobs with equal locks never run at the same time; the index has a single writer."""
        if LANES[self.task] is Lane.INDEX:
            return Lane.INDEX
        return f"{self.task}:{self.subject_id}"


# No import_paths: deferring by name must not import the workers. The connector is never opened;
# each defer brings the caller's connection.
_app = App(connector=SyncPsycopgConnector())


def defer(connection: Connection, job: Job, *, delay_seconds: float = 0) -> None:
    """Queue `job` in the transaction of `connection`; a twin that still waits makes it a no-op."""
    deferrer = _app.configure_task(
        job.task,
        allow_unknown=True,
        connection=connection.connection.driver_connection,
        queue=LANES[job.task],
        lock=job.lock,
        queueing_lock=f"{job.task}:{job.subject_id}",
        schedule_in={"milliseconds": round(delay_seconds * 1000)} if delay_seconds else None,
    )
    try:
        with connection.begin_nested():
            deferrer.defer(subject_id=job.subject_id, tries=job.tries)
    except AlreadyEnqueued:
        return
