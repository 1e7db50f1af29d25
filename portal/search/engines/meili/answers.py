"""What the server answers, as candidates. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from portal.search.engines.interface import FACETS, Candidate, Candidates
from portal.search.engines.meili.codes import read_value
from portal.search.engines.meili.errors import translated_errors
from portal.search.engines.meili.rows import document_of, facet_values


def candidates_of(answer: Mapping[str, Any], *, index: str) -> Candidates:
    """Raises SearchUnavailable when it is no answer to our question."""
    with translated_errors("search"):
        counts = answer["facetsByIndex"][index]["distribution"]
        return Candidates(
            items=tuple(
                Candidate(document_of(hit), score=float(hit["_federation"]["weightedRankingScore"]))
                for hit in answer["hits"]
            ),
            total=int(answer["estimatedTotalHits"]),
            facets={
                facet: {read_value(code): count for code, count in counts.get(facet, {}).items()}
                for facet in FACETS
            },
        )


def without(found: Candidates, rejected: Sequence[Candidate]) -> Candidates:
    """As if these had not been found."""
    fewer = Counter(
        (facet, value)
        for one in rejected
        for facet, values in facet_values(one.document).items()
        for value in values
    )
    return replace(
        found,
        items=tuple(one for one in found.items if one not in rejected),
        total=found.total - len(rejected),
        facets={
            facet: {
                value: count - fewer[facet, value]
                for value, count in counts.items()
                if count > fewer[facet, value]
            }
            for facet, counts in found.facets.items()
        },
    )
