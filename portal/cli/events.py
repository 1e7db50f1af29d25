"""portal events: create, list, show, publish and withdraw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated

import typer
from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.assets.models import AssetState
from portal.cli.failures import UsageError
from portal.cli.installation import event_page, opened, read_settings
from portal.cli.output import say, say_json, say_table
from portal.errors import Conflict, NotFound
from portal.events import service
from portal.events.manifest_values import LINE_LENGTH_MAX, is_language
from portal.events.marked_yaml import YEARS, text_fault
from portal.events.models import Event, EventDescription
from portal.languages import in_language
from portal.settings import Settings
from portal.visibility import INSTALLATION

LISTED_MAX = 10_000
ASSETS_MAX = 100_000
PAST_MAX = timedelta(minutes=1)
"""Time to type the command and run it."""

WHAT_READERS_GET = {
    AssetState.FAILED: "readers do not see it.",
    AssetState.PARTIAL: "readers get what there is.",
}

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The event's address: press-scrum.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("create")(create)
    group.command("list")(list_all)
    group.command("show")(show)
    group.command("publish")(publish)
    group.command("withdraw")(withdraw)
    app.add_typer(group, name="events", help="Create, list, show, publish and withdraw events.")


def create(
    slug: Slug,
    *,
    title: Annotated[str, typer.Option(help="What the event is called.")],
    language: Annotated[str, typer.Option(help="Language of the title and of captions.")] = "en",
    time_zone: Annotated[str, typer.Option(help="Such as Europe/Minsk.")] = "UTC",
) -> None:
    """Create an event, as a draft."""
    description = EventDescription(
        slug=slug,
        title={checked_language(language): checked_title(title)},
        default_language=language,
        time_zone=time_zone,
    )
    settings = read_settings()
    with opened(settings) as runtime, runtime.engine.begin() as connection:
        try:
            service.get_event(connection, slug, viewer=INSTALLATION)
        except NotFound:
            service.save_event(connection, description)
        else:
            raise Conflict(f"There already is an event {slug!r}.")
    say(f"Created the draft {slug}: {event_page(settings, slug)}")


def list_all(*, as_json: AsJson = False) -> None:
    """List all events, newest first."""
    settings = read_settings()
    with opened(settings) as runtime, runtime.engine.connect() as connection:
        events = service.list_events(connection, viewer=INSTALLATION, limit=LISTED_MAX)
    if as_json:
        for event in events:
            say_json(event_json(event, settings))
        return
    rows = [
        (event.slug, event.state, _local(event.starts_at, event), _title(event)) for event in events
    ]
    say_table(("event", "state", "starts", "title"), rows)


def show(slug: Slug, *, as_json: AsJson = False) -> None:
    """Show one event."""
    settings = read_settings()
    with opened(settings) as runtime, runtime.engine.connect() as connection:
        event = service.get_event(connection, slug, viewer=INSTALLATION)
    described = event_json(event, settings)
    if as_json:
        say_json(described)
        return
    shown = {**described, "title": _title(event)}
    say_table(("what", "value"), [(name, value) for name, value in shown.items() if value])


def publish(
    slug: Slug,
    *,
    at: Annotated[
        str | None,
        typer.Option(
            help="When, such as 2030-06-04T14:00:00+03:00; without an offset, in the event's "
            "time zone. Leave it out to publish now."
        ),
    ] = None,
) -> None:
    """Release an event, now or on time by itself."""
    settings = read_settings()
    with opened(settings) as runtime, runtime.engine.begin() as connection:
        event = service.get_event(connection, slug, viewer=INSTALLATION)
        instant = None if at is None else read_release(at, zone=event.zone)
        event = service.publish(connection, slug, at=instant)
        unfit = _unfit_files(connection, event.id)
    when = "" if event.state == "public" else f" from {_release(event)} on"
    say(f"The event {slug} is public{when}: {event_page(settings, slug)}")
    for filename, state in unfit:
        say(f"{filename} is {state}: {WHAT_READERS_GET[state]}")


def _unfit_files(connection: Connection, event_id: str) -> list[tuple[str, AssetState]]:
    """The files of an event that cannot be shown, or not whole."""
    found = assets_service.list_assets(
        connection, viewer=INSTALLATION, event_id=event_id, limit=ASSETS_MAX
    )
    states = [(asset.filename, assets_service.state_of(asset)) for asset in found]
    return [(filename, state) for filename, state in states if state in WHAT_READERS_GET]


def withdraw(slug: Slug) -> None:
    """Hide an event and all that belongs to it from the public, at once."""
    with opened() as runtime, runtime.engine.begin() as connection:
        service.withdraw(connection, slug)
    say(f"The event {slug} is withdrawn. portal events publish {slug} shows it again.")


def read_instant(text: str, *, zone: tzinfo) -> datetime:
    """An ISO 8601 time, in `zone` unless it has an offset. Raises UsageError."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no time; write one like 2019-06-04T14:00:00+03:00."
        ) from error
    if instant.year not in YEARS:
        raise UsageError(f"{text!r} is not in the years from {YEARS[0]} to {YEARS[-1]}.")
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)


def read_release(text: str, *, zone: tzinfo) -> datetime:
    """An instant to come. Raises UsageError: one that is past would publish at once, unasked."""
    instant = read_instant(text, zone=zone)
    if instant < datetime.now(UTC) - PAST_MAX:
        raise UsageError(
            f"{in_zone(instant, zone)} is past; leave --at out to publish now. Nothing was changed."
        )
    return instant


def in_zone(instant: datetime, zone: tzinfo) -> str:
    """`2019-06-04 14:00+03:00`"""
    return instant.astimezone(zone).isoformat(sep=" ", timespec="minutes")


def checked_title(title: str) -> str:
    """Raises UsageError."""
    if (fault := text_fault(title.strip(), length_max=LINE_LENGTH_MAX)) is not None:
        raise UsageError(f"--title {fault}.")
    return title.strip()


def checked_language(language: str) -> str:
    """Raises UsageError."""
    if not is_language(language):
        raise UsageError(
            f"--language is no language: {language!r}; write a code like en, ru or be."
        )
    return language


def event_json(event: Event, settings: Settings) -> dict[str, object]:
    return {
        "slug": event.slug,
        "state": event.state,
        "title": dict(event.title),
        "starts_at": _iso(event.starts_at, event),
        "ends_at": _iso(event.ends_at, event),
        "time_zone": event.time_zone,
        "released_at": _iso(event.released_at, event),
        "withdrawn_at": _iso(event.withdrawn_at, event),
        "page_url": event_page(settings, event.slug),
    }


def _title(event: Event) -> str:
    return in_language(event.title, [event.default_language])


def _iso(instant: datetime | None, event: Event) -> str | None:
    return None if instant is None else instant.astimezone(event.zone).isoformat()


def _local(instant: datetime | None, event: Event) -> str:
    return "" if instant is None else in_zone(instant, event.zone)


def _release(event: Event) -> str:
    return f"{_local(event.released_at, event)} ({event.time_zone})"
