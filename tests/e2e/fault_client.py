"""Puts a file in as a browser does it: begins, sends what is missing, completes."""

from __future__ import annotations

import base64
import hashlib
import random
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.e2e.fault_material import Material

UPLOADS = "/api/v1/uploads"
SECONDS_MAX = 600.0
TIMEOUT_SECONDS = 30.0
RELOAD_CHANCE = 0.1
"""How often somebody loads the page again while the answer to `complete` is due."""


class GaveUp(Exception):
    """The file could not be put in: availability, not safety, is at fault."""


class TryAgain(Exception):
    """What was asked did not work out; look where the upload stands and go on from there."""


@dataclass
class Client:
    """One editor's browser. `requests` counts what it asked, `retries` what it asked in vain."""

    base_url: str
    token: str
    event: str
    chance: random.Random
    requests: int = 0
    retries: int = 0
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx2.Client(timeout=TIMEOUT_SECONDS)

    def put_in(self, file: Material) -> str:
        """The id of the asset that was acknowledged. Raises GaveUp."""
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                return self._put_in(file)
            except TryAgain:
                self.retries += 1
                time.sleep(self.chance.uniform(0.05, 1.0))
        raise GaveUp(file.name)

    def _put_in(self, file: Material) -> str:
        upload = self._begin(file)
        while upload["state"] == "open":
            self._send_missing(upload, file)
            completed = self._complete(upload, file)
            if completed is not None:
                return str(completed["asset_id"])
            upload = self._ask("GET", f"{UPLOADS}/{upload['id']}")
        return str(upload["asset_id"])

    def _begin(self, file: Material) -> dict[str, Any]:
        """The same file again goes on with what was begun."""
        offer = {
            "event": self.event,
            "filename": file.name,
            "size_bytes": len(file.content),
            "head": base64.b64encode(file.content[:4096]).decode(),
            "last_modified_ms": 1_560_000_000_000,
        }
        return self._ask("POST", UPLOADS, json=offer)

    def _send_missing(self, upload: dict[str, Any], file: Material) -> None:
        size = upload["part_bytes"]
        there = {part["number"] for part in upload["parts"]}
        for number in range(1, upload["part_count"] + 1):
            if number not in there:
                self._send(upload["id"], number, file.content[(number - 1) * size : number * size])

    def _send(self, upload_id: str, number: int, part: bytes) -> None:
        digest = hashlib.sha256(part).hexdigest()
        path = f"{UPLOADS}/{upload_id}/parts/{number}/sign"
        signed = self._ask("POST", path, json={"sha256": digest})
        answer = self._request("PUT", signed["url"], content=part, headers=signed["headers"])
        if answer.status_code != 200:
            raise TryAgain(answer.text)

    def _complete(self, upload: dict[str, Any], file: Material) -> dict[str, Any] | None:
        """None when the answer got lost; once in a while everything else is forgotten then, too."""
        try:
            path = f"{UPLOADS}/{upload['id']}/complete"
            return self._ask("POST", path, json={"sha256": file.sha256})
        except TryAgain:
            if self.chance.random() < RELOAD_CHANCE:
                raise
            return None

    def _ask(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.token}"}
        answer = self._request(method, self.base_url + path, headers=headers, **sent)
        if not answer.is_success:
            if answer.status_code not in {409, 429} and answer.status_code < 500:
                raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
            raise TryAgain(answer.text)
        told: dict[str, Any] = answer.json()
        return told

    def _request(self, method: str, url: str, **sent: Any) -> httpx2.Response:
        self.requests += 1
        try:
            return self.http.request(method, url, **sent)
        except httpx2.TransportError as error:
            raise TryAgain(str(error)) from error
