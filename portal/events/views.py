"""Events as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from portal.assets.models import Asset, AssetState, Kind
from portal.assets.views import (
    PhotoCard,
    Picture,
    asset_path,
    asset_title,
    photo_card,
)
from portal.events.models import Contact, Event, ProgrammeItem
from portal.languages import LocalizedText
from portal.recordings.views import Player, RecordingCard, recording_card
from portal.web.addresses import page_path, phrase_path
from portal.web.formatting import format_zone_offset, format_zone_place
from portal.web.i18n import gettext, msg
from portal.web.markdown import to_html
from portal.web.presentation import Moment, Text, clock_range, day_range, language_name, text_in

STRIP_PHOTOS_MAX = 12

STATES = {
    "draft": msg("Draft"),
    "scheduled": msg("Scheduled"),
    "public": msg("Public"),
    "withdrawn": msg("Withdrawn"),
}
STATE_SENTENCES = {
    "draft": msg("This event is a draft: only the press office sees it."),
    "scheduled": msg("This event is not public yet: only the press office sees it."),
    "withdrawn": msg("This event was withdrawn: only the press office sees it."),
}


@dataclass(frozen=True)
class EventLine:
    """An event in a list."""

    path: str
    title: Text
    summary: Text
    place: Text
    when: Moment | None
    state: str
    state_name: str
    year: str


@dataclass(frozen=True)
class Year:
    name: str
    events: tuple[EventLine, ...]


@dataclass(frozen=True)
class Latest:
    """The newest event, large; the counts are of what a reader may see."""

    line: EventLine
    picture: Picture | None
    recording_count: int
    photo_count: int


@dataclass(frozen=True)
class PersonLine:
    path: str
    name: str
    role: Text


@dataclass(frozen=True)
class TopicLink:
    """`path` leads to the search for its words."""

    path: str
    name: Text


@dataclass(frozen=True)
class ProgrammeRow:
    time: Moment | None
    title: Text
    recordings: tuple[RecordingCard, ...]
    photos: tuple[PhotoCard, ...]


@dataclass(frozen=True)
class Paper:
    """A transcript that stands alone."""

    path: str
    title: Text
    language: str


@dataclass(frozen=True)
class EventPage:
    """`clocks` says whose clocks the times of the programme are, "" without times."""

    line: EventLine
    state_sentence: str
    body: Markup
    body_language: str
    programme: tuple[ProgrammeRow, ...]
    clocks: str
    lead: RecordingCard | None
    lead_player: Player | None
    recordings: tuple[RecordingCard, ...]
    photos: tuple[PhotoCard, ...]
    papers: tuple[Paper, ...]
    people: tuple[PersonLine, ...]
    delegations: tuple[Text, ...]
    topics: tuple[TopicLink, ...]
    contact: Contact | None
    credit: str

    @property
    def image(self) -> str:
        """What stands for the event where others link to it."""
        pictures = [self.lead and self.lead.poster, *(photo.large for photo in self.photos)]
        return next((picture.src for picture in pictures if picture), "")


@dataclass(frozen=True)
class Material:
    """All that an event page may show of its assets; `spoken` maps a recording to languages."""

    assets: Sequence[Asset]
    states: Mapping[str, AssetState]
    spoken: Mapping[str, Sequence[str]]

    def of(self, *kinds: Kind) -> list[Asset]:
        return [asset for asset in self.assets if asset.kind in kinds]


def event_path(event: Event, *, language: str) -> str:
    return page_path(language, "events", event.slug)


def event_line(event: Event, *, language: str) -> EventLine:
    when = None
    if event.starts_at:
        when = day_range(
            event.starts_at, event.ends_at, language=language, time_zone=event.time_zone
        )
    return EventLine(
        path=event_path(event, language=language),
        title=_text(event, event.title, language),
        summary=_text(event, event.summary, language),
        place=_text(event, event.place, language),
        when=when,
        state=event.state,
        state_name=gettext(language, STATES[event.state]),
        year=str(event.starts_at.astimezone(event.zone).year) if event.starts_at else "",
    )


def by_year(events: Sequence[Event], *, language: str) -> tuple[Year, ...]:
    """Neighbours of the same year together, in the order given."""
    lines = [event_line(event, language=language) for event in events]
    return tuple(
        Year(name or gettext(language, msg("Without a date")), tuple(group))
        for name, group in groupby(lines, key=lambda line: line.year)
    )


def latest_view(event: Event, material: Material, *, language: str) -> Latest:
    recordings = _recordings(event, material, language)
    photos = _photos(event, material, language)
    pictures = [card.poster for card in recordings] + [card.large for card in photos]
    return Latest(
        line=event_line(event, language=language),
        picture=next((picture for picture in pictures if picture), None),
        recording_count=len(recordings),
        photo_count=len(photos),
    )


def event_page(
    event: Event,
    material: Material,
    *,
    language: str,
    lead: Asset | None = None,
    lead_player: Player | None = None,
) -> EventPage:
    """`lead` is the recording whose player stands at the top."""
    recordings = {
        asset.id: card
        for asset, card in zip(
            material.of(Kind.VIDEO, Kind.AUDIO), _recordings(event, material, language), strict=True
        )
    }
    placed = {asset.id for asset in material.assets if _item_of(asset, event)}
    body = _text(event, event.body, language)
    return EventPage(
        line=event_line(event, language=language),
        state_sentence=_state_sentence(event, language),
        body=to_html(body.words),
        body_language=body.language,
        programme=_programme(event, material, recordings, language),
        clocks=_clocks(event, language),
        lead=recordings[lead.id] if lead else None,
        lead_player=lead_player,
        recordings=tuple(card for asset_id, card in recordings.items() if asset_id not in placed),
        photos=_photos(event, material, language),
        papers=_papers(event, material, language),
        people=_people(event, language),
        delegations=tuple(_text(event, name, language) for name in event.delegations),
        topics=tuple(_topic(event, name, language) for name in event.topics),
        contact=event.contact,
        credit=event.credit or "",
    )


def _state_sentence(event: Event, language: str) -> str:
    sentence = STATE_SENTENCES.get(event.state)
    return gettext(language, sentence) if sentence else ""


def lead_of(assets: Sequence[Asset], *, playable: Sequence[str]) -> Asset | None:
    """The recording that leads the page: the first of `playable` ids that is a video, or any."""
    candidates = [asset for asset in assets if asset.id in playable]
    videos = [asset for asset in candidates if asset.kind is Kind.VIDEO]
    return next(iter(videos or candidates), None)


def _programme(
    event: Event, material: Material, cards: Mapping[str, RecordingCard], language: str
) -> tuple[ProgrammeRow, ...]:
    photos = [asset for asset in material.of(Kind.PHOTO) if asset.captured_at]
    return tuple(
        ProgrammeRow(
            time=clock_range(item.starts_at, item.ends_at, time_zone=event.time_zone)
            if item.starts_at
            else None,
            title=_text(event, item.title, language),
            recordings=tuple(
                cards[asset.id]
                for asset in material.of(Kind.VIDEO, Kind.AUDIO)
                if asset.programme_item_id == item.id
            ),
            photos=tuple(
                photo_card(asset, material.states[asset.id], language=language, event=event)
                for asset in photos
                if _is_during(asset, item)
            )[:STRIP_PHOTOS_MAX],
        )
        for item in event.programme
    )


def _clocks(event: Event, language: str) -> str:
    first = next((item.starts_at for item in event.programme if item.starts_at), None)
    if first is None:
        return ""
    return gettext(language, msg("Times in %(place)s (%(offset)s)")) % {
        "place": format_zone_place(event.time_zone, language=language),
        "offset": format_zone_offset(first, time_zone=event.time_zone),
    }


def _is_during(photo: Asset, item: ProgrammeItem) -> bool:
    """Photos carry the time they were taken, which places them on the programme."""
    if photo.captured_at is None or item.starts_at is None or item.ends_at is None:
        return False
    return item.starts_at <= photo.captured_at < item.ends_at


def _item_of(asset: Asset, event: Event) -> ProgrammeItem | None:
    return next((item for item in event.programme if item.id == asset.programme_item_id), None)


def _recordings(event: Event, material: Material, language: str) -> tuple[RecordingCard, ...]:
    return tuple(
        recording_card(
            asset,
            material.states[asset.id],
            language=language,
            event=event,
            spoken=material.spoken.get(asset.id, ()),
        )
        for asset in material.of(Kind.VIDEO, Kind.AUDIO)
    )


def _photos(event: Event, material: Material, language: str) -> tuple[PhotoCard, ...]:
    return tuple(
        photo_card(asset, material.states[asset.id], language=language, event=event)
        for asset in material.of(Kind.PHOTO)
    )


def _papers(event: Event, material: Material, language: str) -> tuple[Paper, ...]:
    """Captions that belong to no recording; paired ones are in the recordings' languages."""
    return tuple(
        Paper(
            path=asset_path(asset, language=language),
            title=asset_title(asset, language=language, event=event),
            language=language_name(asset.language, language=language) if asset.language else "",
        )
        for asset in material.of(Kind.CAPTIONS)
        if asset.id in material.spoken
    )


def _people(event: Event, language: str) -> tuple[PersonLine, ...]:
    return tuple(
        PersonLine(
            path=page_path(language, "people", part.person.slug),
            name=part.person.name,
            role=_text(event, part.role, language),
        )
        for part in event.people
    )


def _topic(event: Event, name: LocalizedText, language: str) -> TopicLink:
    words = _text(event, name, language)
    return TopicLink(phrase_path(language, str(words)), words)


def _text(event: Event, texts: LocalizedText, language: str) -> Text:
    return text_in(texts, language=language, fallbacks=[event.default_language])
