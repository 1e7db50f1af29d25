"""Single files that a step makes, such as a poster or a download: stored and described."""

from __future__ import annotations

from tempfile import TemporaryFile

from portal.assets.made_files import JPEG_TYPE, media_type_of
from portal.assets.models import Rendition, RenditionKind
from workers.outputs import Stored, open_output, output_folder, require_whole_jpeg, store_output
from workers.run import StepRun


def store_jpeg(run: StepRun, file: str, name: str, *, width: int, height: int) -> Rendition:
    """Store the scratch file `file` as the picture `name`. Raises ToolFailed unless it is whole."""
    with output_folder(run.scratch) as folder, open_output(file, within=folder) as stream:
        require_whole_jpeg(stream, name=file)
        stored = store_output(run, stream, name, media_type=JPEG_TYPE)
    return described(run, stored, name, kind=RenditionKind.IMAGE, width=width, height=height)


def store_bytes(
    run: StepRun,
    name: str,
    content: bytes,
    *,
    kind: RenditionKind = RenditionKind.FILE,
    width: int | None = None,
    height: int | None = None,
) -> Rendition:
    """Store what our own code has made."""
    with TemporaryFile(dir=run.scratch) as unnamed:
        unnamed.write(content)
        unnamed.flush()
        stored = store_output(run, unnamed, name, media_type=media_type_of(name))
    return described(run, stored, name, kind=kind, width=width, height=height)


def described(
    run: StepRun,
    stored: Stored,
    name: str,
    *,
    kind: RenditionKind,
    width: int | None = None,
    height: int | None = None,
) -> Rendition:
    """The rendition that a stored file is."""
    return Rendition(
        name=name,
        step=run.step,
        attempt=run.attempt,
        kind=kind,
        key=stored.key,
        media_type=media_type_of(name),
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        width=width,
        height=height,
    )
