"""Events and assets as editors see them: drafts, states, and what each step says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.assets.models import Asset, AssetState, Kind, Step, StepRecord, StepState
from portal.assets.views import asset_title
from portal.events.models import Event
from portal.events.views import EventLine, event_line
from portal.web.i18n import gettext, msg
from portal.web.presentation import Moment, Text, format_size, instant

KIND_NAMES = {
    Kind.VIDEO: msg("Video"),
    Kind.AUDIO: msg("Audio"),
    Kind.PHOTO: msg("Photo"),
    Kind.CAPTIONS: msg("Captions"),
}
STEP_NAMES: Mapping[str, str] = {
    "verify": msg("Verify the original"),
    "probe": msg("Read the format"),
    "preview": msg("Preview"),
    "transcode": msg("Transcode"),
    "sound": msg("Sound"),
    "poster": msg("Poster"),
    "subtitles": msg("Read embedded captions"),
    "storyboard": msg("Storyboard"),
    "download": msg("Files to download"),
    "photo": msg("Metadata and sizes"),
    "captions": msg("Read the captions"),
    "index": msg("Make searchable"),
}
"""By the names of steps."""
STEP_STATE_NAMES = {
    StepState.WAITING: msg("waiting"),
    StepState.RUNNING: msg("running"),
    StepState.DONE: msg("done"),
    StepState.PARTIAL: msg("partial"),
    StepState.FAILED: msg("failed"),
}
ASSET_STATE_NAMES = {
    AssetState.UPLOADING: msg("Arriving"),
    AssetState.PROCESSING: msg("Processing"),
    AssetState.READY: msg("Ready"),
    AssetState.PARTIAL: msg("Partial"),
    AssetState.FAILED: msg("Failed"),
}


@dataclass(frozen=True)
class DeskLine:
    """`path` leads to the event's desk page."""

    path: str
    event: EventLine
    released: Moment | None


@dataclass(frozen=True)
class StepView:
    name: str
    step: str
    state: str
    state_name: str
    progress: str
    detail: str
    can_retry: bool

    @property
    def words(self) -> str:
        """`Transcode: running 40%`"""
        return f"{self.name}: {self.state_name} {self.progress}".rstrip()


@dataclass(frozen=True)
class AssetRow:
    """`path` leads to the asset's desk page."""

    id: str
    path: str
    title: Text
    filename: str
    kind_name: str
    size: str
    state: str
    state_name: str
    notes: tuple[str, ...]
    steps: tuple[StepView, ...]


BLANK_STEP = StepView("", "", StepState.WAITING, "", progress="", detail="", can_retry=True)
BLANK_ASSET = AssetRow(
    id="",
    path="",
    title=Text("", ""),
    filename="",
    kind_name="",
    size="",
    state=AssetState.PROCESSING,
    state_name="",
    notes=(),
    steps=(),
)
"""What script fills for files that come in while the page is open."""


@dataclass(frozen=True)
class DeskEvent:
    path: str
    event: EventLine
    slug: str
    time_zone: str
    released: Moment | None
    withdrawn: Moment | None
    can_publish: bool
    can_withdraw: bool
    assets: tuple[AssetRow, ...]
    has_photos: bool
    blank_asset: AssetRow = BLANK_ASSET
    blank_step: StepView = BLANK_STEP


def desk_path(event: Event) -> str:
    return f"/desk/events/{event.slug}"


def cameras_path(event: Event) -> str:
    return f"{desk_path(event)}/cameras"


def asset_desk_path(asset_id: str) -> str:
    return f"/desk/assets/{asset_id}"


def desk_line(event: Event, *, language: str) -> DeskLine:
    return DeskLine(
        path=desk_path(event),
        event=event_line(event, language=language),
        released=_released(event, language),
    )


def desk_event(
    event: Event,
    assets: Sequence[Asset],
    states: Mapping[str, AssetState],
    *,
    language: str,
) -> DeskEvent:
    withdrawn = event.withdrawn_at
    return DeskEvent(
        path=desk_path(event),
        event=event_line(event, language=language),
        slug=event.slug,
        time_zone=event.time_zone,
        released=_released(event, language),
        withdrawn=instant(withdrawn, language=language, time_zone=event.time_zone)
        if withdrawn
        else None,
        can_publish=event.state != "public",
        can_withdraw=event.state in {"public", "scheduled"},
        has_photos=any(asset.kind is Kind.PHOTO for asset in assets),
        assets=tuple(
            _row(asset, states[asset.id], event=event, language=language) for asset in assets
        ),
    )


def _released(event: Event, language: str) -> Moment | None:
    if event.released_at is None:
        return None
    return instant(event.released_at, language=language, time_zone=event.time_zone)


def _row(asset: Asset, state: AssetState, *, event: Event, language: str) -> AssetRow:
    size_bytes = asset.original.size_bytes if asset.original else None
    return AssetRow(
        id=asset.id,
        path=asset_desk_path(asset.id),
        title=asset_title(asset, language=language, event=event),
        filename=asset.filename,
        kind_name=gettext(language, KIND_NAMES[asset.kind]),
        size=format_size(size_bytes, language=language) if size_bytes else "",
        state=state,
        state_name=gettext(language, ASSET_STATE_NAMES[state]),
        notes=tuple(note for record in asset.steps for note in record.notes),
        steps=tuple(
            step_view(record, language=language)
            for record in sorted(asset.steps, key=_place_in_pipeline)
        ),
    )


def _place_in_pipeline(record: StepRecord) -> int:
    return list(Step).index(record.name)


def step_view(record: StepRecord, *, language: str) -> StepView:
    is_running = record.state is StepState.RUNNING and record.progress is not None
    return StepView(
        name=gettext(language, STEP_NAMES[record.name]),
        step=record.name,
        state=record.state,
        state_name=gettext(language, STEP_STATE_NAMES[record.state]),
        progress=f"{record.progress:.0%}" if is_running and record.progress else "",
        detail=record.detail or "",
        can_retry=record.state in {StepState.FAILED, StepState.PARTIAL},
    )
