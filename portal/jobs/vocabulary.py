"""The words for background work: tasks, their lanes, jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Lane(StrEnum):
    """Queues that do not wait for one another: light steps are never behind an encode."""

    FIRST = "first"  # what an editor waits for: never behind hashing or an encode
    MEDIA = "media"
    LIGHT = "light"
    INDEX = "index"


class Task(StrEnum):
    FINISH_UPLOAD = "uploads.finish"
    VERIFY = "assets.verify"
    PROBE = "assets.probe"
    PREVIEW = "assets.preview"
    TRANSCODE = "assets.transcode"
    CHUNK = "recordings.chunk"
    SOUND = "assets.sound"
    POSTER = "assets.poster"
    SUBTITLES = "assets.subtitles"
    STORYBOARD = "assets.storyboard"
    DOWNLOAD = "assets.download"
    PHOTO = "assets.photo"
    CAPTIONS = "assets.captions"
    INDEX_ASSET = "assets.index"
    INDEX_EVENT = "events.index"
    REMOVE_OBJECTS = "assets.remove_objects"


LANES: Mapping[Task, Lane] = {
    Task.FINISH_UPLOAD: Lane.LIGHT,
    Task.VERIFY: Lane.LIGHT,
    Task.PROBE: Lane.FIRST,
    Task.PREVIEW: Lane.FIRST,
    Task.TRANSCODE: Lane.MEDIA,
    Task.CHUNK: Lane.MEDIA,
    Task.SOUND: Lane.MEDIA,
    Task.POSTER: Lane.LIGHT,
    Task.SUBTITLES: Lane.LIGHT,
    Task.STORYBOARD: Lane.LIGHT,
    Task.DOWNLOAD: Lane.LIGHT,
    Task.PHOTO: Lane.LIGHT,
    Task.CAPTIONS: Lane.LIGHT,
    Task.INDEX_ASSET: Lane.INDEX,
    Task.INDEX_EVENT: Lane.INDEX,
    Task.REMOVE_OBJECTS: Lane.LIGHT,
}


@dataclass(frozen=True)
class Job:
    """One piece of work to queue: `subject_id` is the id of the upload, asset, chunk or event.

    Of those that wait in a lane the one of the highest `priority` is taken first.
    """

    task: Task
    subject_id: str
    tries: int = 1
    priority: int = 0

    @property
    def lock(self) -> str:
        """Jobs with equal locks never run at the same time; the index has a single writer."""
        if LANES[self.task] is Lane.INDEX:
            return Lane.INDEX
        return self.name

    @property
    def name(self) -> str:
        """Of jobs with equal names, one at most waits in the queue."""
        return f"{self.task}:{self.subject_id}"
