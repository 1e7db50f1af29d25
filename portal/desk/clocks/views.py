"""An event's cameras as editors see them, and what a correction of a clock would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.assets.models import Asset
from portal.desk.views import asset_desk_path, cameras_path, desk_path
from portal.events.models import Event
from portal.photos.models import Camera, ClockOfPhoto
from portal.photos.shifts import shift_text
from portal.web.formatting import format_day, format_zone_offset
from portal.web.presentation import Moment, Text, text_in

PREVIEW_LINES_MAX = 12


@dataclass(frozen=True)
class PhotoChoice:
    """A photo that may show a clock; `shown` is what its own camera's clock said."""

    asset_id: str
    filename: str
    shown: str
    is_chosen: bool


@dataclass(frozen=True)
class Given:
    """What was asked for of a camera, as it was written, and why it cannot be had."""

    camera: int
    shift: str
    photo: str
    shows: str
    fault: str = ""


@dataclass(frozen=True)
class CameraView:
    """`first` and `last` are when its photos were taken, as they are dated now."""

    number: int
    name: str
    photo_count: int
    first: Moment | None
    last: Moment | None
    shift: str
    photos: tuple[PhotoChoice, ...]
    given_shift: str
    given_shows: str
    fault: str


@dataclass(frozen=True)
class PreviewLine:
    path: str
    filename: str
    before: Moment | None
    after: Moment | None


@dataclass(frozen=True)
class Preview:
    """What a correction would change; `unnamed` is how many more photos it is about."""

    camera: int
    seconds: int
    shift: str
    lines: tuple[PreviewLine, ...]
    unnamed: int


@dataclass(frozen=True)
class CamerasPage:
    path: str
    event_path: str
    event_title: Text
    zone: str
    cameras: tuple[CameraView, ...]
    preview: Preview | None


@dataclass(frozen=True)
class CamerasSubject:
    """What is known of an event's cameras before their page is made."""

    event: Event
    cameras: Sequence[Camera]
    clocks: Sequence[ClockOfPhoto]
    photos: Mapping[str, Asset]
    given: Given | None = None
    seconds: int | None = None

    def clocks_of(self, number: int) -> list[ClockOfPhoto]:
        """Of the photos that a camera took and that are still there, in the order of its clock."""
        found = [
            each
            for each in self.clocks
            if each.camera_number == number and each.asset_id in self.photos
        ]
        return sorted(found, key=lambda each: (each.clock.shown, each.asset_id))


def cameras_page(subject: CamerasSubject, *, language: str) -> CamerasPage:
    event = subject.event
    return CamerasPage(
        path=cameras_path(event),
        event_path=desk_path(event),
        event_title=text_in(event.title, language=language, fallbacks=[event.default_language]),
        zone=event.time_zone,
        cameras=tuple(_camera_view(subject, camera, language) for camera in subject.cameras),
        preview=_preview(subject, language),
    )


def _camera_view(subject: CamerasSubject, camera: Camera, language: str) -> CameraView:
    clocks = subject.clocks_of(camera.number)
    taken = [each.captured_at for each in clocks if each.captured_at]
    given = subject.given if subject.given and subject.given.camera == camera.number else None
    return CameraView(
        number=camera.number,
        name=camera.name,
        photo_count=len(clocks),
        first=_moment(min(taken, default=None), subject.event, language),
        last=_moment(max(taken, default=None), subject.event, language),
        shift=shift_text(camera.shift_seconds),
        photos=tuple(_choice(subject, each, given) for each in clocks),
        given_shift=given.shift if given else shift_text(camera.shift_seconds),
        given_shows=given.shows if given else "",
        fault=given.fault if given else "",
    )


def _choice(subject: CamerasSubject, clock: ClockOfPhoto, given: Given | None) -> PhotoChoice:
    return PhotoChoice(
        asset_id=clock.asset_id,
        filename=subject.photos[clock.asset_id].filename,
        shown=f"{clock.clock.shown:%Y-%m-%d %H:%M:%S}",
        is_chosen=given is not None and given.photo == clock.asset_id,
    )


def _preview(subject: CamerasSubject, language: str) -> Preview | None:
    given, seconds = subject.given, subject.seconds
    if given is None or seconds is None:
        return None
    clocks = subject.clocks_of(given.camera)
    return Preview(
        camera=given.camera,
        seconds=seconds,
        shift=shift_text(seconds) or "00:00:00",
        lines=tuple(
            _preview_line(subject, each, seconds, language) for each in clocks[:PREVIEW_LINES_MAX]
        ),
        unnamed=max(0, len(clocks) - PREVIEW_LINES_MAX),
    )


def _preview_line(
    subject: CamerasSubject, clock: ClockOfPhoto, seconds: int, language: str
) -> PreviewLine:
    event = subject.event
    return PreviewLine(
        path=asset_desk_path(clock.asset_id),
        filename=subject.photos[clock.asset_id].filename,
        before=_moment(clock.captured_at, event, language),
        after=_moment(clock.instant(shift_seconds=seconds), event, language),
    )


def _moment(at: datetime | None, event: Event, language: str) -> Moment | None:
    """To the second, on the event's own clocks: `4 June 2019, 10:00:07 (UTC+3)`."""
    if at is None:
        return None
    local = at.astimezone(event.zone)
    day = format_day(local, language=language, time_zone=event.time_zone)
    offset = format_zone_offset(at, time_zone=event.time_zone)
    return Moment(at.isoformat(), f"{day}, {local:%H:%M:%S} ({offset})")
