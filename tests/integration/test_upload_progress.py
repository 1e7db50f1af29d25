"""The stream of an event's files, as an EventSource reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from starlette.applications import Starlette
from starlette.testclient import TestClient

from portal.accounts import service as accounts_service
from portal.app import create_app
from portal.assets import service as assets_service
from portal.assets.models import Kind, Outcome, Step
from portal.assets.pipeline import PIPELINE
from portal.events import service as events_service
from portal.events.models import EventDescription
from portal.progress import api
from portal.runtime import Runtime
from portal.uploads.models import FileDescription
from portal.visibility import Role
from tests.stored_files import FLAC, JPEG, make_event, store

pytestmark = pytest.mark.postgres

PATH = "/api/v1/events/scrum/progress"
PATIENCE_SECONDS = 120
"""On a busy machine; what never comes is found out all the same."""


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(api, "SIGNED_IN_SECONDS", 0.02)
    monkeypatch.setattr(api, "watches", {})  # whatever another test has left open


@pytest.fixture
def token(runtime: Runtime) -> str:
    make_event(runtime)
    with runtime.engine.begin() as connection:
        account = accounts_service.create_account(
            connection, "olga@example.org", name="Olga", role=Role.EDITOR
        )
        return accounts_service.create_token(connection, account, label="tests")[1]


@dataclass
class Stream:
    """An open answer; `blocks` are what stands between empty lines."""

    chunks: asyncio.Queue[dict[str, Any]]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)

    async def block(self) -> str:
        """The next one. Fails when the stream has ended."""
        while not self.waiting:
            message = await asyncio.wait_for(self.chunks.get(), PATIENCE_SECONDS)
            assert message.get("body"), "the stream has ended"
            self.waiting = [part for part in message["body"].decode().split("\n\n") if part]
        return self.waiting.pop(0)

    async def news(self, name: str = "asset") -> dict[str, Any]:
        """The data of the next event of this name."""
        while True:
            lines = dict(line.split(": ", 1) for line in (await self.block()).split("\n"))
            if lines.get("event") == name:
                return dict(json.loads(lines["data"]))

    async def last_id(self) -> str:
        while not (found := await self.block()).startswith("id: "):
            pass
        return found.removeprefix("id: ")

    async def end(self) -> None:
        """Return when the server has ended it."""
        while (await asyncio.wait_for(self.chunks.get(), PATIENCE_SECONDS)).get("more_body"):
            pass


@asynccontextmanager
async def opened(app: Starlette, token: str, **headers: str) -> AsyncIterator[Stream]:
    """As a server does it: the answer's parts come out as they are made."""
    chunks: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    gone = asyncio.Event()
    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in requests:
            return message
        await gone.wait()
        return {"type": "http.disconnect"}

    given = {"host": "localhost", "authorization": f"Bearer {token}", **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 443),
    }
    answering = asyncio.create_task(app(scope, receive, chunks.put))  # type: ignore[arg-type]
    start = await asyncio.wait_for(chunks.get(), PATIENCE_SECONDS)
    stream = Stream(chunks, status=start["status"])
    stream.headers = {name.decode(): value.decode() for name, value in start["headers"]}
    try:
        yield stream
    finally:
        gone.set()
        await asyncio.wait_for(answering, PATIENCE_SECONDS)


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def told() -> None:
        await story()
        assert api.watches == {}

    # In a thread of its own: Playwright leaves its event loop running in ours.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(told())).result()


def finish(runtime: Runtime, asset_id: str, step: Step, outcome: Outcome, detail: str) -> None:
    with runtime.engine.begin() as connection:
        attempt = assets_service.begin_attempt(connection, asset_id, step)
        assert attempt is not None
        assets_service.finish_attempt(
            connection, attempt, outcome=outcome, detail=detail, notes=["It is a guess."]
        )


def test_first_all_files_are_told_then_what_changes(runtime: Runtime, token: str) -> None:
    event = make_event(runtime)
    first = store(runtime, event, "a.flac", FLAC)

    async def story() -> None:
        async with opened(create_app(runtime), token) as stream:
            assert stream.status == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            assert stream.headers["x-accel-buffering"] == "no"
            told = await stream.news()
            assert {name: told[name] for name in ("id", "kind", "filename", "state")} == {
                "id": first,
                "kind": "audio",
                "filename": "a.flac",
                "state": "processing",
            }
            assert told["size_bytes"] == len(FLAC)
            assert told["notes"] == []
            assert told["page_url"] == f"https://localhost/en/assets/{first}"
            assert told["desk_url"] == f"https://localhost/desk/assets/{first}"
            waiting = {"state": "waiting", "detail": None, "progress": None}
            names = [step for step in Step if step in PIPELINE[Kind.AUDIO]]
            assert told["steps"] == [{"name": name, **waiting} for name in names]

            second = await asyncio.to_thread(store, runtime, event, "b.jpg", JPEG)
            assert (await stream.news())["id"] == second

            await asyncio.to_thread(
                finish, runtime, first, Step.PROBE, Outcome.FAILED, "It holds no sound."
            )
            told = await stream.news()
            assert (told["id"], told["state"]) == (first, "failed")
            assert told["notes"] == ["It is a guess."]
            assert told["steps"][1] == {
                "name": "probe",
                "state": "failed",
                "detail": "It holds no sound.",
                "progress": None,
            }

            await asyncio.to_thread(remove, runtime, second)
            assert await stream.news("removed") == {"id": second}

    run(story)


def remove(runtime: Runtime, asset_id: str) -> None:
    with runtime.engine.begin() as connection:
        assets_service.remove_asset(connection, asset_id)


