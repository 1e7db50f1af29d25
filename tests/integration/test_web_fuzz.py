"""Whatever is asked, the answer is never that something went wrong on our side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from portal.app import create_app
from portal.runtime import Runtime
from portal.web.transactions import in_transaction
from tests.delivered import SLUG, Delivered, put_in

HOST = "https://localhost"
FORM_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')
fuzzed = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck)
)

NASTY = st.sampled_from(
    ["\0", "a\0b", "\ufffd", "\\", "..", "%", "<b>", "'", '"', "９", "²", "-1", "9" * 30, "\u202e"]
)
TEXTS = NASTY | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
QUOTED = TEXTS.map(lambda value: quote(value, safe="")) | st.binary(max_size=6).map(
    lambda value: quote_from_bytes(value, safe="")
)
PLACES = (
    "/{}",
    "//{}/x",
    "/en/{}",
    "/en/events/{}",
    "/en/assets/{}",
    "/ru/people/{}",
    "/be/search/{}",
    "/desk/events/{}",
    "/media/{}/original",
    "/media/{id}/{}",
    "/media/{id}/{}?download=1",
    "/media/{id}/hls/{}.m3u8",
    "/media/{id}/hls/{}.iframes.m3u8",
    "/media/{id}/hls/captions/{}.m3u8",
    "/media/{id}/hls/captions/{}/00001.vtt",
    "/media/{id}/hls/captions/ru/{}.vtt",
    "/media/{id}/hls/{}/1/720p/init.mp4",
    "/media/{id}/hls/transcode/{}/720p/init.mp4",
    "/media/{id}/hls/transcode/1/{}/init.mp4",
    "/media/{id}/hls/transcode/1/720p/{}",
    "/media/{id}/captions/{}.vtt",
    "/media/{id}/captions/{}.srt",
    "/api/v1/assets/{}",
    "/api/v1/events/{}",
    "/api/v1/events/{}/assets",
    "/setup/{}",
    "/static/{}",
)
PARAMETERS = {
    "/en/": ("page", "lang"),
    "/media/{id}/video.mp4": ("download",),
    "/login": ("next", "lang"),
    "/en/assets/{id}": ("t", "captions"),
    "/ru/search": ("q", "kind", "language", "event", "person", "from", "to", "cursor"),
    "/api/v1/search": (
        *("q", "kind", "language", "event", "person", "from", "to", "limit", "cursor", "lang"),
    ),
    "/api/v1/events": ("limit", "offset", "lang"),
    f"/api/v1/events/{SLUG}/assets": ("kind", "limit", "offset"),
}
CHARSETS = ("utf-8", "unicode_escape", "utf-16", "undefined", "punycode", "hex", "nonsense")


@pytest.fixture
def delivered(runtime: Runtime, tmp_path: Path) -> Delivered:
    return put_in(runtime, tmp_path)


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime), base_url=HOST, follow_redirects=False) as client:
        yield client


def token_of(client: TestClient) -> str:
    found = FORM_TOKEN.search(client.get("/login").text)
    assert found
    return found[1]


@pytest.mark.parametrize("place", PLACES)
def test_any_path_has_an_answer(client: TestClient, delivered: Delivered, place: str) -> None:
    editor = {"authorization": f"Bearer {delivered.token}"}

    @fuzzed
    @given(QUOTED)
    def check(part: str) -> None:
        path = place.replace("{id}", delivered.recording_id).replace("{}", part)
        for headers in ({}, editor):
            answer = client.get(f"{HOST}{path}", headers=headers)
            assert answer.status_code < 500, (path, answer.text[:300])

    check()


@pytest.mark.parametrize("path", PARAMETERS)
def test_any_parameter_has_an_answer(client: TestClient, delivered: Delivered, path: str) -> None:
    editor = {"authorization": f"Bearer {delivered.token}"}
    address = path.replace("{id}", delivered.recording_id)

    @fuzzed
    @given(st.dictionaries(st.sampled_from(PARAMETERS[path]), QUOTED, max_size=3))
    def check(given_parameters: dict[str, str]) -> None:
        query = "&".join(
            f"{name}={value}" for name, value in {"q": "scrum", **given_parameters}.items()
        )
        answer = client.get(f"{HOST}{address}?{query}", headers=editor)
        assert answer.status_code < 500, (query, answer.text[:300])

    check()


@pytest.mark.parametrize("field", ["email", "password", "next", "csrf_token"])
def test_any_form_has_an_answer(client: TestClient, field: str) -> None:
    token = token_of(client)

    @hypothesis_settings(fuzzed, max_examples=25)
    @given(QUOTED)
    def check(value: str) -> None:
        fields = {"email": "a%40example.org", "password": "x", "csrf_token": token, field: value}
        answer = client.post(
            "/login",
            content="&".join(f"{name}={given}" for name, given in fields.items()),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code < 500, (fields, answer.text[:300])

    check()


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("value", [rb"\ud800", b"a\0b", b"\xff\xfe\x00\xd8", b"-"])
def test_a_form_in_any_charset_has_an_answer(
    client: TestClient, charset: str, value: bytes
) -> None:
    parts = {b"email": value, b"password": b"x", b"csrf_token": token_of(client).encode()}
    parts |= {b"other" + value: value}
    body = b"".join(
        b'--b\r\ncontent-disposition: form-data; name="%s"\r\n\r\n%s\r\n' % part
        for part in parts.items()
    )
    answer = client.post(
        "/login",
        content=body + b"--b--\r\n",
        headers={"content-type": f"multipart/form-data; boundary=b; charset={charset}"},
    )
    assert answer.status_code in {400, 403}, answer.text[:300]


@pytest.mark.parametrize("field", ["email", "password", "next"])
def test_a_field_that_cannot_be_stored_is_named(client: TestClient, field: str) -> None:
    form = {"email": "a@example.org", "password": "x", "csrf_token": token_of(client)}
    answer = client.post(
        "/login", data={**form, field: "a\0b"}, headers={"accept": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_input")
    assert answer.json()["fields"] == {field: "This holds a character that cannot be stored."}


async def select_nul(request: Request) -> Response:
    await in_transaction(request, lambda c: _execute(c, request.query_params["word"]))
    return Response()


def _execute(connection: Connection, word: str) -> None:
    connection.execute(text("select cast(:word as text)"), {"word": word})


def test_what_the_database_cannot_hold_is_the_senders_fault(runtime: Runtime) -> None:
    app = create_app(runtime)
    app.router.routes.append(Route("/api/v1/test/word", select_nul))
    with TestClient(app, base_url=HOST) as client:
        assert client.get("/api/v1/test/word?word=a").status_code == 200
        answer = client.get("/api/v1/test/word?word=%00")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_input")


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/x",
        "///evil.example/x",
        "/%5Cevil.example/x",
        "/%2F%2Fevil.example/x",
        "/%09/evil.example/x",
        "//en//evil.example/x",
        "/en//evil.example/x",
        "/en/%5C%5Cevil/",
    ],
)
def test_no_link_of_a_page_leads_to_another_host(client: TestClient, path: str) -> None:
    page = client.get(f"{HOST}{path}")
    assert page.status_code == 404
    links = re.findall(r'(?:href|action|src|content)="([^"]*evil[^"]*)"', page.text)
    assert links
    for link in links:
        local = link.removeprefix(HOST)
        assert re.match(r"/[A-Za-z0-9%]", local), link
