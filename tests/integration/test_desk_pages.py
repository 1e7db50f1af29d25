"""The desk's forms, on a real database."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from portal.accounts import service as accounts_service
from portal.app import create_app
from portal.events import service as events_service
from portal.runtime import Runtime
from portal.visibility import INSTALLATION, Role

EMAIL = "olga@example.org"
PASSWORD = "correct horse battery"
HOST = "https://localhost"
PAGE = "/desk/events/secret-visit"


def form_token(client: TestClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', client.get(path).text)
    assert found
    return found[1]


@pytest.fixture
def editor(runtime: Runtime) -> Iterator[TestClient]:
    """Signed in, with a draft on the desk."""
    with runtime.engine.begin() as connection:
        accounts_service.create_account(
            connection, EMAIL, name="Olga", role=Role.EDITOR, password=PASSWORD
        )
        events_service.ensure_event(connection, "secret-visit")
    app = create_app(runtime)
    with TestClient(app, base_url=HOST, headers={"origin": HOST}, follow_redirects=False) as client:
        token = form_token(client, "/login")
        client.post("/login", data={"email": EMAIL, "password": PASSWORD, "csrf_token": token})
        yield client


@pytest.mark.parametrize(
    ("at", "sentence"),
    [("2020-01-01T10:00", "This time is past."), ("tomorrow", "is not a date and time")],
)
def test_a_release_that_cannot_be_meant_is_refused_on_the_same_page(
    editor: TestClient, engine: Engine, at: str, sentence: str
) -> None:
    answer = editor.post(f"{PAGE}/publish", data={"at": at, "csrf_token": form_token(editor, PAGE)})
    assert answer.status_code == 400
    assert sentence in answer.text
    assert f'value="{at}"' in answer.text
    with engine.connect() as connection:
        event = events_service.get_event(connection, "secret-visit", viewer=INSTALLATION)
    assert event.state == "draft"


def test_a_release_to_come_is_scheduled(editor: TestClient, engine: Engine) -> None:
    data = {"at": "2999-01-01T10:00", "csrf_token": form_token(editor, PAGE)}
    assert editor.post(f"{PAGE}/publish", data=data).status_code == 303
    with engine.connect() as connection:
        event = events_service.get_event(connection, "secret-visit", viewer=INSTALLATION)
    assert event.state == "scheduled"
