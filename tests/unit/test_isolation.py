"""How limits become part of a command."""

from __future__ import annotations

from pathlib import Path

from workers.isolation import Level, Limits, wrap


def test_lasting_work_gives_way_to_what_somebody_waits_for() -> None:
    limits = Limits(wall_seconds=1, memory_bytes=1024)
    polite = Limits(wall_seconds=1, memory_bytes=1024, niceness=10)
    usual, nice = (
        wrap(["true"], level=Level.PLAIN, limits=given, reads=[], writes=None)
        for given in (limits, polite)
    )
    assert Path(nice[0]).name == "nice"
    assert nice == [nice[0], "-n", "10", *usual]
