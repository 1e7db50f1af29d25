"""Rules about transcripts: saving, and pairing with recordings by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from portal.jobs import Job, Task, defer
from portal.transcripts import repository
from portal.transcripts.models import (
    Cue,
    Transcript,
    TranscriptOrigin,
    TranscriptStatus,
    without_outdone,
)
from portal.transcripts.pairing import belongs_to, has_same_stem, stray_suffix
from portal.visibility import Viewer


def save_transcript(
    connection: Connection,
    source_asset_id: str,
    *,
    language: str,
    status: TranscriptStatus,
    cues: Sequence[Cue],
) -> None:
    """Make or replace the transcript of a caption file and show it where it belongs.

    One that somebody has edited stays as it is.
    """
    held = repository.held_of(connection, source_asset_id)
    if not any(one.status.is_of_people for one in held):
        if held:
            transcript_id = held[0].id
            repository.set_language(connection, transcript_id, language=language, status=status)
        else:
            transcript_id = repository.add(
                connection,
                source_asset_id,
                origin=TranscriptOrigin.FILE,
                language=language,
                status=status,
            )
        repository.replace_cues(connection, transcript_id, cues)
    event_id = repository.event_of(connection, source_asset_id)
    pair_transcripts(connection, event_id)
    defer(connection, Job(Task.INDEX_EVENT, event_id))


def save_embedded(
    connection: Connection, recording_id: str, cues: Mapping[str, Sequence[Cue]]
) -> None:
    """Replace the transcripts that come from within a recording; {language: cues}.

    Those that somebody has edited stay as they are.
    """
    held = repository.held_of(connection, recording_id)
    edited = {one.language for one in held if one.status.is_of_people}
    repository.remove(connection, [one.id for one in held if one.language not in edited])
    for language in sorted(cues.keys() - edited):
        transcript_id = repository.add(
            connection,
            recording_id,
            origin=TranscriptOrigin.EMBEDDED,
            language=language,
            status=TranscriptStatus.SUPPLIED,
        )
        repository.replace_cues(connection, transcript_id, cues[language])


def pair_transcripts(connection: Connection, event_id: str) -> None:
    """Pair every caption file of the event with the recording it is named after.

    Whichever came first, captions or recording: this is called when either is ready, or gone.
    """
    repository.hold_event(connection, event_id)  # else two that are ready at once miss each other
    recordings = repository.recordings_of_event(connection, event_id)
    changed = False
    for captions in repository.caption_files_of_event(connection, event_id):
        recording_id = next(
            (r.id for r in recordings if belongs_to(captions.filename, r.filename)), None
        )
        changed |= repository.pair(connection, captions.id, recording_id)
    if changed:
        defer(connection, Job(Task.INDEX_EVENT, event_id))


def stray_suffix_of(connection: Connection, event_id: str, caption_filename: str) -> str | None:
    """The suffix for which a caption file is not paired with a recording of its event."""
    recordings = repository.recordings_of_event(connection, event_id)
    return stray_suffix(caption_filename, [recording.filename for recording in recordings])


def namesakes_of(connection: Connection, event_id: str, caption_filename: str) -> list[str]:
    """File names of the recordings that a caption file is named after, oldest first."""
    recordings = repository.recordings_of_event(connection, event_id)
    return [r.filename for r in recordings if belongs_to(caption_filename, r.filename)]


def older_namesake_of(connection: Connection, event_id: str, recording_id: str) -> str | None:
    """The file name of an older recording to which captions of the same name go."""
    recordings = repository.recordings_of_event(connection, event_id)
    own = next((r for r in recordings if r.id == recording_id), None)
    if own is None:
        return None
    oldest = next(r for r in recordings if has_same_stem(r.filename, own.filename))
    return None if oldest.id == recording_id else oldest.filename


def cues_between(
    connection: Connection, transcript: Transcript, *, start_seconds: float, end_seconds: float
) -> tuple[Cue, ...]:
    """Those of a transcript that show between two instants, the second excluded."""
    return repository.cues_between(
        connection, transcript.id, start_seconds=start_seconds, end_seconds=end_seconds
    )


def transcripts_of(
    connection: Connection, asset_id: str, *, viewer: Viewer, with_cues: bool = True
) -> list[Transcript]:
    """Those shown on an asset; the caller has made sure that the asset itself may be seen."""
    shown = repository.shown_on(connection, asset_id, viewer=viewer, with_cues=with_cues)
    return without_outdone(shown)
