"""Which function does which task; a worker refuses to start unless every task has exactly one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from portal.assets.models import Step
from portal.assets.service import STEP_TASKS
from portal.jobs import Task
from workers.captions.embedded import subtitles
from workers.captions.step import captions
from workers.chunk_runner import ChunkRunner
from workers.downloads.step import download
from workers.indexing import index, index_event
from workers.originals import remove_objects, verify
from workers.photo.step import photo
from workers.run import ChunkHandlers, StepHandlers
from workers.runner import StepRunner
from workers.sound.step import sound
from workers.stills.poster import poster
from workers.stills.storyboard_step import storyboard
from workers.uploading import finish_upload
from workers.video.chunks import encode_chunk
from workers.video.joining import join_chunks
from workers.video.preview import preview
from workers.video.probe_step import probe
from workers.video.transcode import transcode

JobHandler = Callable[[str], None]
"""Takes the id of what the job concerns."""

STEP_HANDLERS: StepHandlers = {
    Step.VERIFY: verify,
    Step.PROBE: probe,
    Step.PREVIEW: preview,
    Step.TRANSCODE: transcode,
    Step.SOUND: sound,
    Step.POSTER: poster,
    Step.SUBTITLES: subtitles,
    Step.STORYBOARD: storyboard,
    Step.DOWNLOAD: download,
    Step.PHOTO: photo,
    Step.CAPTIONS: captions,
    Step.INDEX: index,
}


CHUNK_HANDLERS: Mapping[Step, ChunkHandlers] = {
    Step.TRANSCODE: ChunkHandlers(make=encode_chunk, join=join_chunks),
}


def job_handlers(steps: StepRunner, chunks: ChunkRunner) -> Mapping[Task, JobHandler]:
    """Every task's handler. Raises LookupError unless each task has exactly one."""
    runtime = steps.runtime
    of_steps = {STEP_TASKS[step]: partial(steps.run, step) for step in steps.handlers}
    others: dict[Task, JobHandler] = {
        Task.CHUNK: chunks.run,
        Task.FINISH_UPLOAD: partial(finish_upload, runtime),
        Task.INDEX_EVENT: partial(index_event, runtime),
        Task.REMOVE_OBJECTS: partial(remove_objects, runtime),
    }
    check_total([*of_steps, *others])
    return {**of_steps, **others}


def check_total(tasks: list[Task]) -> None:
    """Raises LookupError naming tasks without a handler, or with several."""
    missing = set(Task) - set(tasks)
    doubled = {task for task in tasks if tasks.count(task) > 1}
    if missing or doubled:
        raise LookupError(f"tasks without a handler: {missing}; with several: {doubled}")
