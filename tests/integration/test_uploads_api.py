"""The API of uploads as programs and pages use it, on a real database and a real store."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from httpx2 import Response as Answer
from starlette.testclient import TestClient

from portal.accounts import service as accounts_service
from portal.app import create_app
from portal.assets.models import Kind
from portal.db import tables
from portal.jobs import Task
from portal.runtime import Runtime
from portal.settings import Settings
from portal.storage.local import LocalUploads
from portal.uploads import beginning, reading, service
from portal.uploads.part_addresses import LIFE_SECONDS
from portal.visibility import Role
from tests.stored_files import (
    FLAC,
    JPEG,
    asset_of,
    begin_upload,
    ids_in,
    make_event,
    queued_jobs,
    sha256,
    store,
)

pytestmark = pytest.mark.postgres

HOST = "https://localhost"
PART_BYTES = 5 * 1024**2
UPLOADS = "/api/v1/uploads"
LARGE = FLAC + bytes(range(256)) * (44 * 1024)
"""Three parts, the last one short."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"upload_part_bytes": PART_BYTES})


@dataclass(frozen=True)
class Editor:
    """A program that acts for an account."""

    client: TestClient
    account_id: str
    token: str

    def ask(self, method: str, path: str, **sent: Any) -> Answer:
        headers = {"authorization": f"Bearer {self.token}"}
        return self.client.request(method, path, headers=headers, **sent)

    def begin(self, filename: str, content: bytes, **said: Any) -> Answer:
        return self.ask("POST", UPLOADS, json=offer(filename, content, **said))

    def sign(self, upload_id: str, number: int, digest: str) -> Answer:
        path = f"{UPLOADS}/{upload_id}/parts/{number}/sign"
        return self.ask("POST", path, json={"sha256": digest})

    def send(self, upload: Mapping[str, Any], content: bytes, *numbers: int) -> list[str]:
        """Send these parts, or all; their ETags."""
        return [
            self._send_part(upload, number, part_of(content, number))
            for number in numbers or range(1, upload["part_count"] + 1)
        ]

    def complete(self, upload_id: str, **said: str) -> Answer:
        return self.ask("POST", f"{UPLOADS}/{upload_id}/complete", json=said)

    def _send_part(self, upload: Mapping[str, Any], number: int, part: bytes) -> str:
        signed = self.sign(upload["id"], number, sha256(part)).json()
        answer = self.client.put(signed["url"], content=part, headers=signed["headers"])
        assert answer.status_code == 200, answer.text
        return answer.headers["etag"]


def offer(filename: str, content: bytes, **said: Any) -> dict[str, Any]:
    head = base64.b64encode(content[:4096]).decode()
    return {
        "event": "scrum",
        "filename": filename,
        "size_bytes": len(content),
        "head": head,
        "last_modified_ms": 1_560_000_000_000,
        **said,
    }


def part_of(content: bytes, number: int) -> bytes:
    return content[(number - 1) * PART_BYTES : number * PART_BYTES]


def make_editor(runtime: Runtime, client: TestClient, name: str, role: Role) -> Editor:
    with runtime.engine.begin() as connection:
        account = accounts_service.create_account(
            connection, f"{name}@example.org", name=name, role=role
        )
        _, secret = accounts_service.create_token(connection, account, label="tests")
    return Editor(client, account.id, secret)


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    make_event(runtime)
    with TestClient(create_app(runtime), base_url=HOST) as client:
        yield client


@pytest.fixture
def editor(runtime: Runtime, client: TestClient) -> Editor:
    return make_editor(runtime, client, "olga", Role.EDITOR)


def asset_ids(runtime: Runtime) -> list[str]:
    with runtime.engine.connect() as connection:
        return ids_in(connection, tables.assets)