def test_who_was_away_learns_what_is_gone(runtime: Runtime, token: str) -> None:
    event = make_event(runtime)
    first, second = (store(runtime, event, f"{n}.flac", FLAC + bytes([n])) for n in (1, 2))

    async def story() -> None:
        app = create_app(runtime)
        async with opened(app, token) as stream:
            assert await stream.news("listing") == {"ids": [first, second]}
            seen = await stream.last_id()
        await asyncio.to_thread(remove, runtime, first)
        async with opened(app, token, **{"last-event-id": seen}) as stream:
            assert await stream.news("listing") == {"ids": [second]}
            seen = await stream.last_id()
            await asyncio.to_thread(remove, runtime, second)
            assert await stream.news("removed") == {"id": second}  # and no second listing
        async with opened(app, token, **{"last-event-id": seen}) as stream:
            assert await stream.news("listing") == {"ids": []}

    run(story)


def test_titles_follow_the_language_of_the_event(runtime: Runtime, token: str) -> None:
    """Who reads Belarusian gets a title that is not in it in the event's own language."""
    description = FileDescription(title={"en": "Quay", "ru": "Причал"})
    store(runtime, make_event(runtime), "a.flac", FLAC, description=description)

    def translate() -> None:
        russian = EventDescription("scrum", title={"en": "Scrum"}, default_language="ru")
        with runtime.engine.begin() as connection:
            events_service.save_event(connection, russian)

    async def story() -> None:
        app = create_app(runtime)
        async with opened(app, token, **{"accept-language": "be"}) as stream:
            assert (await stream.news())["title"] == "Quay"
            await asyncio.to_thread(translate)
            assert (await stream.news())["title"] == "Причал"

    run(story)


def test_progress_of_a_running_step_is_told(runtime: Runtime, token: str) -> None:
    asset_id = store(runtime, make_event(runtime), "a.flac", FLAC)

    def work(progress: float) -> None:
        with runtime.engine.begin() as connection:
            attempt = assets_service.begin_attempt(connection, asset_id, Step.PROBE)
            assert attempt is not None
            assets_service.record_progress(connection, attempt, progress)

    async def story() -> None:
        async with opened(create_app(runtime), token) as stream:
            await stream.news()
            await asyncio.to_thread(work, 0.25)
            probe = (await stream.news())["steps"][1]
            assert (probe["state"], probe["progress"]) == ("running", 0.25)

    run(story)


def test_who_comes_again_is_told_only_what_is_new(runtime: Runtime, token: str) -> None:
    event = make_event(runtime)
    store(runtime, event, "a.flac", FLAC)
    app = create_app(runtime)

    async def story() -> None:
        async with opened(app, token) as stream:
            seen = await stream.last_id()
        async with opened(app, token, **{"last-event-id": seen}) as stream:
            new = await asyncio.to_thread(store, runtime, event, "b.jpg", JPEG)
            assert (await stream.news())["id"] == new
        async with opened(app, token, **{"last-event-id": seen}) as stream:
            told = {(await stream.news())["filename"] for _ in range(2)}
            assert told == {"a.flac", "b.jpg"}

    run(story)


def test_silence_is_broken_by_a_heartbeat(
    runtime: Runtime, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "HEARTBEAT_SECONDS", 0.1)

    async def story() -> None:
        async with opened(create_app(runtime), token) as stream:
            while (await stream.block()) != ": still here":
                pass

    run(story)


def test_the_stream_ends_with_the_account(runtime: Runtime, token: str) -> None:
    def disable() -> None:
        with runtime.engine.begin() as connection:
            account = accounts_service.get_account(connection, "olga@example.org")
            accounts_service.disable_account(connection, account.id)

    async def story() -> None:
        async with opened(create_app(runtime), token) as stream:
            await stream.last_id()
            await asyncio.to_thread(disable)
            await stream.end()

    run(story)


def test_the_stream_ends_with_the_session_and_is_no_use_of_it(runtime: Runtime, token: str) -> None:
    with runtime.engine.begin() as connection:
        account = accounts_service.get_account(connection, "olga@example.org")
        secret = accounts_service.open_session(connection, account, hours=1)

    def close() -> None:
        with runtime.engine.begin() as connection:
            assert accounts_service.is_session_open(connection, secret)
            accounts_service.close_session(connection, secret)

    async def story() -> None:
        cookie = {"authorization": "", "cookie": f"__Host-portal={secret}"}
        async with opened(create_app(runtime), "", **cookie) as stream:
            await stream.last_id()
            await asyncio.to_thread(close)
            await stream.end()

    run(story)


def test_many_streams_share_one_look(runtime: Runtime, token: str) -> None:
    store(runtime, make_event(runtime), "a.flac", FLAC)
    app = create_app(runtime)
    looks = 0

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal looks
        looks += "string_agg" in statement

    sqlalchemy_event.listen(runtime.engine, "before_cursor_execute", count)

    async def story() -> None:
        api.LOOK_SECONDS = 60.0  # put back by the fixture
        async with (
            opened(app, token) as one,
            opened(app, token) as two,
            opened(app, token) as three,
        ):
            for stream in (one, two, three):
                await stream.news()

    run(story)
    assert looks == 1


def test_only_the_desk_may_listen(runtime: Runtime, token: str) -> None:
    with TestClient(create_app(runtime), base_url="https://localhost") as client:
        assert client.get(PATH).status_code == 401
        headers = {"authorization": f"Bearer {token}"}
        missing = client.get(PATH.replace("scrum", "none"), headers=headers)
        assert missing.status_code == 404
        assert client.head(PATH, headers=headers).status_code == 200
