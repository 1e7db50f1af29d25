"""Recordings as pages show them: cards, players, and what can be taken away of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.assets.durations import playing_seconds
from portal.assets.models import Asset, AssetState, Kind, Rendition
from portal.assets.renditions import (
    POSTER,
    STORYBOARD,
    VIDEO_DOWNLOAD,
    WAVEFORM_PICTURE,
    downloads_of,
    is_playable,
    sound_downloads,
    sound_tracks,
)
from portal.assets.views import (
    DEFAULT_SIZE,
    Download,
    Picture,
    asset_path,
    asset_title,
    notice_of,
    poster_picture,
)
from portal.delivery.filenames import download_name
from portal.delivery.urls import captions_path, download_path, hls_path, rendition_path
from portal.events.models import Event
from portal.recordings.technical import (
    ChapterLink,
    chapter_links,
    loudness_words,
    spoken_name,
    technical_facts,
)
from portal.transcripts.models import Transcript
from portal.web.formatting import format_clock
from portal.web.i18n import gettext, msg
from portal.web.presentation import Text, format_size, language_name

__all__ = [
    "ChapterLink",
    "Player",
    "RecordingCard",
    "Track",
    "chapter_links",
    "download_links",
    "loudness_words",
    "player_of",
    "recording_card",
    "sound_track_names",
    "technical_facts",
]

VIDEO, SOUND_ALONE = msg("Video (MP4)"), msg("Sound alone (M4A)")
"""What readers call that which they may take away of a video."""
SOUND = msg("Sound (M4A)")


@dataclass(frozen=True)
class RecordingCard:
    path: str
    title: Text
    poster: Picture | None
    clock: str
    is_audio: bool
    note: str
    state: AssetState
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Track:
    path: str
    language: str
    label: str


@dataclass(frozen=True)
class Player:
    """`start_seconds` is "" when it begins at the beginning.

    `storyboard` is the path of the pictures that scrubbing shows, `waveform` the picture of what is
    only heard; `has_sounds`: there are sound tracks to choose from.
    """

    is_audio: bool
    hls: str
    poster: str
    width: int
    height: int
    tracks: tuple[Track, ...]
    start_seconds: str
    label: str
    storyboard: str = ""
    waveform: Picture | None = None
    has_sounds: bool = False


def recording_card(
    asset: Asset,
    state: AssetState,
    *,
    language: str,
    event: Event,
    spoken: Sequence[str] = (),
) -> RecordingCard:
    """`spoken`: the languages that it has a transcript in."""
    notice = notice_of(asset, state, detail=None, language=language)
    seconds = playing_seconds(asset)
    return RecordingCard(
        path=asset_path(asset, language=language),
        title=asset_title(asset, language=language, event=event),
        poster=poster_picture(asset),
        clock=format_clock(seconds) if seconds else "",
        is_audio=asset.kind is Kind.AUDIO,
        note=notice.sentence if notice else "",
        state=state,
        languages=tuple(
            language_name(code, language=language, in_sentence=True) for code in spoken
        ),
    )


def player_of(
    asset: Asset,
    transcripts: Sequence[Transcript],
    *,
    language: str,
    event: Event,
    start_seconds: float | None = None,
) -> Player | None:
    """None while nothing of it plays."""
    if not is_playable(asset):
        return None
    is_audio = asset.kind is Kind.AUDIO
    return Player(
        is_audio=is_audio,
        hls=hls_path(asset.id),
        poster=_path_of(asset, POSTER),
        width=asset.width or DEFAULT_SIZE[0],
        height=asset.height or DEFAULT_SIZE[1],
        tracks=_tracks(asset, transcripts, language=language),
        start_seconds=f"{start_seconds:.3f}" if start_seconds else "",
        label=str(asset_title(asset, language=language, event=event)),
        storyboard=_path_of(asset, STORYBOARD),
        waveform=_waveform(asset) if is_audio else None,
        has_sounds=len(sound_tracks(asset)) > 1,
    )


def sound_track_names(asset: Asset, *, language: str) -> tuple[str, ...]:
    """Of what one can choose from: `Russian`, `Interpretation (English)`; none for a single one."""
    tracks = sound_tracks(asset)
    if len(tracks) < 2:
        return ()
    return tuple(_sound_name(track, language) for track in tracks)


def _sound_name(track: Rendition, language: str) -> str:
    spoken = spoken_name(track.language, language=language)
    if track.label and spoken:
        return f"{track.label} ({spoken})"
    return track.label or spoken or track.name


def download_links(asset: Asset, *, language: str) -> tuple[Download, ...]:
    return tuple(
        Download(
            path=download_path(asset.id, file.name),
            filename=download_name("", asset.filename, file.name),
            name=_download_name(asset, file, language),
            size=format_size(file.size_bytes, language=language),
        )
        for file in downloads_of(asset)
    )


def _download_name(asset: Asset, file: Rendition, language: str) -> str:
    is_all = asset.kind is Kind.AUDIO
    if file.name == VIDEO_DOWNLOAD:
        name = gettext(language, VIDEO)
        return f"{name}, {file.width} × {file.height}" if file.width and file.height else name
    name = gettext(language, SOUND if is_all else SOUND_ALONE)
    is_one_of_several = len(sound_downloads(asset)) > 1
    return f"{name}: {_sound_name(file, language)}" if is_one_of_several else name


def _path_of(asset: Asset, name: str) -> str:
    return rendition_path(asset.id, name) if asset.rendition(name) else ""


def _waveform(asset: Asset) -> Picture | None:
    found = asset.rendition(WAVEFORM_PICTURE)
    if found is None or not (found.width and found.height):
        return None
    path = rendition_path(asset.id, found.name)
    return Picture(path, srcset="", width=found.width, height=found.height, alt="")


def _tracks(asset: Asset, transcripts: Sequence[Transcript], *, language: str) -> tuple[Track, ...]:
    """The page's language first, because a player that is asked for captions takes the first."""
    ordered = sorted(transcripts, key=lambda found: (found.language != language, found.language))
    return tuple(
        Track(
            path=captions_path(asset.id, transcript.language),
            language=transcript.language,
            label=language_name(transcript.language),
        )
        for transcript in ordered
    )
