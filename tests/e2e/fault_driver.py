"""Puts files in while everything fails, and checks that none is lost and none is there twice.

    python -m tests.e2e.fault_driver --faults 1000 --seed 1

Real processes on PostgreSQL and versitygw. The seed decides files and faults; which request a
fault strikes is a matter of timing, so that two runs are alike but not equal.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from portal.db.embedded import shared_server
from portal.db.migrate import upgrade
from tests.e2e.fault_client import Client, GaveUp
from tests.e2e.fault_findings import (
    Acknowledged,
    Findings,
    look_over,
    wait_until_quiet,
    work_left,
)
from tests.e2e.fault_material import Maker, Material, seeded
from tests.e2e.fault_stage import EVENT, Chaos, Stage, set_up_stage

QUIET_SECONDS_MAX = 600.0
WORK_LEFT_MAX = 40
"""Browsers wait when workers are so far behind: the run is about faults, not about speed."""
TELL_SECONDS = 15.0

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much is to go wrong."""

    faults: int
    seed: int
    browsers: int = 6
    workers: int = 2


@dataclass
class Browsers:
    """Put files in, several at once, until `stop`."""

    stage: Stage
    plan: Plan
    maker: Maker
    acknowledged: list[Acknowledged] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    requests: int = 0
    retries: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, stop: threading.Event) -> None:
        with ThreadPoolExecutor(self.plan.browsers) as pool:
            running = [pool.submit(self._browse, n, stop) for n in range(self.plan.browsers)]
        for browser in running:
            browser.result()

    def _browse(self, number: int, stop: threading.Event) -> None:
        chance = seeded(f"{self.plan.seed}/{number}")
        client = Client(self.stage.url, self.stage.token, EVENT, chance)
        while not stop.is_set():
            self._put_in(client, self._next())
            while work_left(self.stage) > WORK_LEFT_MAX and not stop.wait(0.5):
                pass
        with self._lock:
            self.requests += client.requests
            self.retries += client.retries

    def _next(self) -> Material:
        with self._lock:
            return self.maker.next()

    def _put_in(self, client: Client, file: Material) -> None:
        try:
            asset_id = client.put_in(file)
        except GaveUp as error:
            self.given_up.append(str(error))
        else:
            self.acknowledged.append(Acknowledged(file, asset_id))


@dataclass(frozen=True)
class Report:
    plan: Plan
    faults: Counter[str]
    files: int
    mebibytes: float
    requests: int
    retries: int
    seconds: float
    findings: Findings
    given_up: Sequence[str]

    @property
    def problems(self) -> list[str]:
        given_up = [f"{name} could not be put in" for name in self.given_up]
        return [*given_up, *self.findings.problems]

    def lines(self) -> list[str]:
        found = self.findings
        kinds = (f"  {count:5d}  {kind}" for kind, count in self.faults.most_common())
        return [
            f"{sum(self.faults.values())} faults in {self.seconds:.0f} s (seed {self.plan.seed}):",
            *kinds,
            f"{self.files} files acknowledged, {self.mebibytes:.0f} MiB",
            f"{self.requests} requests of browsers, {self.retries} new starts",
            f"{found.lost} lost, {found.doubled} doubled",
            f"objects left over before and after the sweep: {found.leftovers_before}, "
            + str(found.leftovers),
            f"uploads open before and after the sweep: {found.open_uploads_before}, "
            + str(found.open_uploads),
            *(f"PROBLEM {problem}" for problem in self.problems),
        ]


def drive(plan: Plan, folder: Path, database_url: str, *, tell: Tell) -> Report:
    """Do all of it in `folder`, on a migrated database that is empty."""
    started_at = time.monotonic()
    with set_up_stage(folder, database_url, workers=plan.workers) as stage:
        tell("the portal is ready")
        chaos = Chaos(stage, goal=plan.faults, chance=seeded(plan.seed))
        browsers = Browsers(stage, plan, Maker(folder, seed=plan.seed))
        _harm(chaos, browsers, tell)
        tell("no more faults; waiting until all is quiet")
        is_quiet = wait_until_quiet(stage, seconds_max=QUIET_SECONDS_MAX)
        tell("looking it over" if is_quiet else "it never got quiet")
        findings = look_over(stage, browsers.acknowledged)
        return Report(
            plan=plan,
            faults=chaos.by_kind(),
            files=len(browsers.acknowledged),
            mebibytes=sum(len(a.file.content) for a in browsers.acknowledged) / 1024**2,
            requests=browsers.requests,
            retries=browsers.retries,
            seconds=time.monotonic() - started_at,
            findings=findings,
            given_up=browsers.given_up,
        )


def _harm(chaos: Chaos, browsers: Browsers, tell: Tell) -> None:
    """Until enough faults have struck and every file that was begun is acknowledged."""
    stop = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        harm = pool.submit(chaos.run, stop)
        work = pool.submit(browsers.run, stop)
        while not harm.done() and not work.done():
            tell(f"{chaos.struck()} faults, {len(browsers.acknowledged)} files")
            stop.wait(0 if harm.done() else min(TELL_SECONDS, 1 + chaos.goal / 100))
        stop.set()
        harm.result()
        work.result()


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 when something is wrong."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leaves no process behind
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--browsers", type=int, default=6)
    parser.add_argument("--folder", type=Path, help="an empty one that is kept")
    given = parser.parse_args(arguments)
    plan = Plan(faults=given.faults, seed=given.seed, browsers=given.browsers)
    console = Console(highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        report = _drive_on_own_database(plan, folder, tell=console.print)
    console.print("\n".join(report.lines()), markup=False)
    return 1 if report.problems else 0


def _drive_on_own_database(plan: Plan, folder: Path, *, tell: Tell) -> Report:
    with shared_server(folder / "postgres", durability={"fsync": "off"}) as database_url:
        upgrade(database_url)
        return drive(plan, folder, database_url, tell=tell)


if __name__ == "__main__":
    sys.exit(main())
