"""How an index on the server is laid out, as data. Pure.

The server is used for what it does exactly: sets of documents by filters. Its own search takes
words apart in its own way, looks at ten of them and at 65,535 positions of a field, and finds
phrases by approximation; nothing is searched by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portal.search.engines.interface import FACET_VALUES_MAX, FACETS

LAYOUT_VERSION = 2
"""Raise it when the settings or rows below, a document's fields or the tables of `text` change."""
LAYOUT = f"layout_{LAYOUT_VERSION}"
"""The one searchable attribute, which no row has. Each search names it, so that the server itself
refuses to answer from an index of another layout."""

KEY = "key"
WORDS = ("own", "about")
INSTANTS = ("happened_at", "released_at", "withdrawn_at")
OWNERSHIP = ("owner", "written_by")
SHOWN = ("document", "payload", "digest", *OWNERSHIP)

KEY_ACTIONS = (
    "search",
    "documents.add",
    "documents.get",
    "documents.delete",
    "indexes.create",
    "indexes.get",
    "indexes.delete",
    "indexes.swap",
    "settings.get",
    "settings.update",
    "tasks.get",
    "stats.get",
)
"""What our key must be allowed for the index and its drafts; all of it is needed."""

TOTAL_MAX = 2**31
"""The server counts no further than it would page."""


def index_settings() -> dict[str, object]:
    return {
        "searchableAttributes": [LAYOUT],
        "displayedAttributes": [KEY, *SHOWN],
        "filterableAttributes": [
            _filterable([*WORDS, *FACETS, *OWNERSHIP], comparison=False),
            _filterable(INSTANTS, comparison=True),
        ],
        "sortableAttributes": [],
        "rankingRules": [],
        "typoTolerance": {"enabled": False},
        "prefixSearch": "disabled",
        "proximityPrecision": "byAttribute",
        "faceting": {"maxValuesPerFacet": FACET_VALUES_MAX},
        "pagination": {"maxTotalHits": TOTAL_MAX},
    }


def _filterable(attributes: Sequence[str], *, comparison: bool) -> Mapping[str, object]:
    """No search among a facet's values, and comparison only of instants: each costs indexing."""
    return {
        "attributePatterns": list(attributes),
        "features": {
            "facetSearch": False,
            "filter": {"equality": True, "comparison": comparison},
        },
    }
