"""One asset as its editors see it: each step with what it says, and pictures to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from portal.assets.models import (
    Asset,
    AssetState,
    CapturedAtSource,
    Kind,
    Step,
    StepRecord,
    StepState,
)
from portal.assets.pipeline import PIPELINE
from portal.assets.renditions import POSTER
from portal.assets.views import (
    Notice,
    Picture,
    asset_path,
    asset_title,
    notice_of,
    poster_picture,
    taken_in_zone,
)
from portal.delivery.urls import original_path, rendition_path
from portal.desk.assets.storyboard import Still, thinned
from portal.desk.views import (
    ASSET_STATE_NAMES,
    KIND_NAMES,
    StepView,
    asset_desk_path,
    cameras_path,
    desk_path,
    step_view,
)
from portal.events.models import Event
from portal.recordings.models import Recording
from portal.recordings.views import Player, player_of, technical_facts
from portal.transcripts.models import Transcript
from portal.web.formatting import format_clock
from portal.web.i18n import gettext, msg
from portal.web.presentation import Fact, Text, facts_in, format_size, text_in

TRY_AGAIN = msg("Try again")
RUN_AGAIN = msg("Run again")
ZONE_SOURCES: Mapping[CapturedAtSource, str] = {
    CapturedAtSource.EXIF_OFFSET: msg("said by the camera"),
    CapturedAtSource.GPS: msg("by the time of the satellites"),
    CapturedAtSource.XMP: msg("said by the photo's XMP"),
    CapturedAtSource.IPTC: msg("said by the photo's IPTC"),
    CapturedAtSource.EVENT_ZONE: msg("the event's: the photo names none"),
}
RETRIABLE = frozenset({StepState.DONE, StepState.PARTIAL, StepState.FAILED})


@dataclass(frozen=True)
class StepLine:
    """`button` is "" while the step cannot be run again."""

    step: StepView
    notes: tuple[str, ...]
    button: str


@dataclass(frozen=True)
class StillView:
    """A piece of a sheet of pictures; sizes in pixels, 0 where the sheet's own is not known."""

    at: str
    clock: str
    sheet: str
    left: int
    top: int
    width: int
    height: int
    sheet_width: int
    sheet_height: int


@dataclass(frozen=True)
class PosterChoice:
    """`at` is what the field holds; `chosen` says which time an editor chose, or is ""."""

    picture: Picture | None
    at: str
    chosen: str
    fault: str
    stills: tuple[StillView, ...]


@dataclass(frozen=True)
class AssetPage:
    """`path` is that of this page, `public_path` that of the readers'."""

    path: str
    public_path: str
    title: Text
    filename: str
    event_path: str
    event_title: Text
    kind_name: str
    state: AssetState
    state_name: str
    notice: Notice | None
    original_path: str
    size: str
    steps: tuple[StepLine, ...]
    player: Player | None
    poster: PosterChoice | None
    facts: tuple[Fact, ...]
    cameras_path: str


@dataclass(frozen=True)
class DeskSubject:
    """What is known of an asset before its desk page is made."""

    asset: Asset
    state: AssetState
    detail: str | None
    event: Event
    recording: Recording | None
    transcripts: Sequence[Transcript]


@dataclass(frozen=True)
class Wish:
    """A time that an editor asked the poster for, and why it cannot be had."""

    given: str
    fault: str