def assert_refused(answer: Answer, status: int, code: str, *words: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    for word in words:
        assert word in answer.json()["detail"]


# --- the whole way ---------------------------------------------------------------------------


def test_a_file_comes_in(runtime: Runtime, editor: Editor) -> None:
    begun = editor.begin("opening.flac", LARGE, title="Opening", language="en")
    upload = begun.json()
    assert begun.status_code == 201
    assert upload.pop("id")
    assert upload.pop("asset_id") in upload.pop("page_url")
    assert upload == {
        "event": "scrum",
        "filename": "opening.flac",
        "size_bytes": len(LARGE),
        "part_bytes": PART_BYTES,
        "part_count": 3,
        "state": "open",
        "parts": [],
    }

    upload = begun.json()
    etags = editor.send(upload, LARGE)
    assert etags == [f'"{sha256(part_of(LARGE, number))}"' for number in (1, 2, 3)]
    completed = editor.complete(upload["id"])
    assert completed.status_code == 202
    assert completed.json() == {
        "asset_id": upload["asset_id"],
        "state": "completing",
        "page_url": f"{HOST}/en/assets/{upload['asset_id']}",
    }
    service.finish(runtime, upload["id"])

    asset = asset_of(runtime, upload["asset_id"])
    assert (asset.kind, asset.title, asset.language) == (Kind.AUDIO, {"en": "Opening"}, "en")
    assert asset.original is not None
    assert runtime.store.read(asset.original.key) == LARGE
    assert editor.ask("GET", f"{UPLOADS}/{upload['id']}").json()["state"] == "finished"


def test_completing_again_gives_the_same_asset(runtime: Runtime, editor: Editor) -> None:
    upload = editor.begin("a.flac", FLAC).json()
    editor.send(upload, FLAC)
    first = editor.complete(upload["id"]).json()
    assert editor.complete(upload["id"]).json() == first
    service.finish(runtime, upload["id"])
    assert editor.complete(upload["id"]).json() == {**first, "state": "finished"}
    assert asset_ids(runtime) == [upload["asset_id"]]


def test_what_is_missing_is_named(editor: Editor) -> None:
    upload = editor.begin("a.flac", LARGE).json()
    editor.send(upload, LARGE, 2)
    assert_refused(editor.complete(upload["id"]), 409, "conflict", "of 3 parts are missing: 1, 3")


# --- going on --------------------------------------------------------------------------------


def test_the_same_file_goes_on_where_it_stopped(editor: Editor) -> None:
    first = editor.begin("a.flac", LARGE).json()
    editor.send(first, LARGE, 1, 3)

    again = editor.begin("a.flac", LARGE)

    assert again.status_code == 200
    assert again.json()["id"] == first["id"]
    assert [(part["number"], part["sha256"]) for part in again.json()["parts"]] == [
        (number, sha256(part_of(LARGE, number))) for number in (1, 3)
    ]
    editor.send(first, LARGE, 2)
    assert editor.complete(first["id"]).status_code == 202
    assert editor.begin("a.flac", LARGE).status_code == 201  # that one has ended


@pytest.mark.parametrize(
    ("filename", "content", "said"),
    [
        ("b.flac", FLAC, {}),
        ("a.flac", FLAC + b"x", {}),
        ("a.flac", FLAC[:-1] + b"x", {}),
        ("a.flac", FLAC, {"last_modified_ms": 1}),
        ("a.flac", FLAC, {"last_modified_ms": None}),
        ("a.flac", FLAC, {"event": "other"}),
    ],
)
def test_another_file_is_another_upload(
    runtime: Runtime, editor: Editor, *, filename: str, content: bytes, said: dict[str, Any]
) -> None:
    make_event(runtime, "other")
    first = editor.begin("a.flac", FLAC).json()
    other = editor.begin(filename, content, **said)
    assert (other.status_code, other.json()["id"] == first["id"]) == (201, False)


def test_another_editor_of_the_same_file_has_an_upload_of_their_own(
    runtime: Runtime, client: TestClient, editor: Editor
) -> None:
    other = make_editor(runtime, client, "boris", Role.EDITOR)
    assert editor.begin("a.flac", FLAC).json()["id"] != other.begin("a.flac", FLAC).json()["id"]


def test_an_upload_that_the_store_forgot_begins_anew(runtime: Runtime, editor: Editor) -> None:
    first = editor.begin("a.flac", FLAC).json()
    for found in runtime.uploads.list_open():
        runtime.uploads.abort(found.key, found.upload_id)
    again = editor.begin("a.flac", FLAC)
    assert (again.status_code, again.json()["id"] == first["id"]) == (201, False)
    editor.send(again.json(), FLAC)
    assert editor.complete(again.json()["id"]).status_code == 202


def test_open_uploads_are_listed_newest_first(runtime: Runtime, editor: Editor) -> None:
    make_event(runtime, "other")
    ids = [editor.begin(name, FLAC).json()["id"] for name in ("a.flac", "b.flac", "c.flac")]
    elsewhere = editor.begin("d.flac", FLAC, event="other").json()["id"]
    editor.ask("DELETE", f"{UPLOADS}/{ids[1]}")

    listed = editor.ask("GET", UPLOADS, params={"event": "scrum"}).json()["uploads"]
    assert [upload["id"] for upload in listed] == [ids[2], ids[0]]
    assert all("parts" not in upload for upload in listed)
    listed = editor.ask("GET", UPLOADS).json()["uploads"]
    assert [upload["id"] for upload in listed] == [elsewhere, ids[2], ids[0]]
    assert_refused(editor.ask("GET", UPLOADS, params={"event": "none"}), 404, "not_found")


def test_a_long_list_is_cut_and_says_so(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LISTED_MAX", 2)
    ids = [editor.begin(f"{n}.flac", FLAC).json()["id"] for n in range(2)]
    assert editor.ask("GET", UPLOADS).json()["more"] == 0
    ids.append(editor.begin("2.flac", FLAC).json()["id"])
    listed = editor.ask("GET", UPLOADS, params={"event": "scrum"}).json()
    assert [upload["id"] for upload in listed["uploads"]] == [ids[2], ids[1]]
    assert listed["more"] == 1


def test_an_account_has_so_many_open_and_no_more(
    runtime: Runtime, client: TestClient, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginning, "OPEN_UPLOADS_MAX", 2)
    first, _ = (editor.begin(f"{n}.flac", FLAC).json() for n in range(2))
    assert_refused(editor.begin("2.flac", FLAC), 409, "conflict", "2 files of this account")
    assert len(list(runtime.uploads.list_open())) == 2
    assert editor.begin("0.flac", FLAC).status_code == 200  # to go on is always possible
    other = make_editor(runtime, client, "boris", Role.EDITOR)
    assert other.begin("2.flac", FLAC).status_code == 201
    editor.ask("DELETE", f"{UPLOADS}/{first['id']}")
    assert editor.begin("2.flac", FLAC).status_code == 201


# --- the same bytes --------------------------------------------------------------------------


def test_bytes_that_are_in_already_are_told_by_the_only_part(
    runtime: Runtime, editor: Editor
) -> None:
    known = store(runtime, make_event(runtime), "first.flac", FLAC)
    upload = editor.begin("again.flac", FLAC).json()
    editor.send(upload, FLAC)
    assert_duplicate(editor, upload["id"], known)
    assert asset_ids(runtime) == [known]
    assert list(runtime.uploads.list_open()) == []


def test_bytes_that_are_in_already_are_told_by_a_digest_at_the_end(
    runtime: Runtime, editor: Editor
) -> None:
    known = store(runtime, make_event(runtime), "first.flac", LARGE)
    upload = editor.begin("again.flac", LARGE).json()
    editor.send(upload, LARGE)
    assert_duplicate(editor, upload["id"], known, sha256=sha256(LARGE))
    assert asset_ids(runtime) == [known]


def test_two_uploads_of_the_same_bytes_give_one_asset(runtime: Runtime, editor: Editor) -> None:
    first, second = (editor.begin(name, LARGE).json() for name in ("a.flac", "b.flac"))
    for upload in (first, second):
        editor.send(upload, LARGE)
    assert editor.complete(first["id"], sha256=sha256(LARGE)).json()["state"] == "completing"
    assert_duplicate(editor, second["id"], first["asset_id"], sha256=sha256(LARGE))
    assert asset_ids(runtime) == [first["asset_id"]]


def assert_duplicate(editor: Editor, upload_id: str, asset_id: str, **said: str) -> None:
    """Also when it is asked again, and without the digest."""
    for words in (said, said, {}):
        answer = editor.complete(upload_id, **words)
        assert (answer.status_code, answer.json()["state"]) == (202, "duplicate")
        assert answer.json()["asset_id"] == asset_id
    shown = editor.ask("GET", f"{UPLOADS}/{upload_id}").json()
    assert (shown["state"], shown["asset_id"]) == ("duplicate", asset_id)


def test_a_digest_must_be_that_of_what_was_sent(runtime: Runtime, editor: Editor) -> None:
    upload = editor.begin("a.flac", FLAC).json()
    editor.send(upload, FLAC)
    answer = editor.complete(upload["id"], sha256="0" * 64)
    assert_refused(answer, 400, "invalid_input", "not the file that was begun")
    assert list(answer.json()["fields"]) == ["sha256"]
    assert_refused(editor.complete(upload["id"], sha256="abc"), 400, "invalid_input")
    assert asset_ids(runtime) == []


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "status", "code", "field"),
    [
        ({"event": None}, 400, "invalid_input", "event"),
        ({"filename": 5}, 400, "invalid_input", "filename"),
        ({"filename": "a\0.flac"}, 400, "invalid_input", "filename"),
        ({"filename": "a\u202egpj.flac"}, 400, "invalid_input", "filename"),
        ({"filename": "a\ud800.flac"}, 400, "invalid_input", "filename"),
        ({"size_bytes": 0}, 400, "invalid_input", "size_bytes"),
        ({"size_bytes": True}, 400, "invalid_input", "size_bytes"),
        ({"size_bytes": 1.5}, 400, "invalid_input", "size_bytes"),
        ({"size_bytes": 2**60}, 400, "invalid_input", "size_bytes"),
        ({"size_bytes": 2**50}, 413, "too_large", "size_bytes"),
        ({"head": "!"}, 400, "invalid_input", "head"),
        ({"head": "A" * 8000}, 400, "invalid_input", "head"),
        ({"last_modified_ms": -1}, 400, "invalid_input", "last_modified_ms"),
        ({"title": "a\nb"}, 400, "invalid_input", "title"),
        ({"title": "a\0b"}, 400, "invalid_input", "title"),
        ({"language": "klingon!"}, 400, "invalid_input", "language"),
        ({"head": base64.b64encode(b"%PDF-1.7").decode()}, 415, "unsupported_media", "head"),
        ({"filename": "a.jpg"}, 415, "unsupported_media", "filename"),
    ],
)
def test_what_is_not_taken_is_refused_with_its_cause(
    editor: Editor, *, said: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = editor.ask("POST", UPLOADS, content=json.dumps({**offer("a.flac", FLAC), **said}))
    assert_refused(answer, status, code)
    if code != "unsupported_media":
        assert list(answer.json()["fields"]) == [field]
    assert editor.ask("GET", UPLOADS).json() == {"uploads": [], "more": 0}


ANY_JSON: tuple[object, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    1e300,
    "",
    "x",
    [],
    ["en"],
    {},
    {"a": [None]},
)


@pytest.mark.parametrize("name", sorted(offer("a.flac", FLAC, title="", language="")))
def test_a_field_of_any_type_is_taken_or_refused(editor: Editor, name: str) -> None:
    for value in ANY_JSON:
        answer = editor.ask("POST", UPLOADS, json={**offer("a.flac", FLAC), name: value})
        assert answer.status_code in {200, 201, 400, 404, 415}, (value, answer.text)


@pytest.mark.parametrize("value", ANY_JSON)
def test_a_digest_of_any_type_is_refused(editor: Editor, value: object) -> None:
    upload = editor.begin("a.flac", FLAC).json()
    for path, status in ((f"{upload['id']}/parts/1/sign", 400), (f"{upload['id']}/complete", 409)):
        answer = editor.ask("POST", f"{UPLOADS}/{path}", json={"sha256": value})
        assert answer.status_code == (400 if value is not None else status)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff", b"[" * 5000])
def test_what_is_no_object_is_refused(editor: Editor, body: bytes) -> None:
    assert_refused(editor.ask("POST", UPLOADS, content=body), 400, "invalid_input")


def test_a_macs_own_screenshot_has_a_name(editor: Editor) -> None:
    name = "Screenshot 2024-06-04 at 9.41.00\u202fAM.jpg"
    assert editor.begin(name, JPEG).json()["filename"] == name


def test_kinds_that_the_setting_leaves_out_are_refused(runtime: Runtime) -> None:
    settings = runtime.settings.model_copy(update={"upload_kinds": ("photo", "captions")})
    make_event(runtime)
    photos_only = replace(runtime, settings=settings)
    with TestClient(create_app(photos_only), base_url=HOST) as client:
        editor = make_editor(runtime, client, "olga", Role.EDITOR)
        answer = editor.begin("a.flac", FLAC)
        assert_refused(answer, 415, "unsupported_media", "a.flac holds audio", "photos, captions")
        assert editor.begin("a.jpg", JPEG).status_code == 201


def test_a_full_disk_is_said_at_the_beginning(runtime: Runtime) -> None:
    objects = runtime.settings.data_path / "objects"
    full = replace(runtime, uploads=LocalUploads(objects, free_bytes_min=2**62))
    make_event(runtime)
    with TestClient(create_app(full), base_url=HOST) as client:
        editor = make_editor(runtime, client, "olga", Role.EDITOR)
        answer = editor.begin("a.flac", FLAC)
    assert_refused(answer, 507, "insufficient_storage", "The disk has no room")


# --- who may ---------------------------------------------------------------------------------


def test_nobody_uploads_without_an_account(client: TestClient) -> None:
    for method, path in (
        ("POST", UPLOADS),
        ("GET", UPLOADS),
        ("GET", f"{UPLOADS}/x"),
        ("DELETE", f"{UPLOADS}/x"),
        ("POST", f"{UPLOADS}/x/parts/1/sign"),
        ("POST", f"{UPLOADS}/x/complete"),
    ):
        assert_refused(client.request(method, path, json={}), 401, "not_signed_in")


def test_an_upload_is_its_accounts_own(
    runtime: Runtime, client: TestClient, editor: Editor
) -> None:
    other = make_editor(runtime, client, "boris", Role.EDITOR)
    administrator = make_editor(runtime, client, "anna", Role.ADMINISTRATOR)
    upload_id = editor.begin("a.flac", FLAC).json()["id"]
    path = f"{UPLOADS}/{upload_id}"
    for answer in (
        other.ask("GET", path),
        other.ask("DELETE", path),
        other.sign(upload_id, 1, sha256(FLAC)),
        other.complete(upload_id),
    ):
        assert_refused(answer, 404, "not_found")
    assert other.ask("GET", UPLOADS).json() == {"uploads": [], "more": 0}
    assert administrator.ask("GET", path).json()["id"] == upload_id


def test_the_command_lines_uploads_are_no_editors(runtime: Runtime, editor: Editor) -> None:
    upload = begin_upload(runtime, make_event(runtime), "a.flac", FLAC)
    assert_refused(editor.ask("GET", f"{UPLOADS}/{upload.id}"), 404, "not_found")


@pytest.mark.parametrize("upload_id", ["x", "a" * 26, "a%00b", "%ff"])
def test_an_unknown_upload_is_missing(editor: Editor, upload_id: str) -> None:
    assert_refused(editor.ask("GET", f"{UPLOADS}/{upload_id}"), 404, "not_found")
    assert_refused(editor.complete(upload_id), 404, "not_found")


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}],
)
def test_another_site_cannot_use_a_session(
    runtime: Runtime, client: TestClient, editor: Editor, headers: dict[str, str]
) -> None:
    with runtime.engine.begin() as connection:
        account = accounts_service.get_account(connection, "olga@example.org")
        secret = accounts_service.open_session(connection, account, hours=1)
    client.cookies.set("__Host-portal", secret)
    asked = offer("a.flac", FLAC)
    assert_refused(client.post(UPLOADS, json=asked, headers=headers), 403, "forbidden")
    answer = client.post(UPLOADS, json=asked, headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 201


# --- signed addresses ------------------------------------------------------------------------


def test_a_part_goes_to_the_origin_that_the_page_is_on(runtime: Runtime) -> None:
    """Not to the base URL: a browser that came by another of our names would not send it there."""
    settings = runtime.settings.model_copy(update={"base_url": "https://press.example.org"})
    make_event(runtime)
    app = create_app(replace(runtime, settings=settings))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        editor = make_editor(runtime, client, "olga", Role.EDITOR)
        upload = editor.begin("a.flac", FLAC).json()
        signed = editor.sign(upload["id"], 1, sha256(FLAC)).json()
    assert signed["url"].startswith(f"http://127.0.0.1:8000{UPLOADS}/{upload['id']}/parts/1?")
    assert upload["page_url"].startswith("https://press.example.org/en/assets/")


def test_whoever_has_the_address_needs_no_account(client: TestClient, editor: Editor) -> None:
    upload = editor.begin("a.flac", FLAC).json()
    signed = editor.sign(upload["id"], 1, sha256(FLAC)).json()
    assert signed["method"] == "PUT"
    answer = client.put(signed["url"], content=FLAC, headers=signed["headers"])
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("name", ["sha256", "expires", "signature"])
@pytest.mark.parametrize("value", [None, "", "0", "9" * 11, "0" * 64, "ü", "-1"])
def test_a_changed_address_is_refused(
    client: TestClient, editor: Editor, name: str, value: str | None
) -> None:
    upload = editor.begin("a.flac", FLAC).json()
    address = urlsplit(editor.sign(upload["id"], 1, sha256(FLAC)).json()["url"])
    query = {**dict(parse_qsl(address.query)), name: value}
    changed = urlencode({key: value for key, value in query.items() if value is not None})
    answer = client.put(f"{address.path}?{changed}", content=FLAC)
    assert_refused(answer, 403, "forbidden", "was changed or has expired")
    assert editor.ask("GET", f"{UPLOADS}/{upload['id']}").json()["parts"] == []


def test_an_address_is_good_for_its_part_and_upload_only(
    client: TestClient, editor: Editor
) -> None:
    first, second = (editor.begin(name, LARGE).json() for name in ("a.flac", "b.flac"))
    digest = sha256(part_of(LARGE, 1))
    url = editor.sign(first["id"], 1, digest).json()["url"]
    for changed in (
        url.replace("/parts/1?", "/parts/2?"),
        url.replace(first["id"], second["id"]),
        url.replace(first["id"], "a" * 26),
        url.replace(first["id"], "%00"),
    ):
        assert_refused(client.put(changed, content=part_of(LARGE, 1)), 403, "forbidden")


def test_an_address_expires(
    client: TestClient, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = editor.begin("a.flac", FLAC).json()
    signed = editor.sign(upload["id"], 1, sha256(FLAC)).json()
    later = time.time() + LIFE_SECONDS + 1
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: later)
        assert_refused(client.put(signed["url"], content=FLAC), 403, "forbidden")
    assert client.put(signed["url"], content=FLAC).status_code == 200


@pytest.mark.parametrize("number", ["0", "2", "99999"])
def test_only_parts_that_there_are_get_an_address(editor: Editor, number: str) -> None:
    upload = editor.begin("a.flac", FLAC).json()
    answer = editor.sign(upload["id"], int(number), sha256(FLAC))
    assert_refused(answer, 400, "invalid_input", "the upload has parts 1 to 1")


@pytest.mark.parametrize(
    ("content", "status"),
    [(FLAC[:-1] + b"x", 400), (FLAC[:-1], 400), (FLAC + b"x", 400), (b"", 400)],
)
def test_what_was_not_signed_is_refused(
    client: TestClient, editor: Editor, content: bytes, status: int
) -> None:
    upload = editor.begin("a.flac", FLAC).json()
    signed = editor.sign(upload["id"], 1, sha256(FLAC)).json()
    answer = client.put(signed["url"], content=content)
    assert_refused(answer, status, "invalid_input")
    answer = client.put(signed["url"], content=iter([content]))  # without saying how much
    assert answer.status_code in {400, 413}
    assert editor.ask("GET", f"{UPLOADS}/{upload['id']}").json()["parts"] == []


def test_an_upload_that_has_ended_takes_nothing(
    runtime: Runtime, client: TestClient, editor: Editor
) -> None:
    for end in ("complete", "abort"):
        content = FLAC + end.encode()
        upload = editor.begin(f"{end}.flac", content).json()
        signed = editor.sign(upload["id"], 1, sha256(content)).json()
        assert client.put(signed["url"], content=content).status_code == 200
        if end == "complete":
            assert editor.complete(upload["id"]).status_code == 202
        else:
            assert editor.ask("DELETE", f"{UPLOADS}/{upload['id']}").status_code == 204
        assert_refused(client.put(signed["url"], content=content), 409, "conflict", "has ended")
        assert_refused(editor.sign(upload["id"], 1, sha256(content)), 409, "conflict")


def test_giving_up_leaves_nothing_and_may_be_repeated(runtime: Runtime, editor: Editor) -> None:
    upload = editor.begin("a.flac", LARGE).json()
    editor.send(upload, LARGE, 1)
    for _ in range(2):
        assert editor.ask("DELETE", f"{UPLOADS}/{upload['id']}").status_code == 204
    assert list(runtime.uploads.list_open()) == []
    assert_refused(editor.complete(upload["id"]), 409, "conflict", "given up")


def test_what_is_in_cannot_be_given_up(runtime: Runtime, editor: Editor) -> None:
    upload = editor.begin("a.flac", FLAC).json()
    editor.send(upload, FLAC)
    editor.complete(upload["id"])
    answer = editor.ask("DELETE", f"{UPLOADS}/{upload['id']}")
    assert_refused(answer, 409, "conflict", "remove the asset instead")
    with runtime.engine.connect() as connection:
        assert [job.task for job in queued_jobs(connection)] == [
            Task.INDEX_EVENT,
            Task.FINISH_UPLOAD,
        ]
