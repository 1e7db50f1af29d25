"""A CandidateQuery as filter expressions of the server, visibility included. Pure.

Values are codes, so nothing that a user wrote becomes part of an expression.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from portal.search.documents import DocumentKind
from portal.search.engines.interface import CandidateQuery, Filters
from portal.search.engines.meili.codes import heard, pair, value, written
from portal.search.engines.meili.rows import microseconds

EVERYWHERE = ("own", "about")


def tiers(query: CandidateQuery) -> list[str]:
    """Everything that matches, taken apart into sets that share nothing, the best first.

    Word by word before all words as written before the rest, title and names before text; but a
    passage stands for what is said in it. No expressions: the query holds no word.
    """
    matching = _matching(query)
    if not matching:
        return []
    wanted = _all([*matching, *_restrictions(query)])
    better = _closer_matches(query)
    return [
        _all([wanted, *better[place : place + 1], *(f"NOT {_in(b)}" for b in better[:place])])
        for place in range(len(better) + 1)
    ]


def _matching(query: CandidateQuery) -> list[str]:
    """Every term and phrase somewhere, at least one of them in what the document itself says."""
    units = [
        *([heard(term)] for term in query.terms),
        *(_phrase(phrase) for phrase in query.phrases if phrase),
    ]
    if not units:
        return []
    everywhere = [_any(_holds(field, unit) for field in EVERYWHERE) for unit in units]
    return [*everywhere, _any(_holds("own", unit) for unit in units)]


def _phrase(phrase: tuple[str, ...]) -> list[str]:
    if len(phrase) == 1:
        return [written(phrase[0])]
    return [pair(first, second) for first, second in pairwise(phrase)]


def _closer_matches(query: CandidateQuery) -> list[str]:
    words = [*query.terms, *(word for phrase in query.phrases for word in phrase)]
    word_by_word, as_written = _phrase(tuple(words)), [written(word) for word in words]
    named = f'kind != "{value(DocumentKind.PASSAGE)}"'
    found = [
        condition
        for codes in (word_by_word, as_written)
        for condition in (_all([named, _holds("about", codes)]), _holds("own", codes))
    ]
    return list(dict.fromkeys(found))  # of a single word both are the same


def _restrictions(query: CandidateQuery) -> Iterator[str]:
    if not query.viewer.sees_everything:
        now = microseconds(query.now)
        yield f"released_at <= {now}"
        yield f"withdrawn_at > {now}"
    yield from _chosen_values(query.filters)
    if query.filters.since:
        yield f"happened_at >= {microseconds(query.filters.since)}"
    if query.filters.until:
        yield f"happened_at <= {microseconds(query.filters.until)}"


def _chosen_values(filters: Filters) -> Iterator[str]:
    if filters.kinds:
        yield equal_to_any("kind", sorted(filters.kinds))
    chosen = {
        "language": filters.language,
        "event": filters.event_slug,
        "person": filters.person,
    }
    for facet, wanted in chosen.items():
        if wanted:
            yield equal_to_any(facet, [wanted])


def equal_to_any(attribute: str, values: Iterable[str]) -> str:
    codes = ", ".join(f'"{value(given)}"' for given in values)
    return f"{attribute} IN [{codes}]"


def _holds(field: str, codes: Iterable[str]) -> str:
    """Every code."""
    return _all(f'{field} = "{code}"' for code in codes)


def _all(expressions: Iterable[str]) -> str:
    return " AND ".join(map(_in, expressions))


def _any(expressions: Iterable[str]) -> str:
    return " OR ".join(map(_in, expressions))


def _in(expression: str) -> str:
    return f"({expression})"
