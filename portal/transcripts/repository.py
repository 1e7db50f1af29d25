"""All SQL that writes transcripts and their cues."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.db.tables import assets, cues, events, originals, transcripts
from portal.ids import new_id
from portal.transcripts.models import Cue, Transcript, TranscriptOrigin, TranscriptStatus
from portal.visibility import Viewer, asset_visible_to


@dataclass(frozen=True)
class NamedAsset:
    id: str
    filename: str


@dataclass(frozen=True)
class Held:
    """What is there of a source; `status` says whether it may be replaced."""

    id: str
    language: str
    status: TranscriptStatus


def held_of(connection: Connection, source_asset_id: str) -> list[Held]:
    """The transcripts from one source, held until the transaction ends."""
    rows = connection.execute(
        select(transcripts.c.id, transcripts.c.language, transcripts.c.status)
        .where(transcripts.c.source_asset_id == source_asset_id)
        .order_by(transcripts.c.language)
        .with_for_update()
    )
    return [Held(row.id, row.language, TranscriptStatus(row.status)) for row in rows]


def add(
    connection: Connection,
    source_asset_id: str,
    *,
    origin: TranscriptOrigin,
    language: str,
    status: TranscriptStatus,
) -> str:
    """The id of the new transcript; an embedded one is shown where it comes from."""
    transcript_id = new_id()
    is_embedded = origin is TranscriptOrigin.EMBEDDED
    connection.execute(
        insert(transcripts).values(
            id=transcript_id,
            source_asset_id=source_asset_id,
            recording_id=source_asset_id if is_embedded else None,
            origin=origin,
            language=language,
            status=status,
        )
    )
    return transcript_id


def set_language(
    connection: Connection, transcript_id: str, *, language: str, status: TranscriptStatus
) -> None:
    connection.execute(
        update(transcripts)
        .where(transcripts.c.id == transcript_id)
        .values(language=language, status=status, updated_at=func.now())
    )


def remove(connection: Connection, transcript_ids: Collection[str]) -> None:
    connection.execute(delete(transcripts).where(transcripts.c.id.in_(transcript_ids)))


def replace_cues(connection: Connection, transcript_id: str, spoken: Sequence[Cue]) -> None:
    connection.execute(delete(cues).where(cues.c.transcript_id == transcript_id))
    rows = [
        {
            "transcript_id": transcript_id,
            "position": position,
            "start_seconds": cue.start_seconds,
            "end_seconds": cue.end_seconds,
            "speaker": cue.speaker,
            "text": cue.text,
            "styled": cue.styled,
        }
        for position, cue in enumerate(spoken)
    ]
    if rows:
        connection.execute(insert(cues), rows)


def event_of(connection: Connection, asset_id: str) -> str:
    event_id: str = connection.execute(
        select(assets.c.event_id).where(assets.c.id == asset_id)
    ).scalar_one()
    return event_id


def hold_event(connection: Connection, event_id: str) -> None:
    """Let those who pair in one event do so one after the other, until the transaction ends."""
    connection.execute(
        select(events.c.id).where(events.c.id == event_id).with_for_update(key_share=True)
    )


def recordings_of_event(connection: Connection, event_id: str) -> list[NamedAsset]:
    """Oldest first."""
    query = select(assets.c.id, assets.c.filename).where(
        assets.c.event_id == event_id,
        assets.c.kind.in_(("video", "audio")),
        assets.c.removed_at.is_(None),
    )
    rows = connection.execute(query.order_by(assets.c.created_at, assets.c.id))
    return [NamedAsset(row.id, row.filename) for row in rows]


def caption_files_of_event(connection: Connection, event_id: str) -> list[NamedAsset]:
    """Caption files that have a transcript."""
    rows = connection.execute(
        select(assets.c.id, assets.c.filename)
        .join(transcripts, transcripts.c.source_asset_id == assets.c.id)
        .where(
            assets.c.event_id == event_id,
            assets.c.kind == "captions",
            assets.c.removed_at.is_(None),
        )
    )
    return [NamedAsset(row.id, row.filename) for row in rows]


def pair(connection: Connection, source_asset_id: str, recording_id: str | None) -> bool:
    """Show the transcript on a recording (None: on its own page); whether that is a change."""
    changed = connection.execute(
        update(transcripts)
        .where(
            transcripts.c.source_asset_id == source_asset_id,
            transcripts.c.recording_id.is_distinct_from(recording_id),
        )
        .values(recording_id=recording_id)
        .returning(transcripts.c.id)
    ).one_or_none()
    return changed is not None


def shown_on(
    connection: Connection, asset_id: str, *, viewer: Viewer, with_cues: bool
) -> list[Transcript]:
    """Transcripts of a recording, or the one of a caption file, by language.

    Those whose source the viewer may see: it may be removed, or not be verified yet.
    """
    query = (
        select(transcripts)
        .join(assets, assets.c.id == transcripts.c.source_asset_id)
        .join(events, events.c.id == assets.c.event_id)
        .outerjoin(originals, originals.c.asset_id == assets.c.id)
        .where(
            or_(
                transcripts.c.recording_id == asset_id,
                transcripts.c.source_asset_id == asset_id,
            ),
            asset_visible_to(viewer),
        )
        .order_by(transcripts.c.language, transcripts.c.created_at)
    )
    return [
        _transcript(row, _cues_of(connection, row.id) if with_cues else ())
        for row in connection.execute(query).all()
    ]


def cues_between(
    connection: Connection, transcript_id: str, *, start_seconds: float, end_seconds: float
) -> tuple[Cue, ...]:
    """Those that show between two instants, the second excluded."""
    shows = and_(cues.c.start_seconds < end_seconds, cues.c.end_seconds > start_seconds)
    return _cues_of(connection, transcript_id, shows)


def _transcript(row: Row[Any], spoken: tuple[Cue, ...]) -> Transcript:
    return Transcript(
        id=row.id,
        asset_id=row.recording_id or row.source_asset_id,
        source_asset_id=row.source_asset_id,
        language=row.language,
        status=TranscriptStatus(row.status),
        origin=TranscriptOrigin(row.origin),
        cues=spoken,
    )


def _cues_of(
    connection: Connection, transcript_id: str, *conditions: ColumnElement[bool]
) -> tuple[Cue, ...]:
    is_wanted = and_(cues.c.transcript_id == transcript_id, *conditions)
    query = select(cues).where(is_wanted).order_by(cues.c.position)
    return tuple(
        Cue(row.start_seconds, row.end_seconds, row.text, row.speaker, row.styled)
        for row in connection.execute(query)
    )
