"""How a try at a step or a chunk ended, as it is counted."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from portal.assets.models import Outcome
from workers.faults import Verdict


class Ending(StrEnum):
    """What was begun may go on to another try."""

    DONE = Outcome.DONE
    PARTIAL = Outcome.PARTIAL
    FAILED = Outcome.FAILED
    SPLIT = "split"  # it goes on as chunks
    GIVEN_UP = "given_up"  # a chunk: its step is made in one piece
    AGAIN = "again"
    INTERRUPTED = "interrupted"
    NO_ROOM = "no_room"
    SUPERSEDED = "superseded"


ENDING_WITH_ANOTHER_TRY: Mapping[Verdict, Ending] = {
    Verdict.STOPPED: Ending.INTERRUPTED,
    Verdict.WAIT_FOR_ROOM: Ending.NO_ROOM,
    Verdict.WAIT_FOR_SEARCH: Ending.AGAIN,
    Verdict.AGAIN: Ending.AGAIN,
}