def asset_page(
    subject: DeskSubject, stills: Sequence[Still], *, language: str, wish: Wish | None = None
) -> AssetPage:
    asset, event, state = subject.asset, subject.event, subject.state
    size_bytes = asset.original.size_bytes if asset.original else None
    return AssetPage(
        path=asset_desk_path(asset.id),
        public_path=asset_path(asset, language=language),
        title=asset_title(asset, language=language, event=event),
        filename=asset.filename,
        event_path=desk_path(event),
        event_title=text_in(event.title, language=language, fallbacks=[event.default_language]),
        kind_name=gettext(language, KIND_NAMES[asset.kind]),
        state=state,
        state_name=gettext(language, ASSET_STATE_NAMES[state]),
        notice=notice_of(asset, state, language=language, detail=subject.detail, is_editor=True),
        original_path=original_path(asset.id) if asset.original else "",
        size=format_size(size_bytes, language=language) if size_bytes else "",
        steps=_step_lines(asset, language),
        player=player_of(asset, subject.transcripts, language=language, event=event)
        if asset.kind.is_recording
        else None,
        poster=_poster_choice(subject, stills, wish, language=language),
        facts=_facts(subject, language),
        cameras_path=cameras_path(event) if asset.kind is Kind.PHOTO else "",
    )


def _facts(subject: DeskSubject, language: str) -> tuple[Fact, ...]:
    if subject.recording:
        return technical_facts(subject.recording, language=language)
    asset = subject.asset
    photo = asset.photo
    if photo is None:
        return ()
    source = photo.captured_at_source
    taken = taken_in_zone(asset, language=language, event=subject.event)
    return facts_in(
        language,
        [
            (msg("Taken"), taken),
            (msg("Time zone"), gettext(language, ZONE_SOURCES[source]) if source else None),
            (msg("Camera"), photo.camera),
            (msg("File in the camera"), photo.original_filename),
        ],
    )


def _step_lines(asset: Asset, language: str) -> tuple[StepLine, ...]:
    """In the order of work, those that have not begun among them."""
    records: Mapping[Step, StepRecord] = {record.name: record for record in asset.steps}
    return tuple(
        _step_line(records.get(step) or _waiting(step), language)
        for step in Step
        if step in PIPELINE[asset.kind]
    )


def _waiting(step: Step) -> StepRecord:
    return StepRecord(
        step,
        attempt=0,
        tries=0,
        progress=None,
        started_at=None,
        finished_at=None,
        outcome=None,
        detail=None,
    )


def _step_line(record: StepRecord, language: str) -> StepLine:
    words = RUN_AGAIN if record.state is StepState.DONE else TRY_AGAIN
    return StepLine(
        step=step_view(record, language=language),
        notes=record.notes,
        button=gettext(language, words) if record.state in RETRIABLE else "",
    )


def _poster_choice(
    subject: DeskSubject, stills: Sequence[Still], wish: Wish | None, *, language: str
) -> PosterChoice | None:
    """None for what has no picture."""
    asset, recording = subject.asset, subject.recording
    if asset.kind is not Kind.VIDEO:
        return None
    chosen = recording.poster_at_seconds if recording else None
    return PosterChoice(
        picture=_newest_poster(asset),
        at=wish.given if wish else _decimal(chosen),
        chosen=format_clock(chosen) if chosen is not None else "",
        fault=gettext(language, wish.fault) if wish else "",
        stills=_still_views(asset, stills),
    )


def _newest_poster(asset: Asset) -> Picture | None:
    """A browser may keep the poster of a public recording for minutes; an editor wants this one."""
    picture, made = poster_picture(asset), asset.rendition(POSTER)
    if picture is None or made is None:
        return None
    return replace(picture, src=f"{picture.src}?attempt={made.attempt}")


def _still_views(asset: Asset, stills: Sequence[Still]) -> tuple[StillView, ...]:
    return tuple(_still_view(asset, still) for still in thinned(stills))


def _still_view(asset: Asset, still: Still) -> StillView:
    sheet = asset.rendition(still.sheet)
    return StillView(
        at=_decimal(still.at_seconds),
        clock=format_clock(still.at_seconds),
        sheet=rendition_path(asset.id, still.sheet),
        left=still.left,
        top=still.top,
        width=still.width,
        height=still.height,
        sheet_width=(sheet.width if sheet else None) or 0,
        sheet_height=(sheet.height if sheet else None) or 0,
    )


def _decimal(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3f}".rstrip("0").rstrip(".")
