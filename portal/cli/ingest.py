"""portal ingest: files, folders or a whole event, from this machine into the archive."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from portal.cli.failures import FAILED, UsageError
from portal.cli.ingest_display import Display, shown
from portal.cli.ingest_run import IngestRun
from portal.cli.installation import address_of, asset_page, event_page, opened, read_settings
from portal.cli.output import say, say_json, warn
from portal.cli.own_worker import OwnWorker
from portal.errors import DatabaseUnavailable, InvalidInput, StorageError
from portal.events import service as events_service
from portal.ingest.folders import plan_paths
from portal.ingest.plan import Plan
from portal.ingest.report import Report, summary
from portal.installation.service import claim_store
from portal.runtime import Runtime
from portal.settings import Settings
from portal.visibility import INSTALLATION


def register(app: typer.Typer) -> None:
    app.command("ingest")(ingest)


def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH", exists=True, help="Files, or folders with everything in them."
        ),
    ],
    *,
    event: Annotated[
        str | None,
        typer.Option(
            metavar="SLUG", help="The event they belong to; a missing one is created as a draft."
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until every file is ready, with a progress bar.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="At the end, one JSON object per file.")
    ] = False,
) -> None:
    """Bring files in. A folder with an event.yaml is a whole event; repeating is safe."""
    settings = read_settings()
    plans = _plans(paths, event)
    count = sum(len(plan.files) for plan in plans)
    with opened(settings) as runtime, shown(count) as display:
        with suppress(StorageError):  # each file says so
            claim_store(runtime)
        reports, troubles = _run(runtime, plans, display, wait=wait)
        drafts = () if troubles or as_json else _drafts(runtime, plans)
    for sentence in troubles:
        warn(sentence)
    if as_json:
        for report in reports:
            say_json(report_json(report, settings))
    else:
        _tell(reports, plans, settings, are_saved=not troubles)
        for slug in drafts:
            say(f"The event is a draft: portal events publish {slug} makes it public.")
    if troubles or not all(report.is_good for report in reports):
        raise typer.Exit(FAILED)


def report_json(report: Report, settings: Settings) -> dict[str, object]:
    return {
        "path": str(report.file.path),
        "asset_id": report.asset_id,
        "kind": report.kind,
        "state": report.state,
        "page_url": asset_page(settings, report.asset_id) if report.asset_id else None,
        "hls_url": address_of(settings, report.hls_path) if report.hls_path else None,
        "detail": report.detail,
    }


def _plans(paths: Sequence[Path], event: str | None) -> list[Plan]:
    try:
        return plan_paths(paths, event_slug=event)
    except InvalidInput as error:  # nothing was written yet: this is wrong usage
        raise UsageError(str(error)) from error


def _run(
    runtime: Runtime, plans: Sequence[Plan], display: Display, *, wait: bool
) -> tuple[list[Report], Sequence[str]]:
    """The reports, and what went wrong for more than one file."""
    with OwnWorker(runtime) as worker:
        run = IngestRun(runtime, display, worker=worker if wait else None)
        for plan in plans:
            run.carry_out(plan)
        return run.finish(), run.troubles


def _drafts(runtime: Runtime, plans: Sequence[Plan]) -> list[str]:
    """The slugs of events that nobody released; none when the database went away just now."""
    try:
        with runtime.engine.connect() as connection:
            events = [
                events_service.get_event(connection, plan.slug, viewer=INSTALLATION)
                for plan in plans
            ]
    except DatabaseUnavailable:  # a hint is not worth the report
        return []
    return [event.slug for event in events if event.state == "draft"]


def _tell(
    reports: Sequence[Report], plans: Sequence[Plan], settings: Settings, *, are_saved: bool
) -> None:
    for report in reports:
        if not report.is_good:
            say(f"{report.file.path}: {report.verdict}: {report.detail or 'no reason is known'}")
    if reports:
        say(summary(reports))
    for plan in plans:
        if are_saved and not plan.files:
            say(f"The event {plan.slug} was saved; the folder has no files.")
        say(event_page(settings, plan.slug))
