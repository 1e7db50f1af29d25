"""When assets that are waited for do not move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from portal.assets.models import Asset, Kind, Outcome, Step, StepRecord
from portal.ingest.waiting import Standstill

NOON = datetime(2019, 6, 4, 12, tzinfo=UTC)
WAITING = StepRecord(
    name=Step.TRANSCODE,
    attempt=1,
    tries=0,
    progress=None,
    started_at=None,
    finished_at=None,
    outcome=None,
    detail=None,
)
ASSET = Asset(
    id="a",
    event_id="e",
    kind=Kind.AUDIO,
    filename="talk.flac",
    title={},
    caption={},
    language=None,
    programme_item_id=None,
    captured_at=None,
    duration_seconds=None,
    width=None,
    height=None,
    created_at=NOON,
    original=None,
    steps=(WAITING,),
)


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_looks_at_what_stays_as_it_is_are_a_standstill() -> None:
    clock = Clock()
    standstill = Standstill(clock)
    for second in range(31):
        clock.seconds = second
        standstill.note(ASSET)
        standstill.note(replace(ASSET, id="b"))

    assert standstill.seconds() == 30


def test_whatever_a_step_does_is_a_move() -> None:
    clock = Clock()
    standstill = Standstill(clock)
    running = replace(WAITING, started_at=NOON)
    records = [
        WAITING,
        running,
        replace(running, progress=0.1),
        replace(running, progress=0.2),
        replace(running, outcome=Outcome.DONE),
    ]
    for record in records:
        clock.seconds += 10
        standstill.note(replace(ASSET, steps=(record,)))

        assert standstill.seconds() == 0


def test_one_that_moves_is_enough() -> None:
    clock = Clock()
    standstill = Standstill(clock)
    standstill.note(ASSET)
    clock.seconds = 10
    standstill.note(ASSET)
    standstill.note(replace(ASSET, id="b"))

    assert standstill.seconds() == 0
