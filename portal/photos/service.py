"""Rules about when photos were taken: what was read is kept, and cameras' clocks are corrected."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from portal.assets import service as assets
from portal.assets.models import Asset, PhotoMetadata, Step
from portal.errors import InvalidInput, NotFound
from portal.events.models import Event
from portal.jobs import Job, Task, defer
from portal.people import service as people
from portal.photos import repository
from portal.photos.models import Camera, ClockOfPhoto, PhotoClock, SeenCamera

SHIFT_SECONDS_MAX = 60 * 366 * 24 * 3600
"""Sixty years: a clock that was never set starts in 1970 or later."""


def record_photo(
    connection: Connection,
    asset: Asset,
    metadata: PhotoMetadata,
    *,
    width: int,
    height: int,
    clock: PhotoClock | None,
    camera: SeenCamera | None,
) -> datetime | None:
    """What a photo says of itself; `width` and `height` are those of the upright picture.

    Those of the event's people whom it names as shown are linked with it. Tells when it was taken,
    by its camera's clock as that is corrected now.
    """
    captured_at = _captured_at(connection, asset, clock, camera)
    assets.record_photo(
        connection, asset.id, metadata, width=width, height=height, captured_at=captured_at
    )
    if metadata.people_shown:
        taking_part = [part.person for part in people.people_of_event(connection, asset.event_id)]
        shown = people.named(taking_part, metadata.people_shown)
        assets.add_people(connection, asset.id, [person.id for person in shown])
    return captured_at


def taken_at(
    connection: Connection,
    event: Event,
    *,
    clock: PhotoClock | None,
    camera: SeenCamera | None,
) -> datetime | None:
    """When a photo that was read just now was taken, in the zone that it names or the event's."""
    if clock is None:
        return None
    fingerprint = camera and _fingerprint(event.id, camera)
    shift = repository.find_shift(connection, event.id, fingerprint) if fingerprint else 0
    instant = clock.instant(zone=event.zone, shift_seconds=shift)
    return instant and instant.astimezone(clock.read.tzinfo or event.zone)


def list_cameras(connection: Connection, event_id: str) -> list[Camera]:
    """The cameras that an event's photos were taken with."""
    return repository.list_cameras(connection, event_id)


def list_clocks(connection: Connection, event_id: str) -> list[ClockOfPhoto]:
    """What the clocks of an event's photos showed, those of unknown cameras included."""
    return repository.clocks_of_event(connection, event_id)


def shift_clock(
    connection: Connection, event_id: str, camera_number: int, *, seconds: int
) -> Camera:
    """Say that a camera's clock is so many seconds slow, or fast if they are negative.

    All its photos of the event are dated anew, their public files are made again, and those that
    are still to come are dated so.
    It counts from what the photos say: repeating it changes nothing, and 0 takes it back.
    Raises InvalidInput or NotFound.
    """
    if abs(seconds) > SHIFT_SECONDS_MAX:
        sentence = "A clock can be corrected by sixty years at most."
        raise InvalidInput(sentence, fields={"shift": sentence})
    repository.hold_photos(connection, event_id, camera_number)
    if not repository.set_shift(connection, event_id, camera_number, seconds=seconds):
        raise NotFound(f"The event has no camera {camera_number}.")
    _date(connection, repository.clocks_of_camera(connection, event_id, camera_number))
    defer(connection, Job(Task.INDEX_EVENT, event_id))
    cameras = repository.list_cameras(connection, event_id)
    return next(camera for camera in cameras if camera.number == camera_number)


def shift_clock_by_photo(connection: Connection, asset: Asset, *, shows: datetime) -> Camera:
    """Correct a camera's clock by a photo that it took of a clock which shows the right time.

    `shows` has a zone. Raises InvalidInput or NotFound.
    """
    found = repository.clock_of_photo(connection, asset.id)
    if found is None:
        raise InvalidInput(f"{asset.filename} does not say when it was taken.")
    if found.camera_number is None:
        raise InvalidInput(f"{asset.filename} does not say which camera took it.")
    seconds = found.clock.behind_seconds(shows, zone=found.zone)
    return shift_clock(connection, asset.event_id, found.camera_number, seconds=seconds)


def date_photos(connection: Connection, event_id: str) -> None:
    """Date an event's photos anew, and make their public files again where that changes them.

    Its time zone may be another one now.
    """
    _date(connection, repository.clocks_of_event(connection, event_id))


def _captured_at(
    connection: Connection, asset: Asset, clock: PhotoClock | None, camera: SeenCamera | None
) -> datetime | None:
    if clock is None:
        repository.remove_clock(connection, asset.id)
        return None
    camera_id = None if camera is None else _camera_id(connection, asset.event_id, camera)
    repository.replace_clock(connection, asset.id, clock, camera_id=camera_id)
    found = repository.clock_of_photo(connection, asset.id)
    return None if found is None else _instant(found)


def _camera_id(connection: Connection, event_id: str, seen: SeenCamera) -> str:
    fingerprint = _fingerprint(event_id, seen)
    while (found := repository.find_camera_id(connection, event_id, fingerprint)) is None:
        repository.add_camera(connection, event_id, fingerprint=fingerprint, name=seen.name)
    return found


def _fingerprint(event_id: str, seen: SeenCamera) -> str:
    # Other in each event, so that nobody can tell by it what else a camera has photographed.
    return hmac.digest(event_id.encode(), seen.fingerprint.encode(), "sha256").hex()


def _date(connection: Connection, found: Sequence[ClockOfPhoto]) -> None:
    instants = {each.asset_id: _instant(each) for each in found}
    known = {each.asset_id: each.captured_at for each in found}
    changed = {key: instant for key, instant in instants.items() if instant != known[key]}
    assets.record_captured_at(connection, changed)
    for asset_id in sorted(changed):
        assets.repeat_step(connection, asset_id, Step.PHOTO)


def _instant(found: ClockOfPhoto) -> datetime | None:
    return found.instant(shift_seconds=found.shift_seconds)
