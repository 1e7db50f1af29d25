"""Whatever the server or the way to it does wrong, as SearchUnavailable; translated once, here.

Sentences hold no address and no key: they reach logs and the command line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from meilisearch.errors import (
    MeilisearchApiError,
    MeilisearchCommunicationError,
    MeilisearchError,
    MeilisearchTimeoutError,
)

from portal.errors import IndexUnusable, SearchUnavailable
from portal.search.engines.generations import REBUILD

REASON_LENGTH_MAX = 300
OTHER_LAYOUT = (
    f"The search index on the server was laid out by another version of the portal. {REBUILD}"
)

_OF_ANOTHER_LAYOUT = frozenset(
    {"invalid_search_attributes_to_search_on", "invalid_search_filter", "invalid_document_filter"}
)
_REFUSED_KEY = (
    "The search server refuses the key in PORTAL_MEILI_KEY: it is unknown, or has no right to this"
)
_UNREACHABLE = "The search server cannot be reached"
_NO_SEARCH_SERVER = "What PORTAL_MEILI_URL names did not answer as a search server"
_SETTING = "PORTAL_MEILI_URL says where it is"
_NO_ROOM = frozenset(
    {"no_space_left_on_device", "database_size_limit_reached", "too_many_open_files"}
)


@contextmanager
def translated_errors(deed: str) -> Iterator[None]:
    """`deed` says what was tried: "search", "write to the index".

    Raises SearchUnavailable, or IndexUnusable for an index of another layout.
    """
    try:
        yield
    except MeilisearchTimeoutError as error:
        raise SearchUnavailable(f"The search server took too long to {deed}.") from error
    except MeilisearchApiError as error:
        if error.code in _OF_ANOTHER_LAYOUT:
            raise IndexUnusable(OTHER_LAYOUT) from error
        raise SearchUnavailable(_sentence(error, deed)) from error
    except MeilisearchCommunicationError as error:
        raise SearchUnavailable(f"{_UNREACHABLE} to {deed}; {_SETTING}.") from error
    except (MeilisearchError, LookupError, TypeError, ValueError) as error:  # no JSON is one, too
        raise SearchUnavailable(f"{_NO_SEARCH_SERVER} when asked to {deed}.") from error
    except OSError as error:  # what the client lets through of a broken connection
        raise SearchUnavailable(f"{_UNREACHABLE} to {deed}; {_SETTING}.") from error


def is_missing_index(error: MeilisearchApiError) -> bool:
    return error.code == "index_not_found"


def task_failure(deed: str, error: Mapping[str, Any] | None) -> SearchUnavailable:
    """Of a task that the server took and could not do; `error` is what it says about it."""
    reason = _shortened(str((error or {}).get("message") or "its list of tasks has the reason"))
    return SearchUnavailable(f"The search server could not {deed}: {reason}")


def _sentence(error: MeilisearchApiError, deed: str) -> str:
    if error.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return f"{_REFUSED_KEY} ({deed})."
    reason = _shortened(error.message)
    if error.code in _NO_ROOM:
        return f"The search server has no room to {deed}: {reason}"
    if error.status_code == HTTPStatus.TOO_MANY_REQUESTS or error.status_code >= 500:
        return f"The search server is too busy or out of order, and could not {deed}: {reason}"
    return f"The search server refused to {deed}: {reason}"


def _shortened(reason: str) -> str:
    text = " ".join(reason.split())
    return text if len(text) <= REASON_LENGTH_MAX else f"{text[:REASON_LENGTH_MAX]}…"
