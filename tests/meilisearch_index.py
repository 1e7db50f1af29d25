"""An index of a test's own on a real Meilisearch server, or a plain word that there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from portal.ids import new_id
from portal.search.engines.meili import MeilisearchEngine
from portal.settings import Settings

URL, KEY = "PORTAL_TEST_MEILI_URL", "PORTAL_TEST_MEILI_KEY"


@dataclass(frozen=True)
class MeilisearchIndex:
    """`key` is a master key, with which tests may do what the portal may not."""

    url: str
    key: str
    name: str

    def engine(self, *, key: str | None = None) -> MeilisearchEngine:
        return MeilisearchEngine(self.url, api_key=key or self.key, index=self.name)

    def settings(self, settings: Settings, *, key: str | None = None) -> Settings:
        """`settings` that lead to this index."""
        changes = {"meili_url": self.url, "meili_key": key or self.key, "meili_index": self.name}
        return Settings.model_validate({**settings.model_dump(), **changes})

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """What the server says, past the portal's own code."""
        response = requests.request(
            method,
            f"{self.url}/{path}",
            json=body,
            headers={"Authorization": f"Bearer {key or self.key}"},
            timeout=10,
        )
        return response.json() if response.content else None

    def change(self, method: str, path: str, body: Any = None) -> Mapping[str, Any]:
        """The task, once it is done."""
        task = self.call(method, path, body)
        while task["status"] in {"enqueued", "processing"}:
            task = self.call("GET", f"tasks/{task.get('uid', task.get('taskUid'))}")
        found: Mapping[str, Any] = task
        return found

    def names(self) -> list[str]:
        """Of this index and its drafts."""
        found = self.call("GET", "indexes?limit=1000")["results"]
        return sorted(index["uid"] for index in found if index["uid"].startswith(self.name))


@contextmanager
def index_on(url: str, key: str) -> Iterator[MeilisearchIndex]:
    """With a name of its own; deleted afterwards with all drafts."""
    index = MeilisearchIndex(url, key, f"test-{new_id()}")
    try:
        yield index
    finally:
        # First by name, whether it is there or not: it may be about to be made.
        index.change("DELETE", f"indexes/{index.name}")
        for name in index.names():
            index.change("DELETE", f"indexes/{name}")


def server_or_skip() -> tuple[str, str]:
    """(address, master key) of the server that the environment names."""
    url, key = os.environ.get(URL), os.environ.get(KEY)
    if not url or not key:
        pytest.skip(f"there is no Meilisearch server: {URL} and {KEY} (its master key) name one")
    return url.rstrip("/"), key
