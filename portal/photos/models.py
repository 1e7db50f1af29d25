"""Cameras and their clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

_DAY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class PhotoClock:
    """What a camera's clock showed when it took a photo: `shown` has no zone.

    `offset_seconds` is what the photo tells of the zone; None: nothing, so it is the event's.
    """

    shown: datetime
    offset_seconds: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError: it may come from a reader that was taken over."""
        if self.shown.tzinfo is not None or abs(self.offset_seconds or 0) >= _DAY_SECONDS:
            raise ValueError("That is not what a clock shows.")

    @property
    def read(self) -> datetime:
        """What was read, with its zone when there is one."""
        if self.offset_seconds is None:
            return self.shown
        return self.shown.replace(tzinfo=timezone(timedelta(seconds=self.offset_seconds)))

    def instant(self, *, zone: ZoneInfo, shift_seconds: int = 0) -> datetime | None:
        """When that was, on a clock that is `shift_seconds` slow; None in no year there is."""
        try:
            corrected = self.shown + timedelta(seconds=shift_seconds)
            return corrected.replace(tzinfo=self._zone(zone)).astimezone(UTC)
        except OverflowError:
            return None

    def behind_seconds(self, true_time: datetime, *, zone: ZoneInfo) -> int:
        """How slow the clock is when it is in truth `true_time`; negative: how fast."""
        if true_time.tzinfo is not None:
            true_time = true_time.astimezone(self._zone(zone)).replace(tzinfo=None)
        return round((true_time - self.shown).total_seconds())

    def _zone(self, event_zone: ZoneInfo) -> timezone | ZoneInfo:
        if self.offset_seconds is None:
            return event_zone
        return timezone(timedelta(seconds=self.offset_seconds))


@dataclass(frozen=True)
class SeenCamera:
    """A camera as a photo names it. `fingerprint` tells it from others of its model."""

    fingerprint: str
    name: str


@dataclass(frozen=True)
class Camera:
    """A camera of an event, by a number that says nothing of it.

    Its clock is `shift_seconds` slow, as an editor found out; `first_filename` is of the photo
    that it took first.
    """

    number: int
    name: str
    shift_seconds: int
    photo_count: int
    first_filename: str | None


@dataclass(frozen=True)
class ClockOfPhoto:
    """A photo's clock with what is needed to make an instant of it."""

    asset_id: str
    camera_number: int | None
    clock: PhotoClock
    shift_seconds: int
    zone: ZoneInfo
    captured_at: datetime | None

    def instant(self, *, shift_seconds: int) -> datetime | None:
        """When it was taken, if its camera's clock is so slow."""
        return self.clock.instant(zone=self.zone, shift_seconds=shift_seconds)
