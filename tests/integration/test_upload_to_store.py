"""Uploads whose parts go from the sender to the store itself, past the portal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from portal.app import create_app
from portal.runtime import Runtime
from portal.storage.keys import asset_prefix
from portal.uploads import service
from portal.visibility import Role
from tests.integration.test_uploads_api import (
    HOST,
    LARGE,
    PART_BYTES,
    Editor,
    make_editor,
    part_of,
)
from tests.stored_files import asset_of, make_event, sha256

pytestmark = pytest.mark.postgres


@pytest.fixture
def editor(s3_runtime: Runtime) -> Iterator[Editor]:
    settings = s3_runtime.settings.model_copy(update={"upload_part_bytes": PART_BYTES})
    runtime = replace(s3_runtime, settings=settings)
    make_event(runtime)
    with TestClient(create_app(runtime), base_url=HOST) as client:
        yield make_editor(runtime, client, "olga", Role.EDITOR)


def put(signed: dict[str, Any], content: bytes) -> tuple[int, str | None]:
    """Its status and ETag; as a browser sends it."""
    address = urlsplit(signed["url"])
    with closing(HTTPConnection(address.netloc)) as connection:
        connection.request("PUT", f"{address.path}?{address.query}", content, signed["headers"])
        answer = connection.getresponse()
        answer.read()
    return answer.status, answer.getheader("etag")


def signed_for(editor: Editor, upload: dict[str, Any], number: int) -> dict[str, Any]:
    digest = sha256(part_of(LARGE, number))
    return dict(editor.sign(upload["id"], number, digest).json())


def test_a_file_goes_past_the_portal(s3_runtime: Runtime, editor: Editor) -> None:
    upload = editor.begin("a.flac", LARGE).json()
    for number in (3, 1):
        signed = signed_for(editor, upload, number)
        assert HOST not in signed["url"]
        assert put(signed, part_of(LARGE, number))[0] == 200

    again = editor.begin("a.flac", LARGE)
    assert again.status_code == 200
    assert [part["number"] for part in again.json()["parts"]] == [1, 3]
    assert "missing: 2." in editor.complete(upload["id"]).json()["detail"]

    status, etag = put(signed_for(editor, upload, 2), part_of(LARGE, 2))
    assert (status, bool(etag)) == (200, True)
    completed = editor.complete(upload["id"], sha256=sha256(LARGE)).json()
    assert completed["state"] == "completing"
    assert editor.complete(upload["id"]).json() == completed
    service.finish(s3_runtime, upload["id"])

    original = asset_of(s3_runtime, upload["asset_id"]).original
    assert original is not None
    assert s3_runtime.store.read(original.key) == LARGE
    assert [found.key for found in s3_runtime.store.list(asset_prefix(upload["asset_id"]))] == [
        original.key
    ]
    assert list(s3_runtime.uploads.list_open()) == []


def test_damaged_bytes_are_refused_by_the_store(s3_runtime: Runtime, editor: Editor) -> None:
    upload = editor.begin("a.flac", LARGE).json()
    signed = signed_for(editor, upload, 1)
    assert put(signed, bytes(PART_BYTES))[0] == 400
    assert editor.begin("a.flac", LARGE).json()["parts"] == []


def test_the_same_bytes_again_are_told(s3_runtime: Runtime, editor: Editor) -> None:
    first, second = (editor.begin(name, LARGE).json() for name in ("a.flac", "b.flac"))
    for upload in (first, second):
        for number in (1, 2, 3):
            put(signed_for(editor, upload, number), part_of(LARGE, number))
        answer = editor.complete(upload["id"], sha256=sha256(LARGE)).json()
        assert answer["asset_id"] == first["asset_id"]
    assert answer["state"] == "duplicate"


def test_what_is_given_up_leaves_nothing_in_the_store(s3_runtime: Runtime, editor: Editor) -> None:
    upload = editor.begin("a.flac", LARGE).json()
    signed = signed_for(editor, upload, 1)
    put(signed, part_of(LARGE, 1))
    assert editor.ask("DELETE", f"/api/v1/uploads/{upload['id']}").status_code == 204
    with suppress(ConnectionError):  # it may refuse before all is sent
        assert put(signed, part_of(LARGE, 1))[0] == 404
    assert list(s3_runtime.uploads.list_open()) == []


def test_a_small_file_is_known_by_its_only_part(s3_runtime: Runtime, editor: Editor) -> None:
    """Where the store keeps the digests of parts."""
    content = part_of(LARGE, 1)
    upload = editor.begin("a.flac", content).json()
    put(editor.sign(upload["id"], 1, sha256(content)).json(), content)
    listed = editor.ask("GET", f"/api/v1/uploads/{upload['id']}").json()["parts"]
    assert [part["sha256"] for part in listed] == [sha256(content)]
