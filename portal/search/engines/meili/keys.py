"""The portal's own key on the server: for its index and the drafts of it, and nothing else.

The server derives a key from its uid and the master key (HMAC-SHA256), and we derive the uid from
the index. So the key is known before the server runs, and is the same whenever it is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid5

from meilisearch import Client
from meilisearch.errors import MeilisearchApiError

from portal.errors import SearchUnavailable
from portal.search.engines.meili.drafts import DRAFT
from portal.search.engines.meili.errors import translated_errors
from portal.search.engines.meili.server import QUESTION_SECONDS_MAX
from portal.search.engines.meili.settings import KEY_ACTIONS

_OURS = UUID("7d0c6f0e-3c1e-4d53-9a52-5b1d1c0c6d0b")
"""Keeps our uids apart from everybody else's."""


def key_uid(index: str) -> str:
    return str(uuid5(_OURS, index))


def ensure_key(url: str, *, master_key: str, index: str) -> str:
    """The key, made on the server unless it is there with these very rights.

    Raises SearchUnavailable.
    """
    client = Client(url, master_key, timeout=QUESTION_SECONDS_MAX)
    with translated_errors("make a key"):
        try:
            return _ensured(client, _wanted(index))
        except MeilisearchApiError as error:
            if error.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
                raise SearchUnavailable("The search server refuses this master key.") from error
            raise


def _wanted(index: str) -> dict[str, Any]:
    return {
        "uid": key_uid(index),
        "name": "press portal",
        "indexes": [index, f"{index}{DRAFT}*"],
        "actions": list(KEY_ACTIONS),
        "expiresAt": None,
    }


def _ensured(client: Client, wanted: Mapping[str, Any]) -> str:
    """Rights of a key cannot be changed: one of other rights makes room for ours."""
    found = _found(client, wanted["uid"])
    if found is not None:
        if all(set(found[name]) == set(wanted[name]) for name in ("indexes", "actions")):
            return str(found["key"])
        client.delete_key(wanted["uid"])
    return client.create_key(wanted).key


def _found(client: Client, uid: str) -> Mapping[str, Any] | None:
    try:
        key = client.get_key(uid)
    except MeilisearchApiError as error:
        if error.code == "api_key_not_found":
            return None
        raise
    return {"key": key.key, "indexes": key.indexes, "actions": key.actions}
