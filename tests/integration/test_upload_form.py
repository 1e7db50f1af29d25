"""The form without script: what comes in, what is refused, and who may send it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import pytest
from httpx2 import Response as Answer
from starlette.testclient import TestClient

from portal.accounts import service as accounts_service
from portal.app import create_app
from portal.assets import service as assets_service
from portal.desk.files.report import PARAMETER, FormReport, pack
from portal.runtime import Runtime
from portal.settings import Settings
from portal.visibility import INSTALLATION, Role
from portal.web import body_spool, file_forms
from tests.open_files import open_files_in
from tests.served import served
from tests.stored_files import FLAC, JPEG, make_event, store

pytestmark = pytest.mark.postgres

HOST = "https://localhost"
PAGE = "/desk/events/scrum"
FILES = f"{PAGE}/files"
FORM_BYTES_MAX = 6 * 1024**2


@pytest.fixture
def settings(settings: Settings) -> Settings:
    changes = {"upload_part_bytes": 5 * 1024**2, "upload_form_bytes_max": FORM_BYTES_MAX}
    return settings.model_copy(update=changes)


@pytest.fixture
def editor(runtime: Runtime) -> Iterator[TestClient]:
    """Signed in by a session."""
    make_event(runtime)
    with runtime.engine.begin() as connection:
        account = accounts_service.create_account(
            connection, "olga@example.org", name="Olga", role=Role.EDITOR
        )
        secret = accounts_service.open_session(connection, account, hours=1)
    app = create_app(runtime)
    with TestClient(app, base_url=HOST, headers={"origin": HOST}, follow_redirects=False) as client:
        client.cookies.set("__Host-portal", secret)
        yield client


def token_of(client: TestClient) -> str:
    found = re.search(r'name="csrf_token" value="(\w+)"', client.get(PAGE).text)
    assert found
    return found[1]


def send(client: TestClient, *files: tuple[str, bytes], token: str | None = None) -> Answer:
    data = {"csrf_token": token_of(client) if token is None else token}
    return client.post(FILES, data=data, files=[("files", file) for file in files])


def told(client: TestClient, answer: Answer) -> str:
    """What the page says after the way back."""
    assert answer.status_code == 303, answer.text
    assert urlsplit(answer.headers["location"]).path == PAGE
    page = client.get(answer.headers["location"]).text
    found = re.search(r'<(section|p) [^>]*id="sent".*?</\1>', page, re.DOTALL)
    assert found
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0]))


def filenames(runtime: Runtime) -> list[str]:
    with runtime.engine.connect() as connection:
        found = assets_service.list_assets(connection, viewer=INSTALLATION)
    return sorted(asset.filename for asset in found)


def test_what_came_in_and_what_was_refused_is_told(runtime: Runtime, editor: TestClient) -> None:
    store(runtime, make_event(runtime), "known.flac", FLAC)
    large = FLAC + bytes(FORM_BYTES_MAX)
    answer = send(
        editor,
        ("Фото <1>.jpg", JPEG),
        ("tool.exe", b"MZ" + bytes(100)),
        ("again.flac", FLAC),
        ("large.flac", large),
        ("two parts.flac", large[: FORM_BYTES_MAX - 1]),
    )
    words = told(editor, answer)
    assert "Came in: Фото &lt;1&gt;.jpg, two parts.flac" in words
    assert "Was in already: again.flac" in words
    assert "tool.exe is a program for Windows; that is not taken." in words
    assert "large.flac is larger than the 6.3 MB that this form takes." in words
    assert filenames(runtime) == ["known.flac", "two parts.flac", "Фото <1>.jpg"]
    assert list(runtime.uploads.list_open()) != []  # acknowledged, and not put together yet


def test_no_file_is_told_as_well(runtime: Runtime, editor: TestClient) -> None:
    assert "No file was chosen." in told(editor, send(editor, ("", b"")))
    assert filenames(runtime) == []


def test_files_may_be_as_large_as_the_setting_says(runtime: Runtime, editor: TestClient) -> None:
    exact = FLAC + bytes(FORM_BYTES_MAX - len(FLAC))
    assert "Came in: a.flac" in told(editor, send(editor, ("a.flac", exact)))
    assert "larger than" in told(editor, send(editor, ("b.flac", exact + b"x")))
    assert filenames(runtime) == ["a.flac"]


def test_nothing_stays_in_the_scratch_folder(
    runtime: Runtime, editor: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[BinaryIO] = []

    def open_file(*args: Any, **kwargs: Any) -> BinaryIO:
        opened.append(body_spool.open_file(*args, **kwargs))
        assert len(open_files_in(runtime.settings.scratch_path)) == 1  # so many at once
        return opened[-1]

    monkeypatch.setattr(file_forms, "open_file", open_file)
    send(editor, ("a.flac", FLAC), ("b.exe", b"MZ"), ("c.jpg", JPEG))
    assert len(opened) == 3
    assert open_files_in(runtime.settings.scratch_path) == []


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_without_its_token_nothing_is_taken(
    runtime: Runtime, editor: TestClient, token: str
) -> None:
    assert send(editor, ("a.flac", FLAC), token=token).status_code == 403
    body = b'--b\r\ncontent-disposition: form-data; name="files"; filename="a.flac"\r\n\r\n'
    answer = editor.post(
        FILES,
        content=body + FLAC + b"\r\n--b--\r\n",
        headers={"content-type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 403
    assert filenames(runtime) == []


def test_only_the_desk_may_send(runtime: Runtime, editor: TestClient) -> None:
    token = token_of(editor)
    editor.cookies.clear()
    assert send(editor, ("a.flac", FLAC), token=token).status_code == 401
    assert filenames(runtime) == []


def test_an_event_that_is_missing_is_said_so(editor: TestClient) -> None:
    data = {"csrf_token": token_of(editor)}
    answer = editor.post("/desk/events/none/files", data=data, files=[("files", ("a", FLAC))])
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b""),
        ("text/plain", b"a"),
        ("multipart/form-data", b"--b"),
        ("multipart/form-data; boundary=b", b"nonsense"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\ncontent-disposition: form-data\r\n\r\nx"),
        ("multipart/form-data; boundary=" + "b" * 500, b"--b"),
        ("application/x-www-form-urlencoded", b"csrf_token=a"),
    ],
)
def test_what_is_no_form_is_refused(editor: TestClient, content_type: str, body: bytes) -> None:
    answer = editor.post(FILES, content=body, headers={"content-type": content_type})
    assert answer.status_code == 400


def test_a_form_that_breaks_off_keeps_what_was_whole(runtime: Runtime, editor: TestClient) -> None:
    begin = b'--b\r\ncontent-disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    file = b'--b\r\ncontent-disposition: form-data; name="files"; filename="%s"\r\n\r\n%s\r\n'
    body = begin % (b"csrf_token", token_of(editor).encode()) + file % (b"a.flac", FLAC)
    answer = editor.post(
        FILES,
        content=body + (file % (b"b.flac", FLAC + b"b"))[:-20],
        headers={"content-type": "multipart/form-data; boundary=b"},
    )
    words = told(editor, answer)
    assert "Came in: a.flac" in words
    assert "Not taken: …" in words
    assert filenames(runtime) == ["a.flac"]


def test_a_form_has_limits(
    runtime: Runtime, editor: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_forms, "FILES_MAX", 2)
    many = [(f"{number}.flac", FLAC + bytes([number])) for number in range(4)]
    words = told(editor, send(editor, *many))
    assert "Came in: 0.flac, 1.flac" in words
    assert "Not taken: … A form can send at most 2 files at once." in words
    assert filenames(runtime) == ["0.flac", "1.flac"]
    monkeypatch.setattr(file_forms, "TEXT_BYTES_MAX", 100)
    data = {"csrf_token": token_of(editor), "more": "x" * 100}
    answer = editor.post(FILES, data=data, files=[("files", ("a.flac", FLAC))])
    assert answer.status_code == 400


def test_a_disk_without_room_is_told(runtime: Runtime, editor: TestClient) -> None:
    settings = runtime.settings.model_copy(update={"disk_free_bytes_min": 2**62})
    with TestClient(
        create_app(replace(runtime, settings=settings)),
        base_url=HOST,
        headers={"origin": HOST},
        cookies=editor.cookies,
    ) as full:
        assert send(full, ("a.flac", FLAC)).status_code == 507


def test_who_is_refused_hears_why_though_much_was_sent(runtime: Runtime) -> None:
    make_event(runtime)
    head = (
        f"POST {FILES} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {60 * 1024**2}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nSec-Fetch-Site: same-origin\r\n\r\n"
    )
    with served(runtime) as port, socket.create_connection(("127.0.0.1", port), 30) as sender:
        sender.sendall(head.encode())
        for _ in range(60):
            sender.sendall(bytes(1024**2))
        assert sender.recv(65536).startswith(b"HTTP/1.1 401")


def test_nobody_else_can_make_the_page_say_something(editor: TestClient) -> None:
    report = FormReport(taken=("Send your password to evil.example",))
    forged = pack(report, secret="another session's")
    for packed in (forged, "", "x", "é", forged[:-4]):
        page = editor.get(PAGE, params={PARAMETER: packed})
        assert page.status_code == 200
        assert "evil.example" not in page.text
