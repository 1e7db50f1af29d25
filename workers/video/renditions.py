"""Stores the pictures that ffmpeg wrote and describes them as renditions."""

from __future__ import annotations

from portal.assets.made_files import JPEG_TYPE
from portal.assets.models import Rendition, RenditionKind
from workers.outputs import open_output, output_folder, require_whole_jpeg, store_output
from workers.run import StepRun


def store_image(run: StepRun, name: str, *, width: int, height: int) -> Rendition:
    """Store the JPEG `name` of the scratch folder."""
    with output_folder(run.scratch) as folder, open_output(name, within=folder) as stream:
        require_whole_jpeg(stream, name=name)
        stored = store_output(run, stream, name, media_type=JPEG_TYPE)
    return Rendition(
        name=name,
        step=run.step,
        attempt=run.attempt,
        kind=RenditionKind.IMAGE,
        key=stored.key,
        media_type=JPEG_TYPE,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        width=width,
        height=height,
    )
