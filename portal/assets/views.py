"""Assets as pages show them: names, pictures, and honest sentences about their state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from portal.assets.completeness import is_all_there
from portal.assets.durations import MAKING_STEPS, is_cut_off, playing_seconds
from portal.assets.made_files import WEBP_TYPE
from portal.assets.models import (
    Asset,
    AssetState,
    PhotoMetadata,
    Rendition,
)
from portal.assets.placeholders import css_image
from portal.assets.renditions import POSTER, is_playable, photo_sizes
from portal.delivery.urls import rendition_path
from portal.events.models import Event
from portal.languages import LocalizedText
from portal.web.addresses import page_path
from portal.web.formatting import format_clock, format_zone_offset
from portal.web.i18n import gettext, msg
from portal.web.presentation import Moment, Text, instant, plain_text, text_in

DEFAULT_SIZE = (1280, 720)
THUMBNAILS = 2
"""So many of the smallest sizes are offered for a place in a grid."""
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
    """An image in several widths; `width` and `height` give its shape before it is loaded.

    `src` and `srcset` are of a type that everything reads, `webp_srcset` is smaller, `placeholder`
    is an image for CSS that stands in until it is there; "" for none.
    """

    src: str
    srcset: str
    width: int
    height: int
    alt: str
    webp_srcset: str = ""
    placeholder: str = ""

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
class Download:
    """`name` says which of several it is; `size` also stands for its format."""

    path: str
    filename: str
    name: str
    size: str


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


def asset_path(asset: Asset, *, language: str) -> str:
    return page_path(language, "assets", asset.id)


def asset_title(asset: Asset, *, language: str, event: Event) -> Text:
    """Its title, or else the file's name."""
    title = text_in(asset.title, language=language, fallbacks=[event.default_language])
    return title or Text(asset.filename, language)


def asset_caption(asset: Asset, *, language: str, event: Event) -> Text:
    """What the editors wrote, or else what the photo says of itself."""
    fallbacks = [event.default_language]
    if caption := text_in(asset.caption, language=language, fallbacks=fallbacks):
        return caption
    photo = asset.photo or PhotoMetadata()
    own = photo.caption or photo.headline
    if own and not {language, *fallbacks} & set(photo.captions):
        return plain_text(own, language=language, spoken=asset.language)
    return text_in(photo.captions, language=language, fallbacks=fallbacks)


def asset_captions(asset: Asset) -> LocalizedText:
    """By language, the editors' or else the photo's: never of both, for they may contradict."""
    said = {language: words for language, words in asset.caption.items() if words}
    return said or (asset.photo.captions if asset.photo else {})


def file_stem(asset: Asset) -> str:
    """Its file's name without what tells the type."""
    return asset.filename.rpartition(".")[0] or asset.filename


def credit_of(asset: Asset, *, event: Event) -> str:
    """`A. Sidorenko / Press Service`, as a newspaper prints it."""
    photo = asset.photo or PhotoMetadata()
    names = filter(None, (photo.creator, photo.credit or event.credit))
    return " / ".join(dict.fromkeys(names))


def notice_of(
    asset: Asset,
    state: AssetState,
    *,
    language: str,
    detail: str | None = None,
    is_editor: bool = False,
) -> Notice | None:
    """None when there is nothing to say. The detail is an editor's: it may name files."""
    if not is_editor:
        state, detail = _state_for_readers(asset, state), None
    if state is AssetState.READY:
        return None
    told, rest = _sentence_of(asset, state, language), _rest_of(asset, state, detail)
    return Notice(
        state,
        sentence=told.rstrip(".") + ":" if rest else told,
        detail=rest,
        watch_path=f"/api/v1/assets/{asset.id}" if state in PENDING else "",
    )


def _state_for_readers(asset: Asset, state: AssetState) -> AssetState:
    """What is made again, or besides, is nothing to them while all of it is there."""
    if state is not AssetState.PROCESSING or not is_all_there(asset):
        return state
    return AssetState.PARTIAL if is_cut_off(asset) else AssetState.READY


