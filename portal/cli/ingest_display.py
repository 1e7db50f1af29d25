"""Shows how far each file is: bars on a terminal, plain lines elsewhere; on standard error."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.text import Text

from portal.assets.models import Asset, Step, StepRecord, StepState
from portal.assets.pipeline import PIPELINE
from portal.cli.output import err, printable, warn
from portal.ingest.plan import PlannedFile
from portal.ingest.report import Report
from portal.ingest.sender import READ_SHARE

WAITING = "waiting"
WEIGHTS = {Step.TRANSCODE: 40, Step.SOUND: 8, Step.PHOTO: 4, Step.PREVIEW: 2}
"""Steps that take long fill more of the bar; all others, which take seconds at most, count 1."""


class Display(Protocol):
    """May be called from several threads."""

    def sending(self, file: PlannedFile, share: float) -> None:
        """`share` of the file, 0 to 1, is on its way."""
        ...

    def processing(self, file: PlannedFile, asset: Asset) -> None: ...

    def finished(self, report: Report) -> None:
        """What went wrong stands in the list at the end, and only there."""
        ...


@contextmanager
def shown(file_count: int) -> Iterator[Display]:
    if not err.is_terminal:
        yield LineDisplay()
        return
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[activity]}", markup=False),
        console=Console(stderr=True, highlight=False),
        transient=True,
    )
    with progress:
        yield BarDisplay(progress, file_count)


def sending_activity(share: float) -> str:
    """A file that is in already is read and not sent."""
    return "reading" if share <= READ_SHARE else "uploading"


def activity(asset: Asset) -> str:
    """The steps at work, such as `transcode`, or why one is waiting for another try."""
    running = [step.name for step in asset.steps if step.state is StepState.RUNNING]
    stumbled = (step for step in asset.steps if step.state is StepState.WAITING and step.detail)
    if not running and (step := next(stumbled, None)):
        return f"{step.name} will be tried again: {step.detail}"
    return ", ".join(running) or WAITING


def share_done(asset: Asset) -> float:
    """How much of all steps is done, 0 to 1, long ones weighing more."""
    records = {record.name: record for record in asset.steps}
    steps = PIPELINE[asset.kind]
    done = sum(_weight(step) * _share(records.get(step)) for step in steps)
    return done / sum(map(_weight, steps))


class LineDisplay:
    """A line whenever a file reaches something new."""

    def __init__(self) -> None:
        self._said: dict[Path, str] = {}
        self._lock = threading.Lock()

    def sending(self, file: PlannedFile, share: float) -> None:
        self._say(file, sending_activity(share) if share < 1 else "uploaded")

    def processing(self, file: PlannedFile, asset: Asset) -> None:
        if (doing := activity(asset)) != WAITING:
            self._say(file, doing)

    def finished(self, report: Report) -> None:
        if report.is_good:
            self._say(report.file, _verdict(report))

    def _say(self, file: PlannedFile, text: str) -> None:
        with self._lock:
            if self._said.get(file.path) != text:
                self._said[file.path] = text
                warn(f"{file.name}: {text}")


class BarDisplay:
    """A bar per file under way, and one for all; finished files become a line above them."""

    def __init__(self, progress: Progress, file_count: int) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._bars: dict[Path, TaskID] = {}
        self._all = progress.add_task("All files", total=max(1, file_count), activity="")

    def sending(self, file: PlannedFile, share: float) -> None:
        self._update(file, share, sending_activity(share) if share < 1 else WAITING)

    def processing(self, file: PlannedFile, asset: Asset) -> None:
        self._update(file, share_done(asset), activity(asset))

    def finished(self, report: Report) -> None:
        with self._lock:
            bar = self._bars.pop(report.file.path, None)
            if bar is not None:
                self._progress.remove_task(bar)
            self._progress.advance(self._all)
        if report.is_good:
            line = Text(printable(f"{report.file.name}: {_verdict(report)}"))
            self._progress.console.print(line, soft_wrap=True)

    def _update(self, file: PlannedFile, share: float, text: str) -> None:
        with self._lock:
            bar = self._bars.get(file.path)
            if bar is None:
                name = printable(file.name)
                bar = self._progress.add_task(name, total=1.0, activity=text)
                self._bars[file.path] = bar
        self._progress.update(bar, completed=share, activity=text)


def _verdict(report: Report) -> str:
    return f"{report.verdict}: {report.detail}" if report.detail else report.verdict


def _weight(step: Step) -> int:
    return WEIGHTS.get(step, 1)


def _share(record: StepRecord | None) -> float:
    if record is None:
        return 0.0
    return 1.0 if record.outcome is not None else record.progress or 0.0
