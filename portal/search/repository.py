"""All SQL of search: what documents are built from, and what hits are checked against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table, func, not_, select

from portal.assets.models import Kind, PhotoMetadata
from portal.db.tables import (
    asset_people,
    assets,
    cues,
    event_delegations,
    event_people,
    event_topics,
    events,
    originals,
    people,
    person_variants,
    photo_metadata,
    programme_items,
    renditions,
    transcripts,
)
from portal.languages import LocalizedText
from portal.people.models import EventPerson, Person
from portal.search.sources import AssetSource, EventSource, TranscriptSource
from portal.transcripts.models import (
    Cue,
    Transcript,
    TranscriptOrigin,
    TranscriptStatus,
    without_outdone,
)
from portal.visibility import Viewer, asset_visible_to, event_visible_to

POSTERS = ("poster.jpg", "photo-320.jpg")
"""Renditions that stand for their asset in a list of hits."""

LAG_MAX = timedelta(days=1)
"""By then the index has forgotten what was removed, even when workers were down for a while."""

_INDEX_LOCK = 7_202_612

T = TypeVar("T")


@dataclass(frozen=True)
class EventLabel:
    slug: str
    title: LocalizedText
    default_language: str
    time_zone: str


# --- what documents are built from -----------------------------------------------------------


def all_event_ids(connection: Connection) -> Sequence[str]:
    return connection.scalars(select(events.c.id).order_by(events.c.id)).all()


def asset_ids_of_event(connection: Connection, event_id: str) -> Sequence[str]:
    """Removed ones too: the index may still know them."""
    query = select(assets.c.id).where(assets.c.event_id == event_id).order_by(assets.c.id)
    return connection.scalars(query).all()


def source_ids_shown_on(connection: Connection, asset_id: str) -> Sequence[str]:
    """Assets from which this recording's transcripts come: captions, or itself."""
    query = select(transcripts.c.source_asset_id).where(transcripts.c.recording_id == asset_id)
    return connection.scalars(query.order_by(transcripts.c.source_asset_id)).all()


def recording_ids_of(connection: Connection, asset_id: str) -> Sequence[str]:
    """The recording, if any, on which the transcripts from this asset are shown."""
    query = select(transcripts.c.recording_id).where(
        transcripts.c.source_asset_id == asset_id, transcripts.c.recording_id.is_not(None)
    )
    return [recording_id for recording_id in connection.scalars(query) if recording_id]


def event_of_asset(connection: Connection, asset_id: str) -> EventSource | None:
    query = select(assets.c.event_id).where(assets.c.id == asset_id)
    event_id = connection.scalars(query).one_or_none()
    return read_event(connection, event_id) if event_id else None


def read_event(connection: Connection, event_id: str) -> EventSource | None:
    row = connection.execute(select(events).where(events.c.id == event_id)).one_or_none()
    if row is None:
        return None
    return EventSource(
        id=row.id,
        slug=row.slug,
        default_language=row.default_language,
        title=row.title,
        summary=row.summary,
        body=row.body,
        place=row.place,
        starts_at=row.starts_at,
        released_at=row.released_at,
        withdrawn_at=row.withdrawn_at,
        topics=_texts(connection, event_topics, "name", event_id),
        delegations=_texts(connection, event_delegations, "name", event_id),
        programme=_texts(connection, programme_items, "title", event_id),
        people=_people_of_event(connection, event_id),
    )


def read_assets(
    connection: Connection, *, event_id: str | None = None, ids: Collection[str] = ()
) -> list[AssetSource]:
    """Those of the event, or those named; never removed ones."""
    wanted = assets.c.event_id == event_id if event_id else assets.c.id.in_(ids)
    rows = connection.execute(
        _select_assets().where(wanted, assets.c.removed_at.is_(None)).order_by(assets.c.id)
    ).all()
    asset_ids = [row.id for row in rows]
    shown = _people_of_assets(connection, asset_ids)
    spoken = _transcripts_of_assets(connection, asset_ids)
    return [_asset(row, shown[row.id], spoken[row.id]) for row in rows]


# --- who may write ---------------------------------------------------------------------------


