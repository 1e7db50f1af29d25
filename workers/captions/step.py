"""The step "captions": a caption file becomes a transcript."""

from __future__ import annotations

from collections.abc import Iterator, Set
from functools import partial

from sqlalchemy import Connection

from portal.assets.models import Asset
from portal.errors import ObjectMissing
from portal.events import service as events
from portal.transcripts import service as transcripts
from portal.transcripts.formats import CaptionFile
from portal.transcripts.formats.read import CAPTION_BYTES_MAX
from portal.transcripts.models import TranscriptStatus
from portal.transcripts.pairing import caption_name, language_tag
from portal.visibility import INSTALLATION
from workers.captions.known_names import known_names
from workers.captions.models import FileAsked
from workers.captions.reading import read_file
from workers.disk import blaming_full_disk
from workers.run import StepResult, StepRun


def captions(run: StepRun) -> StepResult:
    """Raises MediaRefused when no cue can be read."""
    asset = run.asset
    if asset.original is None:
        raise ObjectMissing(f"{asset.filename} has no stored original.")
    with run.runtime.engine.connect() as connection:
        names = known_names(connection, asset.event_id)
        naming_notes = tuple(_naming_notes(connection, asset))
    read = _read(run, asset.original.key, names)
    notes = (*read.notes, *_language_notes(asset, read), *naming_notes)
    return StepResult(notes=notes, apply=partial(_save, asset, read))


def _read(run: StepRun, key: str, names: Set[str]) -> CaptionFile:
    path = run.scratch / "captions"
    free_bytes_min = run.runtime.settings.disk_free_bytes_min
    with blaming_full_disk(run.scratch, free_bytes_min=free_bytes_min):
        # One byte more than is read, so that the reader sees that there is more.
        path.write_bytes(run.runtime.store.read(key, length=CAPTION_BYTES_MAX + 1))
        asked = FileAsked(str(path.absolute()), run.asset.filename, tuple(names))
        return read_file(run, asked)


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
