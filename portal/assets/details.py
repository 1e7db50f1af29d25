"""What the page of one asset tells: the asset itself, and the facts about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.assets.durations import playing_seconds
from portal.assets.models import Asset, AssetState, Kind, PhotoMetadata
from portal.assets.renditions import downloads_of
from portal.assets.views import (
    Download,
    Notice,
    Picture,
    asset_caption,
    asset_path,
    asset_title,
    credit_of,
    file_stem,
    large_picture,
    notice_of,
    taken_at,
)
from portal.delivery.urls import captions_path, rendition_path
from portal.events.models import Event
from portal.people.models import Person
from portal.recordings.views import Player, player_of
from portal.transcripts.models import Transcript
from portal.transcripts.views import TranscriptView
from portal.web.addresses import page_path, phrase_path
from portal.web.formatting import format_clock
from portal.web.i18n import gettext, msg
from portal.web.presentation import (
    Fact,
    Text,
    facts_in,
    format_size,
    language_name,
    plain_text,
    text_in,
)

DESCRIPTION_LENGTH_MAX = 300
NOT_YET = msg("There is nothing to play yet.")
NEVER = msg("There is nothing to play.")


@dataclass(frozen=True)
class Link:
    path: str
    name: str


@dataclass(frozen=True)
class EventLink:
    path: str
    title: Text


@dataclass(frozen=True)
class Subject:
    """What is known of an asset before its page is made."""

    asset: Asset
    state: AssetState
    detail: str | None
    event: Event
    people: Sequence[Person]
    language: str

    @property
    def notice(self) -> Notice | None:
        return notice_of(self.asset, self.state, detail=self.detail, language=self.language)

    @property
    def event_link(self) -> EventLink:
        title = text_in(
            self.event.title, language=self.language, fallbacks=[self.event.default_language]
        )
        return EventLink(page_path(self.language, "events", self.event.slug), title)

    @property
    def people_links(self) -> tuple[Link, ...]:
        return tuple(
            Link(page_path(self.language, "people", person.slug), person.name)
            for person in self.people
        )


@dataclass(frozen=True)
class VideoFacts:
    """What search engines are told of a public video: since when it is, and how long it lasts."""

    published: str
    duration: str


@dataclass(frozen=True)
class RecordingPage:
    path: str
    title: Text
    caption: Text
    description: str
    event: EventLink
    notice: Notice | None
    player: Player | None
    missing: str
    transcript: TranscriptView | None
    people: tuple[Link, ...]
    facts: tuple[Fact, ...]
    captions: tuple[Download, ...] = ()
    video: VideoFacts | None = None


@dataclass(frozen=True)
class PhotoPage:
    path: str
    heading: Text
    credit: str
    event: EventLink
    notice: Notice | None
    picture: Picture | None
    people: tuple[Link, ...]
    keywords: tuple[Link, ...]
    facts: tuple[Fact, ...]
    downloads: tuple[Download, ...]


@dataclass(frozen=True)
class CaptionsPage:
    """`recording_path` is "" when the transcript stands alone."""

    path: str
    title: Text
    event: EventLink
    notice: Notice | None
    transcript: TranscriptView | None
    recording_path: str
    facts: tuple[Fact, ...]


def recording_page(
    subject: Subject,
    transcripts: Sequence[Transcript],
    *,
    transcript: TranscriptView | None,
    start_seconds: float | None,
) -> RecordingPage:
    asset, event, language = subject.asset, subject.event, subject.language
    caption = asset_caption(asset, language=language, event=event)
    words = str(caption) or (transcript.opening if transcript else "")
    return RecordingPage(
        path=asset_path(asset, language=language),
        title=asset_title(asset, language=language, event=event),
        caption=caption,
        description=words[:DESCRIPTION_LENGTH_MAX],
        event=subject.event_link,
        notice=subject.notice,
        player=player_of(
            asset, transcripts, language=language, event=event, start_seconds=start_seconds
        ),
        missing=gettext(language, NEVER if subject.state is AssetState.FAILED else NOT_YET),
        transcript=transcript,
        people=subject.people_links,
        facts=facts_in(language, [*_recording_facts(subject), *_file_facts(subject)]),
        captions=_captions(asset, transcripts, language=language),
        video=_video_facts(asset, event),
    )


def _video_facts(asset: Asset, event: Event) -> VideoFacts | None:
    released_at, seconds = event.released_at, playing_seconds(asset)
    if asset.kind is not Kind.VIDEO or event.state != "public" or not released_at or not seconds:
        return None
    return VideoFacts(released_at.isoformat(), f"PT{int(seconds)}S")  # ISO 8601, 5.5.2


def photo_page(subject: Subject) -> PhotoPage:
    asset, event, language = subject.asset, subject.event, subject.language
    heading = asset_caption(asset, language=language, event=event) or asset_title(
        asset, language=language, event=event
    )
    return PhotoPage(
        path=asset_path(asset, language=language),
        heading=heading,
        credit=credit_of(asset, event=event),
        event=subject.event_link,
        notice=subject.notice,
        picture=large_picture(asset, alt=str(heading)),
        people=subject.people_links,
        keywords=_keywords(asset, language),
        facts=facts_in(language, [*_photo_facts(subject), *_file_facts(subject)]),
        downloads=_downloads(asset, language=language),
    )


def captions_page(
    subject: Subject, *, transcript: TranscriptView | None, recording_id: str | None
) -> CaptionsPage:
    asset, language = subject.asset, subject.language
    return CaptionsPage(
        path=asset_path(asset, language=language),
        title=asset_title(asset, language=language, event=subject.event),
        event=subject.event_link,
        notice=subject.notice,
        transcript=transcript,
        recording_path=page_path(language, "assets", recording_id) if recording_id else "",
        facts=facts_in(language, [(msg("Language"), _spoken(subject)), *_file_facts(subject)]),
    )


Pairs = Iterable[tuple[str, object]]


def _recording_facts(subject: Subject) -> Pairs:
    asset = subject.asset
    duration = playing_seconds(asset)
    return [
        (msg("Recorded"), taken_at(asset, language=subject.language, event=subject.event)),
        (msg("Duration"), format_clock(duration) if duration else None),
        (msg("Spoken language"), _spoken(subject)),
        (msg("Picture"), _measures(asset.width, asset.height)),
        (msg("Credit"), subject.event.credit),
    ]


def _photo_facts(subject: Subject) -> Pairs:
    photo = subject.asset.photo or PhotoMetadata()
    own = subject.asset.language
    headline = photo.headline and plain_text(photo.headline, language=subject.language, spoken=own)
    return [
        (msg("Headline"), headline if photo.headline != photo.caption else None),
        (msg("Taken"), taken_at(subject.asset, language=subject.language, event=subject.event)),
        (msg("Place"), ", ".join(filter(None, (photo.city, photo.country)))),
        (msg("Photographer"), photo.creator),
        (msg("Copyright"), photo.copyright),
        (msg("Camera"), photo.camera),
        (msg("Lens"), photo.lens),
        (msg("Exposure"), photo.exposure),
        (msg("Picture"), _measures(subject.asset.width, subject.asset.height)),
    ]


def _spoken(subject: Subject) -> str | None:
    spoken = subject.asset.language
    return language_name(spoken, language=subject.language) if spoken else None


def _file_facts(subject: Subject) -> Pairs:
    original = subject.asset.original
    size = format_size(original.size_bytes, language=subject.language) if original else None
    return [
        (msg("File"), subject.asset.filename),
        (msg("Size of the original"), size),
        (msg("SHA-256 of the original"), original.sha256 if original else None),
    ]


def _measures(width: int | None, height: int | None) -> str | None:
    return f"{width} × {height}" if width and height else None


def _keywords(asset: Asset, language: str) -> tuple[Link, ...]:
    words = asset.photo.keywords if asset.photo else ()
    return tuple(Link(phrase_path(language, word), word) for word in words)


def _captions(
    asset: Asset, transcripts: Sequence[Transcript], *, language: str
) -> tuple[Download, ...]:
    return tuple(
        Download(
            path=captions_path(asset.id, transcript.language),
            filename=f"{file_stem(asset)}.{transcript.language}.vtt",
            name=language_name(transcript.language, language=language),
            size="WebVTT",
        )
        for transcript in transcripts
    )


def _downloads(asset: Asset, *, language: str) -> tuple[Download, ...]:
    stem = file_stem(asset)
    return tuple(
        Download(
            path=rendition_path(asset.id, size.name),
            filename=f"{stem}-{size.width}.jpg",
            name=_measures(size.width, size.height) or "",
            size=format_size(size.size_bytes, language=language),
        )
        for size in downloads_of(asset)
    )
