"""portal assets: list, show, retry and remove what was put in."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.assets import service
from portal.assets.durations import declared_seconds, playing_seconds
from portal.assets.models import Asset, Step
from portal.cli.failures import UsageError
from portal.cli.installation import asset_page, opened, read_settings
from portal.cli.output import say, say_json, say_table
from portal.errors import NotFound
from portal.events import service as events_service
from portal.ids import is_id
from portal.settings import Settings
from portal.visibility import INSTALLATION

LISTED_MAX = 100_000

AssetId = Annotated[str, typer.Argument(metavar="ID", help="26 letters and digits.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_all)
    group.command("show")(show)
    group.command("retry")(retry)
    group.command("remove")(remove)
    app.add_typer(group, name="assets", help="List, show, retry and remove what was put in.")


def list_all(
    *,
    event: Annotated[str | None, typer.Option(help="Only those of this event.")] = None,
    as_json: AsJson = False,
) -> None:
    """List assets with the state that each is in."""
    settings = read_settings()
    with opened(settings) as runtime, runtime.engine.connect() as connection:
        event_id = None
        if event is not None:
            event_id = events_service.get_event(connection, event, viewer=INSTALLATION).id
        assets = service.list_assets(
            connection, viewer=INSTALLATION, event_id=event_id, limit=LISTED_MAX
        )
    if as_json:
        for asset in assets:
            say_json(asset_json(asset, settings))
        return
    rows = [(a.id, a.kind, service.state_of(a), a.filename, service.detail_of(a)) for a in assets]
    say_table(("asset", "kind", "state", "file", "detail"), rows)


def show(asset_id: AssetId, *, as_json: AsJson = False) -> None:
    """Show one asset and how far each of its steps is."""
    settings = read_settings()
    with opened(settings) as runtime, runtime.engine.connect() as connection:
        asset = service.get_asset(connection, _checked(asset_id), viewer=INSTALLATION)
    described = asset_json(asset, settings)
    if as_json:
        say_json(described)
        return
    del described["steps"]
    say_table(("what", "value"), [(name, value) for name, value in described.items() if value])
    say("")
    steps = [(step.name, step.state, _percent(step.progress), step.detail) for step in asset.steps]
    say_table(("step", "state", "done", "detail"), steps)
    for note in service.notes_of(asset):
        say(f"note: {note}")


def retry(
    asset_id: AssetId,
    step: Annotated[str, typer.Argument(metavar="STEP", help=", ".join(Step))],
) -> None:
    """Run one step again; what follows from it is done again, too."""
    if step not in set(Step):
        raise UsageError(f"There is no step {step!r}; the steps are {', '.join(Step)}.")
    with opened() as runtime, runtime.engine.begin() as connection:
        service.retry_step(connection, _checked(asset_id), Step(step))
    say(f"The step {step} of {asset_id} is queued.")


def remove(asset_id: AssetId) -> None:
    """Take an asset out of its event and of search; its files are deleted."""
    with opened() as runtime, runtime.engine.begin() as connection:
        service.remove_asset(connection, _checked(asset_id))
    say(f"The asset {asset_id} is removed.")


def asset_json(asset: Asset, settings: Settings) -> dict[str, object]:
    original = asset.original
    return {
        "asset_id": asset.id,
        "kind": asset.kind,
        "filename": asset.filename,
        "state": service.state_of(asset),
        "detail": service.detail_of(asset),
        "duration_seconds": playing_seconds(asset),
        "declared_seconds": declared_seconds(asset),
        "width": asset.width,
        "height": asset.height,
        "size_bytes": original.size_bytes if original else None,
        "sha256": original.sha256 if original else None,
        "page_url": asset_page(settings, asset.id),
        "steps": [
            {"name": step.name, "state": step.state, "detail": step.detail} for step in asset.steps
        ],
    }


def _checked(asset_id: str) -> str:
    if not is_id(asset_id):
        raise NotFound(f"There is no asset {asset_id!r}.")
    return asset_id


def _percent(progress: float | None) -> str:
    return "" if progress is None else f"{progress:.0%}"
