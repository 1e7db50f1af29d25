"""Whether a document really holds the phrases of a query. Pure.

The index knows which word follows which. A phrase of three words or more may seem to be there
when its pairs stand in different places, so what is found by one is read again.
"""

from __future__ import annotations

from collections.abc import Sequence

from portal.search.documents import Document
from portal.search.engines.interface import CandidateQuery
from portal.search.engines.meili.codes import heard
from portal.search.engines.meili.rows import runs_of
from portal.search.fields import about_parts, own_parts

PAIR = 2

Runs = Sequence[Sequence[str]]
"""The words of each part."""


def are_certain(query: CandidateQuery) -> bool:
    """Whether what the index says of this query is so."""
    return all(len(phrase) <= PAIR for phrase in query.phrases)


def is_match(query: CandidateQuery, document: Document) -> bool:
    """Of a document that the index found."""
    own, about = runs_of(own_parts(document)), runs_of(about_parts(document))
    in_own = [_holds(own, phrase) for phrase in query.phrases]
    if not all(
        found or _holds(about, phrase) for found, phrase in zip(in_own, query.phrases, strict=True)
    ):
        return False
    return any(in_own) or any(_sounds(own, term) for term in query.terms)


def _holds(runs: Runs, phrase: Sequence[str]) -> bool:
    length, wanted = len(phrase), list(phrase)
    return any(
        run[first : first + length] == wanted
        for run in runs
        for first in range(len(run) - length + 1)
    )


def _sounds(runs: Runs, term: str) -> bool:
    return any(heard(word) == heard(term) for run in runs for word in run)
