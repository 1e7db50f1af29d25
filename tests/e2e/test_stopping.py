"""Stopping the portal while somebody listens to a stream that would never end."""

from __future__ import annotations

import signal
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

from portal.accounts import service as accounts_service
from portal.events import service as events_service
from portal.runtime import open_runtime
from portal.settings import Settings
from portal.visibility import Role
from tests.e2e.processes import Installation, answers_ready, free_port, wait_until


def make_token(settings: Settings) -> str:
    with open_runtime(settings) as runtime, runtime.engine.begin() as connection:
        events_service.ensure_event(connection, "scrum")
        account = accounts_service.create_account(
            connection, "olga@example.org", name="Olga", role=Role.EDITOR
        )
        return accounts_service.create_token(connection, account, label="tests")[1]


def test_a_stream_does_not_hold_up_the_end(tmp_path: Path) -> None:
    installation, port = Installation(tmp_path / "data"), free_port()
    with installation.started("serve", "--port", str(port), "--workers", "0") as process:
        wait_until(lambda: answers_ready(port), process)
        headers = {"Authorization": f"Bearer {make_token(installation.settings)}"}
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", "/api/v1/events/scrum/progress", headers=headers)
            answer = connection.getresponse()
            assert answer.read1().startswith(b"retry: ")
            process.send_signal(signal.SIGTERM)
            answer.read()  # it comes to an end
            assert process.wait(60) == 0
    assert "refused to gracefully stop" not in installation.logs()
