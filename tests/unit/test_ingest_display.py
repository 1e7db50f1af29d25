"""What `portal ingest` says while it is at work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from portal.assets.models import Asset, AssetState, Kind, Outcome, Step, StepRecord
from portal.assets.pipeline import PIPELINE
from portal.cli.ingest_display import BarDisplay, Display, LineDisplay, share_done
from portal.ingest.plan import PlannedFile
from portal.ingest.report import ALREADY_IN, Report

FILE = PlannedFile(path=Path("a/scrum.mp4"), name="scrum.mp4")
GOOD = Report(file=FILE, state=AssetState.READY, detail=ALREADY_IN)
BAD = Report(file=FILE, state=AssetState.FAILED, detail="scrum.mp4 is empty.")


def test_a_file_is_not_said_to_be_sent_while_it_is_only_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = LineDisplay()
    for share in (0.0, 0.25, 0.5):
        display.sending(FILE, share)
    assert capsys.readouterr().err == "scrum.mp4: reading\n"

    for share in (0.6, 0.9, 1.0):
        display.sending(FILE, share)
    assert capsys.readouterr().err == "scrum.mp4: uploading\nscrum.mp4: uploaded\n"


def test_what_went_wrong_is_left_to_the_list_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    drawn = StringIO()
    bars = BarDisplay(Progress(console=Console(file=drawn)), 2)
    displays: list[Display] = [LineDisplay(), bars]
    for display in displays:
        display.finished(BAD)
        display.finished(GOOD)

    assert capsys.readouterr().err == f"scrum.mp4: ready: {ALREADY_IN}\n"
    assert drawn.getvalue() == f"scrum.mp4: ready: {ALREADY_IN}\n"


def asset(kind: Kind, progress: Mapping[Step, float]) -> Asset:
    """Whose steps are so far: 1 when they have ended."""
    return Asset(
        id="a",
        event_id="e",
        kind=kind,
        filename="scrum.mp4",
        title={},
        caption={},
        language=None,
        programme_item_id=None,
        captured_at=None,
        duration_seconds=None,
        width=None,
        height=None,
        created_at=datetime.now(UTC),
        original=None,
        steps=tuple(_record(step, share) for step, share in progress.items()),
    )


def _record(step: Step, share: float) -> StepRecord:
    return StepRecord(
        name=step,
        attempt=1,
        tries=1,
        progress=share,
        started_at=datetime.now(UTC),
        finished_at=None,
        outcome=Outcome.DONE if share == 1 else None,
        detail=None,
    )


@pytest.mark.parametrize("kind", Kind)
def test_the_bar_is_full_when_every_step_has_ended(kind: Kind) -> None:
    assert share_done(asset(kind, {})) == 0
    assert share_done(asset(kind, dict.fromkeys(PIPELINE[kind], 1))) == 1


@pytest.mark.parametrize(
    ("kind", "longest"),
    [
        (Kind.VIDEO, {Step.TRANSCODE, Step.SOUND}),
        (Kind.AUDIO, {Step.SOUND}),
        (Kind.PHOTO, {Step.PHOTO}),
    ],
)
def test_what_takes_longest_fills_most_of_the_bar(kind: Kind, longest: set[Step]) -> None:
    quick = dict.fromkeys(PIPELINE[kind].keys() - longest, 1.0)
    assert 0 < share_done(asset(kind, quick)) < 0.5
    halfway = quick | dict.fromkeys(longest, 0.5)
    assert share_done(asset(kind, halfway)) > share_done(asset(kind, quick)) + 0.25
    assert share_done(asset(Kind.VIDEO, {Step.SOUND: 1})) < 0.25