def hold_index(connection: Connection) -> None:
    """Wait until nobody else changes the index, and keep them out until the transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(_INDEX_LOCK)))


# --- what hits are checked against, and what is shown with them ------------------------------


def database_now(connection: Connection) -> datetime:
    now: datetime = connection.scalars(select(func.now())).one()
    return now


def visible_asset_ids(
    connection: Connection, ids: Collection[str], *, viewer: Viewer
) -> frozenset[str]:
    query = (
        select(assets.c.id)
        .join(events, events.c.id == assets.c.event_id)
        .outerjoin(originals, originals.c.asset_id == assets.c.id)
        .where(assets.c.id.in_(ids), asset_visible_to(viewer))
    )
    return frozenset(connection.scalars(query))


def visible_events(
    connection: Connection, ids: Collection[str], *, viewer: Viewer
) -> Mapping[str, EventLabel]:
    """{event id: what is shown of it}."""
    columns = (events.c.slug, events.c.title, events.c.default_language, events.c.time_zone)
    query = select(events.c.id, *columns).where(events.c.id.in_(ids), event_visible_to(viewer))
    return {event_id: EventLabel(*label) for event_id, *label in connection.execute(query)}


def are_settled(connection: Connection, slugs: Collection[str], *, viewer: Viewer) -> bool:
    """Whether the viewer may see all these events, and no file of theirs was just removed."""
    removed = (
        select(assets.c.id)
        .where(assets.c.event_id == events.c.id, assets.c.removed_at > func.now() - LAG_MAX)
        .exists()
    )
    query = select(func.count()).where(
        events.c.slug.in_(slugs), event_visible_to(viewer), not_(removed)
    )
    return connection.scalars(query).one() == len(slugs)


def person_slugs(connection: Connection, names: Collection[str]) -> Mapping[str, str]:
    """{name: slug} of those that are known."""
    query = select(people.c.name, people.c.slug).where(people.c.name.in_(names))
    return {row.name: row.slug for row in connection.execute(query)}


def poster_names(connection: Connection, asset_ids: Collection[str]) -> Mapping[str, str]:
    """{asset id: name of the rendition that stands for it}."""
    query = select(renditions.c.asset_id, renditions.c.name).where(
        renditions.c.asset_id.in_(asset_ids), renditions.c.name.in_(POSTERS)
    )
    return {row.asset_id: row.name for row in connection.execute(query)}


# --- rows to sources -------------------------------------------------------------------------


def _texts(
    connection: Connection, table: Table, column: str, event_id: str
) -> tuple[LocalizedText, ...]:
    query = select(table.c[column]).where(table.c.event_id == event_id)
    return tuple(connection.scalars(query.order_by(table.c.position)))


def _people_of_event(connection: Connection, event_id: str) -> tuple[EventPerson, ...]:
    query = (
        _select_people(event_people.c.role)
        .join(event_people, event_people.c.person_id == people.c.id)
        .where(event_people.c.event_id == event_id)
        .order_by(event_people.c.position)
    )
    return tuple(EventPerson(_person(row), row.role) for row in connection.execute(query))


def _people_of_assets(
    connection: Connection, asset_ids: Collection[str]
) -> Mapping[str, tuple[Person, ...]]:
    query = (
        _select_people(asset_people.c.asset_id)
        .join(asset_people, asset_people.c.person_id == people.c.id)
        .where(asset_people.c.asset_id.in_(asset_ids))
        .order_by(people.c.name)
    )
    return _grouped((row.asset_id, _person(row)) for row in connection.execute(query))


def _select_people(*columns: Any) -> Select[Any]:
    variants = (
        select(func.array_agg(person_variants.c.variant))
        .where(person_variants.c.person_id == people.c.id)
        .scalar_subquery()
        .label("variants")
    )
    return select(people.c.id, people.c.slug, people.c.name, variants, *columns)


def _person(row: Row[Any]) -> Person:
    return Person(row.id, row.slug, row.name, variants=tuple(sorted(row.variants or ())))


def _transcripts_of_assets(
    connection: Connection, asset_ids: Collection[str]
) -> Mapping[str, tuple[TranscriptSource, ...]]:
    """By the asset that each is shown on; none whose own asset was removed."""
    shown_on = func.coalesce(transcripts.c.recording_id, transcripts.c.source_asset_id)
    query = (
        select(transcripts, shown_on.label("asset_id"), originals.c.verified_at)
        .join(assets, assets.c.id == transcripts.c.source_asset_id)
        .outerjoin(originals, originals.c.asset_id == assets.c.id)
        .where(shown_on.in_(asset_ids), assets.c.removed_at.is_(None))
        .order_by(transcripts.c.language, transcripts.c.id)
    )
    rows = connection.execute(query).all()
    spoken = _cues_of_transcripts(connection, [row.id for row in rows])
    sources = _grouped(
        (row.asset_id, TranscriptSource(_transcript(row, spoken[row.id]), bool(row.verified_at)))
        for row in rows
    )
    return defaultdict(tuple, {key: _without_outdone(found) for key, found in sources.items()})


def _without_outdone(sources: Sequence[TranscriptSource]) -> tuple[TranscriptSource, ...]:
    """A caption file that arrived damaged, or may have, outdoes nothing."""
    verified = [source.transcript for source in sources if source.is_verified]
    kept = {transcript.id for transcript in without_outdone(verified)}
    return tuple(s for s in sources if not s.is_verified or s.transcript.id in kept)


def _cues_of_transcripts(
    connection: Connection, transcript_ids: Collection[str]
) -> Mapping[str, tuple[Cue, ...]]:
    query = (
        select(cues)
        .where(cues.c.transcript_id.in_(transcript_ids))
        .order_by(cues.c.transcript_id, cues.c.position)
    )
    return _grouped(
        (row.transcript_id, Cue(row.start_seconds, row.end_seconds, row.text, row.speaker))
        for row in connection.execute(query)
    )


def _transcript(row: Row[Any], spoken: tuple[Cue, ...]) -> Transcript:
    return Transcript(
        id=row.id,
        asset_id=row.asset_id,
        source_asset_id=row.source_asset_id,
        language=row.language,
        status=TranscriptStatus(row.status),
        origin=TranscriptOrigin(row.origin),
        cues=spoken,
    )


def _select_assets() -> Select[Any]:
    photo = [column.label(f"photo_{column.name}") for column in photo_metadata.c]
    return (
        select(
            assets,
            originals.c.verified_at,
            programme_items.c.title.label("programme_title"),
            programme_items.c.starts_at.label("programme_starts_at"),
            *photo,
        )
        .outerjoin(originals, originals.c.asset_id == assets.c.id)
        .outerjoin(programme_items, programme_items.c.id == assets.c.programme_item_id)
        .outerjoin(photo_metadata, photo_metadata.c.asset_id == assets.c.id)
    )


def _asset(
    row: Row[Any], shown: tuple[Person, ...], spoken: tuple[TranscriptSource, ...]
) -> AssetSource:
    return AssetSource(
        id=row.id,
        kind=Kind(row.kind),
        title=row.title,
        caption=row.caption,
        happened_at=row.captured_at or row.programme_starts_at,
        is_verified=row.verified_at is not None,
        photo=_photo(row) if row.photo_asset_id else None,
        programme_title=row.programme_title,
        people=shown,
        transcripts=spoken,
    )


def _photo(row: Row[Any]) -> PhotoMetadata:
    return PhotoMetadata(
        caption=row.photo_caption,
        captions=row.photo_captions,
        headline=row.photo_headline,
        creator=row.photo_creator,
        credit=row.photo_credit,
        keywords=tuple(row.photo_keywords),
        people_shown=tuple(row.photo_people_shown),
        city=row.photo_city,
        country=row.photo_country,
    )


def _grouped(pairs: Iterable[tuple[str, T]]) -> Mapping[str, tuple[T, ...]]:
    """By first member, in order; what is not there has ()."""
    lists: defaultdict[str, list[T]] = defaultdict(list)
    for key, value in pairs:
        lists[key].append(value)
    return defaultdict(tuple, {key: tuple(values) for key, values in lists.items()})