def _sentence_of(asset: Asset, state: AssetState, language: str) -> str:
    if state is AssetState.PROCESSING and is_playable(asset) and not is_all_there(asset):
        return gettext(language, PLAYS_ALREADY)
    if state is AssetState.PARTIAL and is_cut_off(asset):
        return gettext(language, ENDS_EARLY) % {
            "played": format_clock(playing_seconds(asset) or 0),
            "stated": format_clock(asset.duration_seconds or 0),
        }
    return gettext(language, SENTENCES[state])


def _rest_of(asset: Asset, state: AssetState, detail: str | None) -> str | None:
    """The detail, unless our own sentence says it already, in the reader's language."""
    is_told = state is AssetState.PARTIAL and is_cut_off(asset)
    told = {step.detail for step in asset.steps if step.name in MAKING_STEPS}
    return None if is_told and detail in told else detail


def photo_card(asset: Asset, state: AssetState, *, language: str, event: Event) -> PhotoCard:
    title = asset_title(asset, language=language, event=event)
    caption = asset_caption(asset, language=language, event=event)
    alt = str(caption or title)
    notice = notice_of(asset, state, language=language)
    return PhotoCard(
        path=asset_path(asset, language=language),
        thumbnail=_photo(asset, slice(THUMBNAILS), alt=alt),
        large=_photo(asset, slice(-1, None), alt=alt),
        title=title,
        caption=caption,
        credit=credit_of(asset, event=event),
        taken=taken_at(asset, language=language, event=event),
        note=notice.sentence if notice and not photo_sizes(asset) else "",
    )


def large_picture(asset: Asset, *, alt: str) -> Picture | None:
    """All sizes, for a place as wide as the page."""
    return _photo(asset, slice(None, None, -1), alt=alt)


def poster_picture(asset: Asset) -> Picture | None:
    poster = asset.rendition(POSTER)
    return _picture(asset, [poster], alt="") if poster else None


def taken_at(asset: Asset, *, language: str, event: Event) -> Moment | None:
    if asset.captured_at is None:
        return None
    return instant(asset.captured_at, language=language, time_zone=event.time_zone)


def taken_in_zone(asset: Asset, *, language: str, event: Event) -> Moment | None:
    """`4 June 2019, 12:05 (UTC+3)`"""
    at, taken = asset.captured_at, taken_at(asset, language=language, event=event)
    if at is None or taken is None:
        return None
    offset = format_zone_offset(at, time_zone=event.time_zone)
    return replace(taken, words=f"{taken.words} ({offset})")


def _photo(asset: Asset, chosen: slice, *, alt: str) -> Picture | None:
    """Of the sizes from the smallest to the largest those that are chosen."""
    found = photo_sizes(asset)[chosen]
    if not found:
        return None
    smaller = photo_sizes(asset, media_type=WEBP_TYPE)[chosen]
    stand_in = asset.photo.placeholder if asset.photo else None
    return replace(
        _picture(asset, found, alt=alt),
        webp_srcset=_srcset(asset, smaller),
        placeholder=css_image(stand_in) if stand_in else "",
    )


def _picture(asset: Asset, renditions: Sequence[Rendition], *, alt: str) -> Picture:
    """The first is for browsers that know no `srcset`; all are offered to the others."""
    first = renditions[0]
    return Picture(
        src=rendition_path(asset.id, first.name),
        srcset=_srcset(asset, renditions) if len(renditions) > 1 else "",
        width=first.width or DEFAULT_SIZE[0],
        height=first.height or DEFAULT_SIZE[1],
        alt=alt,
    )


def _srcset(asset: Asset, renditions: Sequence[Rendition]) -> str:
    return ", ".join(f"{rendition_path(asset.id, r.name)} {r.width or 0}w" for r in renditions)
