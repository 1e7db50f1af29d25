"""The step "captions": a caption file becomes a transcript."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from portal.assets.models import Asset
from portal.errors import InvalidInput, MediaRefused, ObjectMissing
from portal.events import service as events
from portal.transcripts import service as transcripts
from portal.transcripts.formats import CaptionFile, read_captions
from portal.transcripts.formats.read import CAPTION_BYTES_MAX
from portal.transcripts.models import TranscriptStatus
from portal.transcripts.pairing import caption_name
from portal.visibility import INSTALLATION
from workers.run import StepResult, StepRun


def captions(run: StepRun) -> StepResult:
    """Raises MediaRefused when no cue can be read.

    Our own pure code reads the text, within limits; no decoder is involved, so no sandbox is.
    """
    asset = run.asset
    if asset.original is None:
        raise ObjectMissing(f"{asset.filename} has no stored original.")
    data = run.runtime.store.read(asset.original.key, length=CAPTION_BYTES_MAX + 1)
    try:
        read = read_captions(data, filename=asset.filename)
    except InvalidInput as error:
        raise MediaRefused(str(error)) from error
    return StepResult(notes=(*read.notes, *_naming_notes(run)), apply=partial(_save, asset, read))


def _naming_notes(run: StepRun) -> tuple[str, ...]:
    with run.runtime.engine.connect() as connection:
        suffix = transcripts.stray_suffix_of(connection, run.asset.event_id, run.asset.filename)
    if suffix is None:
        return ()
    return (f"“{suffix}” in its name is no language that is known, so it stands alone.",)


def _save(asset: Asset, read: CaptionFile, connection: Connection) -> None:
    transcripts.save_transcript(
        connection,
        asset.id,
        language=_language(asset, connection),
        status=TranscriptStatus.SUPPLIED,
        cues=read.cues,
    )


def _language(asset: Asset, connection: Connection) -> str:
    """What an editor said, else what the file is called, else what the event is in."""
    named = asset.language or caption_name(asset.filename).language
    if named is not None:
        return named
    event = events.get_event_by_id(connection, asset.event_id, viewer=INSTALLATION)
    return event.default_language
