"""The step "download": files to take away, made of what is stored already."""

from __future__ import annotations

from portal.assets.made_files import media_type_of
from portal.assets.models import Rendition, RenditionKind
from portal.assets.renditions import SOUND_DOWNLOAD, VIDEO_DOWNLOAD
from portal.events import service as events
from portal.visibility import INSTALLATION
from workers.disk import blaming_full_disk
from workers.downloads.choice import picture_of, sound_of
from workers.downloads.commands import sound_command, video_command
from workers.downloads.texts import FileTexts, file_texts
from workers.downloads.wholeness import require_fast_start
from workers.files import described
from workers.hls.gathering import gather
from workers.outputs import open_output, output_folder, store_output
from workers.run import StepResult, StepRun
from workers.video.argv import Source
from workers.video.tools import long_limits, run_ffmpeg, source_of

GATHERED_PICTURE, GATHERED_SOUND = "gathered-picture.mp4", "gathered-sound.mp4"


def download(run: StepRun) -> StepResult:
    """A middle rung with the first sound track, and that track alone."""
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    with blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min):
        return StepResult(renditions=_downloads(run))


def _downloads(run: StepRun) -> tuple[Rendition, ...]:
    texts = _texts(run)
    picture, sound = picture_of(run.asset), sound_of(run.asset)
    heard = None if sound is None else source_of(run, gather(run, sound, GATHERED_SOUND))
    made: list[Rendition] = []
    if sound is not None and heard is not None:
        argv = sound_command(heard, texts, language=sound.language)
        made.append(_made(run, argv, heard, SOUND_DOWNLOAD))
    if picture is not None:
        shown = source_of(run, gather(run, picture, GATHERED_PICTURE))
        language = sound.language if sound else None
        argv = video_command(shown, heard, texts, language=language)
        size = (picture.width, picture.height)
        made.append(_made(run, argv, shown, VIDEO_DOWNLOAD, size=size))
    return tuple(made)


def _made(
    run: StepRun,
    argv: list[str],
    source: Source,
    name: str,
    *,
    size: tuple[int | None, int | None] = (None, None),
) -> Rendition:
    """Run the command, store the file that it writes, and give its room back."""
    run_ffmpeg(run, argv, source.path, limits=long_limits(run))
    with output_folder(run.scratch) as folder, open_output(name, within=folder) as stream:
        require_fast_start(stream, name=name)
        stored = store_output(run, stream, name, media_type=media_type_of(name))
    (run.scratch / name).unlink()
    width, height = size
    return described(run, stored, name, kind=RenditionKind.FILE, width=width, height=height)


def _texts(run: StepRun) -> FileTexts:
    with run.runtime.engine.connect() as connection:
        event = events.get_event_by_id(connection, run.asset.event_id, viewer=INSTALLATION)
    return file_texts(run.asset, event)
