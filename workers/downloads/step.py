"""The step "download": files to take away, made of what is stored already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from portal.assets.made_files import media_type_of
from portal.assets.models import Rendition, RenditionKind
from portal.assets.renditions import VIDEO_DOWNLOAD, sound_download_name, sound_tracks
from portal.events import service as events
from portal.visibility import INSTALLATION
from workers.disk import blaming_full_disk
from workers.downloads.choice import picture_of
from workers.downloads.commands import Heard, sound_command, video_command
from workers.downloads.texts import FileTexts, file_texts
from workers.downloads.wholeness import require_fast_start
from workers.files import described
from workers.hls.gathering import gather
from workers.outputs import open_output, output_folder, store_output
from workers.run import StepResult, StepRun
from workers.video.argv import Source
from workers.video.tools import long_limits, run_ffmpeg, source_of

GATHERED = "gathered-{name}.mp4"


def download(run: StepRun) -> StepResult:
    """A middle rung with all sound tracks, and each of these alone."""
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    with blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min):
        return StepResult(renditions=_downloads(run))


def _downloads(run: StepRun) -> tuple[Rendition, ...]:
    texts = _texts(run)
    made: list[Rendition] = []
    heard: list[Heard] = []
    for place, track in enumerate(sound_tracks(run.asset), 1):
        heard.append(Heard(_gathered(run, track), track.language, track.label))
        made.append(_sound(run, heard[-1], sound_download_name(place), texts))
    if picture := picture_of(run.asset):
        made.append(_video(run, picture, heard, texts))
    return tuple(made)


def _sound(run: StepRun, heard: Heard, name: str, texts: FileTexts) -> Rendition:
    made = _made(run, sound_command(heard, name, texts), heard.source, name)
    return replace(made, language=heard.language, label=heard.label)


def _video(run: StepRun, picture: Rendition, heard: Sequence[Heard], texts: FileTexts) -> Rendition:
    shown = _gathered(run, picture)
    made = _made(run, video_command(shown, heard, texts), shown, VIDEO_DOWNLOAD)
    return replace(made, width=picture.width, height=picture.height)


def _gathered(run: StepRun, rendition: Rendition) -> Source:
    return source_of(run, gather(run, rendition, GATHERED.format(name=rendition.name)))


def _made(run: StepRun, argv: list[str], source: Source, name: str) -> Rendition:
    """Run the command, store the file that it writes, and give its room back."""
    run_ffmpeg(run, argv, source.path, limits=long_limits(run))
    with output_folder(run.scratch) as folder, open_output(name, within=folder) as stream:
        require_fast_start(stream, name=name)
        stored = store_output(run, stream, name, media_type=media_type_of(name))
    (run.scratch / name).unlink()
    return described(run, stored, name, kind=RenditionKind.FILE)


def _texts(run: StepRun) -> FileTexts:
    with run.runtime.engine.connect() as connection:
        event = events.get_event_by_id(connection, run.asset.event_id, viewer=INSTALLATION)
    return file_texts(run.asset, event)
