"""The stage of the fault driver: real processes and servers, with a proxy before store and web."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, text

from portal.accounts import service as accounts_service
from portal.db.engine import open_engine
from portal.errors import DatabaseUnavailable
from portal.events import service as events_service
from portal.jobs import Lane
from portal.jobs import service as jobs_service
from portal.runtime import Runtime, open_search, open_storage
from portal.settings import Settings
from portal.visibility import Role as AccountRole
from tests.e2e.fault_menu import Dish, Kill, Place, choose
from tests.e2e.processes import Installation, Role, answers_ready
from tests.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.versitygw import ACCESS_KEY, SECRET_KEY, running_gateway

EVENT = "scrum"
PLANNED_MAX = 8
"""Faults that wait for a request that they fit, so that they come one by one."""
KILL_PAUSE_SECONDS = 8.0
_CUT_ALL = text(
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()"
)


@dataclass(frozen=True)
class Stage:
    """`runtime` sees store and database directly; browsers use `url`, through the proxy."""

    runtime: Runtime
    installation: Installation
    proxies: dict[Place, FaultProxy]
    token: str
    workers: int

    @property
    def url(self) -> str:
        return self.proxies[Place.WEB].url

    def live_lanes(self) -> int:
        try:
            with self.runtime.engine.connect() as connection:
                return jobs_service.live_worker_count(connection)
        except DatabaseUnavailable:  # our own connection was cut as well
            return 0


@contextmanager
def set_up_stage(folder: Path, database_url: str, *, workers: int) -> Iterator[Stage]:
    """A portal on versitygw, ready to take files in."""
    with ExitStack() as open_parts:
        gateway = open_parts.enter_context(running_gateway(folder / "gateway"))
        data = folder / "data"
        settings = gateway.settings(Settings(data_dir=data, disk_free_bytes_min=0))
        engine = open_parts.enter_context(open_engine(settings, database_url))
        store = open_parts.enter_context(fault_proxy(gateway.url))
        installation = Installation(data, _variables(settings, store.url, database_url))
        open_parts.callback(_end, installation)
        serve = open_parts.enter_context(installation.served(workers=workers))
        words = [str(word) for word in serve.args] if isinstance(serve.args, list) else []
        port = words[words.index("--port") + 1]
        web = open_parts.enter_context(fault_proxy(f"http://127.0.0.1:{port}"))
        yield Stage(
            runtime=_runtime(settings, engine),
            installation=installation,
            proxies={Place.STORE: store, Place.WEB: web},
            token=_editor(engine),
            workers=workers,
        )


@dataclass
class Chaos:
    """Does harm until so many faults have really struck."""

    stage: Stage
    goal: int
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    _names: dict[Fault, str] = field(default_factory=dict)
    _killed_at: dict[Kill, float] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(self.chance.uniform(0.05, 0.5)):
            if self.struck() >= self.goal:
                break
            chosen = choose(self.chance)
            if isinstance(chosen, Kill):
                self._kill(chosen)
            else:
                self._plan(chosen)
        for proxy in self.stage.proxies.values():
            proxy.plan_nothing()

    def struck(self) -> int:
        return sum(self.by_kind().values())

    def by_kind(self) -> Counter[str]:
        """How often each kind has struck a request or a process."""
        struck = Counter(
            self._names[exchange.fault]
            for proxy in self.stage.proxies.values()
            for exchange in list(proxy.exchanges)
            if exchange.fault is not None
        )
        return struck + self.kills

    def _plan(self, dish: Dish) -> None:
        proxy = self.stage.proxies[dish.place]
        if proxy.planned() >= PLANNED_MAX:
            return
        fault = dish.make(self.chance)
        self._names[fault] = dish.name
        proxy.plan(fault)

    def _kill(self, kill: Kill) -> None:
        """Not again before what was killed last is back at work: else nothing would ever happen."""
        now = time.monotonic()
        if now - self._killed_at.get(kill, 0.0) < KILL_PAUSE_SECONDS or not self._is_back(kill):
            return
        self._killed_at[kill] = now
        if kill is Kill.DATABASE:
            with self.stage.runtime.engine.begin() as connection:
                connection.execute(_CUT_ALL)
        else:
            role = Role.WORKER if kill is Kill.WORKER else Role.WEB
            self.chance.choice(self.stage.installation.processes(role)).kill()
        self.kills[kill] += 1

    def _is_back(self, kill: Kill) -> bool:
        if kill is Kill.WEB:
            return answers_ready(self.stage.proxies[Place.WEB].upstream[1])
        if kill is Kill.WORKER:
            return self.stage.live_lanes() >= len(Lane) * self.stage.workers
        return True


def _variables(settings: Settings, store_url: str, database_url: str) -> dict[str, str]:
    return {
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_S3_ENDPOINT_URL": store_url,
        "PORTAL_S3_BUCKET": settings.s3_bucket,
        "PORTAL_S3_ACCESS_KEY": ACCESS_KEY,
        "PORTAL_S3_SECRET_KEY": SECRET_KEY,
        "PORTAL_UPLOAD_PART_BYTES": str(5 * 1024**2),
    }


def _runtime(settings: Settings, engine: Engine) -> Runtime:
    storage = open_storage(settings)
    return Runtime(
        settings=settings,
        engine=engine,
        store=storage.store,
        uploads=storage.uploads,
        search=open_search(settings),
        addresses=storage.addresses,
    )


def _editor(engine: Engine) -> str:
    with engine.begin() as connection:
        events_service.ensure_event(connection, EVENT)
        account = accounts_service.create_account(
            connection, "editor@example.org", name="Editor", role=AccountRole.EDITOR
        )
        _, secret = accounts_service.create_token(connection, account, label="faults")
    return secret


def _end(installation: Installation) -> None:
    for process in installation.processes():
        process.kill()
