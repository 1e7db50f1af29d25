"""What a step handler is given and what it gives back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from portal.assets.models import Asset, Outcome, Rendition, Step
from portal.runtime import Runtime
from workers.sandbox import Sandbox


@dataclass(frozen=True)
class StepRun:
    """One attempt at one step of one asset.

    `scratch` is an empty private folder, removed afterwards. `stop` is set when the worker is
    asked to end: the sandbox then kills its process and raises Interrupted. `report_progress`
    takes 0 to 1 and may be called often. `publish_early` makes renditions visible before the
    step has ended; it raises Superseded when a newer attempt owns the step. `check_room`, called
    often while files grow, raises InsufficientStorage when they outgrow the room for them.
    """

    runtime: Runtime
    sandbox: Sandbox
    asset: Asset
    step: Step
    attempt: int
    scratch: Path
    stop: threading.Event
    report_progress: Callable[[float], None]
    publish_early: Callable[[Sequence[Rendition]], None]
    check_room: Callable[[], None]


@dataclass(frozen=True)
class StepResult:
    """How the step ended and what it made.

    The runner publishes it in one transaction, by compare-and-set on the attempt: renditions
    replace the step's earlier ones, then `apply` writes what else belongs to the result through
    the owning feature's service. A handler raises MediaRefused when the file can never be
    processed; ToolFailed, LimitExceeded and storage errors are tried again a few times.
    """

    outcome: Outcome = Outcome.DONE
    detail: str | None = None
    notes: tuple[str, ...] = ()
    renditions: tuple[Rendition, ...] = ()
    apply: Callable[[Connection], None] | None = None


StepHandler = Callable[[StepRun], StepResult]
StepHandlers = Mapping[Step, StepHandler]
