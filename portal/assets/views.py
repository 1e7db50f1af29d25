"""Assets as pages show them: cards, players, pictures, and honest sentences about their state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.assets.durations import is_cut_off, made_seconds, playing_seconds
from portal.assets.models import (
    Asset,
    AssetState,
    Kind,
    PhotoMetadata,
    Rendition,
    RenditionKind,
    Step,
)
from portal.delivery.urls import captions_path, hls_path, rendition_path
from portal.events.models import Event
from portal.transcripts.models import Transcript
from portal.web.addresses import page_path
from portal.web.formatting import format_clock
from portal.web.i18n import gettext, msg
from portal.web.presentation import Moment, Text, instant, language_name, plain_text, text_in

POSTER = "poster.jpg"
PLAYABLE = frozenset({RenditionKind.PREVIEW, RenditionKind.VIDEO, RenditionKind.AUDIO})
DEFAULT_SIZE = (1280, 720)
TALL_RATIO = 1.05
"""A picture higher than wide by more than this is shown whole rather than cut to 3:2."""

SENTENCES = {
    AssetState.UPLOADING: msg("This file is still arriving."),
    AssetState.PROCESSING: msg("This file is being processed and will be complete in a while."),
    AssetState.PARTIAL: msg("Not everything could be made of this file."),
    AssetState.FAILED: msg("This file could not be processed."),
}
PENDING = frozenset({AssetState.UPLOADING, AssetState.PROCESSING})
ENDS_EARLY = msg("The recording ends after %(played)s of %(stated)s.")
PLAYS_ALREADY = msg("Still being processed: the first part plays already.")


@dataclass(frozen=True)
class Picture:
    """An image in several widths; `width` and `height` give its shape before it is loaded."""

    src: str
    srcset: str
    width: int
    height: int
    alt: str

    @property
    def is_tall(self) -> bool:
        return self.height > self.width * TALL_RATIO


@dataclass(frozen=True)
class Notice:
    """What a reader must know of an asset's state; `detail` is what the processing says itself.

    `sentence` ends with a colon when a detail follows. `watch_path` is the address of the asset in
    the API while there is more to come, else "".
    """

    state: AssetState
    sentence: str
    detail: str | None
    watch_path: str = ""


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
class PhotoCard:
    path: str
    thumbnail: Picture | None
    large: Picture | None
    title: Text
    caption: Text
    credit: str
    taken: Moment | None
    note: str


@dataclass(frozen=True)
class Track:
    path: str
    language: str
    label: str


@dataclass(frozen=True)
class Player:
    """`start_seconds` is "" when it begins at the beginning."""

    is_audio: bool
    hls: str
    poster: str
    width: int
    height: int
    tracks: tuple[Track, ...]
    start_seconds: str
    label: str


def asset_path(asset: Asset, *, language: str) -> str:
    return page_path(language, "assets", asset.id)


def asset_title(asset: Asset, *, language: str, event: Event) -> Text:
    """Its title, or else the file's name."""
    title = text_in(asset.title, language=language, fallbacks=[event.default_language])
    return title or Text(asset.filename, language)


def asset_caption(asset: Asset, *, language: str, event: Event) -> Text:
    """What the editors wrote, or else what the photo says of itself."""
    caption = text_in(asset.caption, language=language, fallbacks=[event.default_language])
    own = asset.photo and (asset.photo.caption or asset.photo.headline)
    if caption or not own:
        return caption
    return plain_text(own, language=language, spoken=asset.language)


def credit_of(asset: Asset, *, event: Event) -> str:
    """`A. Sidorenko / Press Service`, as a newspaper prints it."""
    photo = asset.photo or PhotoMetadata()
    names = filter(None, (photo.creator, photo.credit or event.credit))
    return " / ".join(dict.fromkeys(names))


def notice_of(
    asset: Asset, state: AssetState, *, detail: str | None, language: str
) -> Notice | None:
    """None when there is nothing to say."""
    if state is AssetState.READY:
        return None
    told, rest = _sentence_of(asset, state, language), _rest_of(asset, state, detail)
    return Notice(
        state,
        sentence=told.rstrip(".") + ":" if rest else told,
        detail=rest,
        watch_path=f"/api/v1/assets/{asset.id}" if state in PENDING else "",
    )


