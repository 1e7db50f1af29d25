"""What `portal ingest` says while it is at work."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from portal.assets.models import AssetState
from portal.cli.ingest_display import BarDisplay, Display, LineDisplay
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
