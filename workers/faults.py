"""The only place that decides what an error means: for good, again later, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import structlog

from portal.errors import (
    Interrupted,
    LimitExceeded,
    MediaRefused,
    NotSplittable,
    PortalError,
    ScratchBusy,
    SearchUnavailable,
    Superseded,
    ToolMissing,
)
from portal.jobs import LANES, Task
from portal.metrics.observing import UNEXPECTED, cause_of
from workers.lanes import RETRIES

ROOM_WAIT_SECONDS = 10.0
"""How long a job that found no room waits until it asks again."""
SEARCH_WAIT_SECONDS = 5.0
"""Whoever waits holds up all that waits to be indexed."""

_log = structlog.get_logger(__name__)


class Verdict(StrEnum):
    """What is to be done about the work that an error has ended."""

    STOPPED = "stopped"  # the worker ends: another one begins at once, and it costs no try
    WAIT_FOR_ROOM = "wait_for_room"  # it costs no try either
    WAIT_FOR_SEARCH = "wait_for_search"  # nor does this
    AGAIN = "again"  # it may pass
    GIVE_UP = "give_up"  # waiting would mend nothing


@dataclass(frozen=True)
class Fault:
    """`detail` is a sentence for people, `cause` a code to be counted by."""

    verdict: Verdict
    detail: str
    cause: str

    def wait_seconds(self, task: Task, *, tries: int) -> float | None:
        """The pause before the next try; None when there is none."""
        match self.verdict:
            case Verdict.STOPPED:
                return 0.0
            case Verdict.WAIT_FOR_ROOM:
                return ROOM_WAIT_SECONDS
            case Verdict.WAIT_FOR_SEARCH:
                return SEARCH_WAIT_SECONDS
            case Verdict.GIVE_UP:
                return None
        policy = RETRIES[LANES[task]]
        policy = policy.after_limit() if self.cause == LimitExceeded.code else policy
        return policy.wait_seconds(tries)


def fault_of(error: Exception, *, work: str) -> Fault:
    """What `error` means for `work`, such as "probe of scrum.mp4".

    Raises it again when it is Superseded: then there is nothing to be decided.
    """
    if isinstance(error, Superseded):
        raise error
    if not isinstance(error, PortalError):
        _log.error("work met an unexpected fault", work=work, exc_info=error)
        detail = f"{work} met an unexpected fault; the worker's log has it."
        return Fault(Verdict.AGAIN, detail, UNEXPECTED)
    return Fault(_verdict(error), str(error), cause_of(error))


def is_worn_out(task: Task, *, tries: int) -> bool:
    """Tries are counted when they begin, so that one which kills its worker counts too."""
    return tries > RETRIES[LANES[task]].tries_max


def _verdict(error: PortalError) -> Verdict:
    match error:
        case Interrupted():
            return Verdict.STOPPED
        case ScratchBusy():
            return Verdict.WAIT_FOR_ROOM
        case SearchUnavailable():  # however long: what is given up here would never be found
            return Verdict.WAIT_FOR_SEARCH
        case MediaRefused() | ToolMissing() | NotSplittable():
            return Verdict.GIVE_UP
    return Verdict.AGAIN  # ScratchTooSmall too: another machine may be larger
