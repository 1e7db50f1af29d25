"""portal photos: correct the clocks of the cameras that photos were taken with."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.cli.events import read_instant
from portal.cli.failures import UsageError
from portal.cli.installation import opened
from portal.cli.output import say, say_json, say_table
from portal.errors import NotFound
from portal.events import service as events_service
from portal.events.models import Event
from portal.ids import is_id
from portal.photos import service
from portal.photos.models import Camera
from portal.photos.shifts import read_shift, shift_text
from portal.visibility import INSTALLATION

Slug = Annotated[str, typer.Argument(metavar="EVENT", help="The event's address: press-scrum.")]
Number = Annotated[
    int | None,
    typer.Argument(metavar="CAMERA", show_default=False, help="Its number in the list."),
]
Shift = Annotated[
    str | None,
    typer.Option(help="What its clock lacks, such as +01:00:00; -00:02 if it is fast; 0:00: none."),
]
Photo = Annotated[
    str | None, typer.Option(metavar="ID", help="A photo of a clock that shows the right time.")
]
Shows = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="What that clock shows, such as 2019-06-04T10:00:00; without an offset, in the "
        "event's time zone.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.callback()(_photos)
    group.command("clock")(clock)
    app.add_typer(group, name="photos", help="Correct the clocks of cameras.")


def clock(
    event: Slug,
    camera: Number = None,
    *,
    shift: Shift = None,
    photo: Photo = None,
    shows: Shows = None,
    as_json: AsJson = False,
) -> None:
    """List an event's cameras, or correct the clock of one, for photos there and to come."""
    if shift is not None and (photo or shows):
        raise UsageError("Give either --shift, or --photo with --shows.")
    if (photo is None) != (shows is None):
        raise UsageError("--photo and --shows go together.")
    with opened() as runtime, runtime.engine.begin() as connection:
        found = events_service.get_event(connection, event, viewer=INSTALLATION)
        if shift is not None:
            cameras = [_shifted(connection, found, camera, shift)]
        elif photo is not None and shows is not None:
            cameras = [_shifted_by_photo(connection, found, camera, photo, shows)]
        else:
            cameras = service.list_cameras(connection, found.id)
            cameras = [each for each in cameras if camera in {None, each.number}]
    _say(cameras, as_json=as_json)


def _shifted(connection: Connection, event: Event, camera: int | None, shift: str) -> Camera:
    if camera is None:
        raise UsageError(f"Say which camera; portal photos clock {event.slug} lists them.")
    return service.shift_clock(connection, event.id, camera, seconds=_seconds_of(shift))


def _shifted_by_photo(
    connection: Connection, event: Event, camera: int | None, photo: str, shows: str
) -> Camera:
    asset = None
    if is_id(photo):
        asset = assets_service.get_asset(connection, photo, viewer=INSTALLATION)
    if asset is None or asset.event_id != event.id:
        raise NotFound(f"There is no photo {photo!r} in {event.slug}.")
    changed = service.shift_clock_by_photo(
        connection, asset, shows=read_instant(shows, zone=event.zone)
    )
    if camera not in {None, changed.number}:
        raise UsageError(f"{asset.filename} was taken by camera {changed.number}, not {camera}.")
    return changed


def _seconds_of(shift: str) -> int:
    """Raises UsageError."""
    seconds = read_shift(shift)
    if seconds is None:
        raise UsageError(f"{shift!r} is no shift; write one like +01:00:00 or -00:02.")
    return seconds


def _say(cameras: list[Camera], *, as_json: bool) -> None:
    if as_json:
        for camera in cameras:
            say_json(_as_json(camera))
        return
    if not cameras:
        say("There is no such camera: no photo names one.")
        return
    rows = [
        (each.number, each.name, each.photo_count, each.first_filename, _told(each))
        for each in cameras
    ]
    say_table(("camera", "name", "photos", "first", "clock"), rows)


def _told(camera: Camera) -> str:
    return shift_text(camera.shift_seconds) or "unchanged"


def _as_json(camera: Camera) -> dict[str, object]:
    return {
        "camera": camera.number,
        "name": camera.name,
        "photos": camera.photo_count,
        "first_file": camera.first_filename,
        "shift_seconds": camera.shift_seconds,
    }


def _photos() -> None:
    """A callback makes Typer keep the command's name even when there is only one."""
