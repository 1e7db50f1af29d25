"""A CandidateQuery as a tantivy query, visibility and filters included. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from tantivy import FieldType, Occur
from tantivy import Query as Clause

from portal.search.engines.embedded.schema import SCHEMA, microseconds
from portal.search.engines.interface import CandidateQuery, Filters
from portal.search.text import latin_key, stem

ABOUT_BOOST = 2.0


def clause_of(query: CandidateQuery) -> Clause:
    """Every term and phrase somewhere, at least one of them in what the document itself says."""
    everywhere = [
        *(_any(_term("own", term), _boosted(_term("about", term))) for term in query.terms),
        *(_any(_phrase("own", p), _boosted(_phrase("about", p))) for p in query.phrases if p),
    ]
    if not everywhere:
        return Clause.empty_query()
    own = [
        *(_term("own", term) for term in query.terms),
        *(_phrase("own", phrase) for phrase in query.phrases if phrase),
    ]
    return _all(*everywhere, _unscored(_any(*own)), *map(_unscored, _restrictions(query)))


def _term(field: str, term: str) -> Clause:
    """As written, by its stem, or by its sound; a closer match adds up to a higher score."""
    forms = {"words": term, "stems": stem(term), "keys": latin_key(term)}
    return _any(
        *(
            Clause.term_query(SCHEMA, f"{field}_{form}", value, index_option="freq")
            for form, value in forms.items()
            if value
        )
    )


def _phrase(field: str, phrase: tuple[str, ...]) -> Clause:
    name = f"{field}_words"
    if len(phrase) == 1:  # tantivy panics at a phrase of one word
        return Clause.term_query(SCHEMA, name, phrase[0])
    return Clause.phrase_query(SCHEMA, name, list(phrase))


def _restrictions(query: CandidateQuery) -> Iterator[Clause]:
    filters = query.filters
    if not query.viewer.sees_everything:
        now = microseconds(query.now)
        yield _between("released_at", None, now)
        yield _between("withdrawn_at", now, None, include_lower=False)
    yield from _chosen_values(filters)
    if filters.since or filters.until:
        yield _between("happened_at", microseconds(filters.since), microseconds(filters.until))


def _chosen_values(filters: Filters) -> Iterator[Clause]:
    chosen: dict[str, list[str | None]] = {
        "kind": [*filters.kinds],
        "language": [filters.language],
        "event": [filters.event_slug],
        "person": [filters.person],
    }
    for facet, values in chosen.items():
        if given := [value for value in values if value]:
            yield Clause.term_set_query(SCHEMA, facet, given)


def _between(
    field: str, lower: int | None, upper: int | None, *, include_lower: bool = True
) -> Clause:
    return Clause.range_query(
        SCHEMA, field, FieldType.Integer, lower, upper, include_lower=include_lower
    )


def _all(*clauses: Clause) -> Clause:
    return Clause.boolean_query([(Occur.Must, clause) for clause in clauses])


def _any(*clauses: Clause) -> Clause:
    return Clause.boolean_query([(Occur.Should, clause) for clause in clauses])


def _boosted(clause: Clause) -> Clause:
    return Clause.boost_query(clause, ABOUT_BOOST)


def _unscored(clause: Clause) -> Clause:
    return Clause.const_score_query(clause, 0.0)
