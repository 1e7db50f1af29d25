"""What the pages of recordings and captions tell: the asset itself, and the facts about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.assets.durations import playing_seconds
from portal.assets.models import Asset, AssetState, Kind
from portal.assets.subject import EventLink, Link, Pairs, Subject, file_facts, spoken_language
from portal.assets.views import (
    Download,
    Notice,
    asset_caption,
    asset_path,
    asset_title,
    file_stem,
    taken_at,
)
from portal.delivery.urls import captions_path, subrip_path
from portal.events.models import Event
from portal.recordings.views import (
    ChapterLink,
    Player,
    chapter_links,
    download_links,
    player_of,
    sound_track_names,
    technical_facts,
)
from portal.transcripts.models import Transcript
from portal.transcripts.views import TranscriptView
from portal.web.addresses import page_path
from portal.web.formatting import format_clock
from portal.web.i18n import gettext, msg
from portal.web.presentation import (
    Fact,
    Text,
    facts_in,
    language_name,
)

DESCRIPTION_LENGTH_MAX = 300
NOT_YET = msg("There is nothing to play yet.")
NEVER = msg("There is nothing to play.")
_CAPTION_FORMATS = (("WebVTT", "vtt", captions_path), ("SubRip", "srt", subrip_path))


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
    downloads: tuple[Download, ...] = ()
    sound_tracks: tuple[str, ...] = ()
    chapters: tuple[ChapterLink, ...] = ()
    technical: tuple[Fact, ...] = ()


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
        facts=facts_in(language, _recording_facts(subject)),
        captions=_captions(asset, transcripts, language=language),
        video=_video_facts(asset, event),
        downloads=download_links(asset, language=language),
        sound_tracks=sound_track_names(asset, language=language),
        chapters=chapter_links(subject.recording),
        technical=(
            *technical_facts(subject.recording, language=language),
            *facts_in(language, file_facts(subject)),
        ),
    )


def _video_facts(asset: Asset, event: Event) -> VideoFacts | None:
    released_at, seconds = event.released_at, playing_seconds(asset)
    if asset.kind is not Kind.VIDEO or event.state != "public" or not released_at or not seconds:
        return None
    return VideoFacts(released_at.isoformat(), f"PT{int(seconds)}S")  # ISO 8601, 5.5.2


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
        facts=facts_in(
            language, [(msg("Language"), spoken_language(subject)), *file_facts(subject)]
        ),
    )


def _recording_facts(subject: Subject) -> Pairs:
    asset = subject.asset
    duration = playing_seconds(asset)
    return [
        (msg("Recorded"), taken_at(asset, language=subject.language, event=subject.event)),
        (msg("Duration"), format_clock(duration) if duration else None),
        (msg("Spoken language"), spoken_language(subject)),
        (msg("Credit"), subject.event.credit),
    ]


def _captions(
    asset: Asset, transcripts: Sequence[Transcript], *, language: str
) -> tuple[Download, ...]:
    return tuple(
        Download(
            path=path(asset.id, transcript.language),
            filename=f"{file_stem(asset)}.{transcript.language}.{ending}",
            name=language_name(transcript.language, language=language),
            size=format_name,
        )
        for transcript in transcripts
        for format_name, ending, path in _CAPTION_FORMATS
    )