def _sentence_of(asset: Asset, state: AssetState, language: str) -> str:
    if state is AssetState.PROCESSING and is_playable(asset):
        return gettext(language, PLAYS_ALREADY)
    if state is AssetState.PARTIAL and is_cut_off(asset):
        return gettext(language, ENDS_EARLY) % {
            "played": format_clock(made_seconds(asset) or 0),
            "stated": format_clock(asset.duration_seconds or 0),
        }
    return gettext(language, SENTENCES[state])


def _rest_of(asset: Asset, state: AssetState, detail: str | None) -> str | None:
    """The detail, unless our own sentence says it already, in the reader's language."""
    is_told = state is AssetState.PARTIAL and is_cut_off(asset)
    transcode = next((step for step in asset.steps if step.name is Step.TRANSCODE), None)
    return None if is_told and transcode and transcode.detail == detail else detail


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
        poster=_picture(asset, [asset.rendition(POSTER)], alt=""),
        clock=format_clock(seconds) if seconds else "",
        is_audio=asset.kind is Kind.AUDIO,
        note=notice.sentence if notice else "",
        state=state,
        languages=tuple(
            language_name(code, language=language, in_sentence=True) for code in spoken
        ),
    )


def photo_card(asset: Asset, state: AssetState, *, language: str, event: Event) -> PhotoCard:
    title = asset_title(asset, language=language, event=event)
    caption = asset_caption(asset, language=language, event=event)
    sizes = photo_sizes(asset)
    alt = str(caption or title)
    notice = notice_of(asset, state, detail=None, language=language)
    return PhotoCard(
        path=asset_path(asset, language=language),
        thumbnail=_picture(asset, sizes[:2], alt=alt),
        large=_picture(asset, sizes[-1:], alt=alt),
        title=title,
        caption=caption,
        credit=credit_of(asset, event=event),
        taken=taken_at(asset, language=language, event=event),
        note=notice.sentence if notice and not sizes else "",
    )


def photo_sizes(asset: Asset) -> list[Rendition]:
    """Its web sizes, the smallest first."""
    images = [r for r in asset.renditions if r.kind is RenditionKind.IMAGE and r.width]
    return sorted(images, key=lambda rendition: rendition.width or 0)


def large_picture(asset: Asset, *, alt: str) -> Picture | None:
    """All sizes, for a place as wide as the page."""
    return _picture(asset, photo_sizes(asset)[::-1], alt=alt)


def taken_at(asset: Asset, *, language: str, event: Event) -> Moment | None:
    if asset.captured_at is None:
        return None
    return instant(asset.captured_at, language=language, time_zone=event.time_zone)


def is_playable(asset: Asset) -> bool:
    return any(rendition.kind in PLAYABLE for rendition in asset.renditions)


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
    poster = asset.rendition(POSTER)
    return Player(
        is_audio=asset.kind is Kind.AUDIO,
        hls=hls_path(asset.id),
        poster=rendition_path(asset.id, POSTER) if poster else "",
        width=asset.width or DEFAULT_SIZE[0],
        height=asset.height or DEFAULT_SIZE[1],
        tracks=_tracks(asset, transcripts, language=language),
        start_seconds=f"{start_seconds:.3f}" if start_seconds else "",
        label=str(asset_title(asset, language=language, event=event)),
    )


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


def _picture(asset: Asset, renditions: Sequence[Rendition | None], *, alt: str) -> Picture | None:
    """The first is for browsers that know no `srcset`; all are offered to the others."""
    found = [rendition for rendition in renditions if rendition]
    if not found:
        return None
    first = found[0]
    addresses = [(rendition_path(asset.id, r.name), r.width or 0) for r in found]
    return Picture(
        src=addresses[0][0],
        srcset=", ".join(f"{address} {width}w" for address, width in addresses)
        if len(addresses) > 1
        else "",
        width=first.width or DEFAULT_SIZE[0],
        height=first.height or DEFAULT_SIZE[1],
        alt=alt,
    )
