"""The step "captions": a caption file becomes a transcript."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sqlalchemy import Connection

from portal.assets.models import Asset
from portal.errors import InvalidInput, MediaRefused, ObjectMissing
from portal.events import service as events
from portal.transcripts import service as transcripts
from portal.transcripts.formats import CaptionFile, read_captions
from portal.transcripts.formats.read import CAPTION_BYTES_MAX
from portal.transcripts.models import TranscriptStatus
from portal.transcripts.pairing import caption_name, language_tag
from portal.visibility import INSTALLATION
from workers.captions.known_names import known_names
from workers.run import StepResult, StepRun


def captions(run: StepRun) -> StepResult:
    """Raises MediaRefused when no cue can be read.

    Our own pure code reads the text, within limits; no decoder is involved, so no sandbox is.
    """
    asset = run.asset
    if asset.original is None:
        raise ObjectMissing(f"{asset.filename} has no stored original.")
    data = run.runtime.store.read(asset.original.key, length=CAPTION_BYTES_MAX + 1)
    with run.runtime.engine.connect() as connection:
        names = known_names(connection, asset.event_id)
        naming_notes = tuple(_naming_notes(connection, asset))
    try:
        read = read_captions(data, filename=asset.filename, names=names)
    except InvalidInput as error:
        raise MediaRefused(str(error)) from error
    notes = (*read.notes, *_language_notes(asset, read), *naming_notes)
    return StepResult(notes=notes, apply=partial(_save, asset, read))


def _naming_notes(connection: Connection, asset: Asset) -> Iterator[str]:
    suffix = transcripts.stray_suffix_of(connection, asset.event_id, asset.filename)
    if suffix is not None:
        yield f"“{suffix}” in its name is no language that is known, so it stands alone."
    first, *others = transcripts.namesakes_of(connection, asset.event_id, asset.filename) or [""]
    if others:
        yield f"It is shown with {first}; {' and '.join(others)}, named alike, came later."


def _language_notes(asset: Asset, read: CaptionFile) -> Iterator[str]:
    if _named_language(asset) is None and (stated := _stated_language(read)) is not None:
        yield f"Its language, {stated}, is what the file says of itself; its name has none."


def _save(asset: Asset, read: CaptionFile, connection: Connection) -> None:
    transcripts.save_transcript(
        connection,
        asset.id,
        language=_language(asset, read, connection),
        status=TranscriptStatus.SUPPLIED,
        cues=read.cues,
    )


def _language(asset: Asset, read: CaptionFile, connection: Connection) -> str:
    """What an editor said, what the file is called, what it says, or what the event is in."""
    known = _named_language(asset) or _stated_language(read)
    if known is not None:
        return known
    event = events.get_event_by_id(connection, asset.event_id, viewer=INSTALLATION)
    return event.default_language


def _named_language(asset: Asset) -> str | None:
    return asset.language or caption_name(asset.filename).language


def _stated_language(read: CaptionFile) -> str | None:
    return language_tag(read.language or "")
