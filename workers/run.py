"""What the handlers of steps and chunks are given and what they give back."""

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
    `may_split` says whether the handler may return a `StepSplit`.
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
    may_split: bool = True


@dataclass(frozen=True)
class ChunkRun:
    """One try at one chunk of a step that was split; what is not told here is as in `StepRun`.

    `attempt` is the step's, under whose prefix the chunk stores what it makes, and `number` counts
    the chunks from 1. `tries` goes into the names of what is stored (`made_files.segment_name`),
    so that no try writes where an earlier one still may.
    """

    runtime: Runtime
    sandbox: Sandbox
    asset: Asset
    step: Step
    attempt: int
    number: int
    tries: int
    plan: Mapping[str, object]
    scratch: Path
    stop: threading.Event
    report_progress: Callable[[float], None]
    check_room: Callable[[], None]


Run = StepRun | ChunkRun


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


@dataclass(frozen=True)
class StepSplit:
    """The step goes on as chunks, each a job of its own: `chunks` are their plans, as JSON."""

    chunks: tuple[Mapping[str, object], ...]


StepHandler = Callable[[StepRun], StepResult | StepSplit]
StepHandlers = Mapping[Step, StepHandler]

ChunkHandler = Callable[[ChunkRun], Mapping[str, object]]
"""Makes one chunk; what it gives back, as JSON, is handed to the `JoinHandler`.

Raises NotSplittable when the step must be run again in one piece.
"""
JoinHandler = Callable[[Asset, int, Sequence[Mapping[str, object]]], StepResult]
"""Takes the asset, the step's attempt and the results of all chunks in order.

It runs within the transaction that ends the step, so it only computes. May raise NotSplittable.
"""


@dataclass(frozen=True)
class ChunkHandlers:
    """What a step that splits needs besides its own handler."""

    make: ChunkHandler
    join: JoinHandler
