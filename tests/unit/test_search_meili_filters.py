"""Queries as the server's filters: what a user wrote stays a value, and tiers share nothing."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from portal.search.documents import Document, DocumentKind
from portal.search.engines.interface import CandidateQuery, Filters
from portal.search.engines.meili.filters import tiers
from portal.search.engines.meili.phrases import is_match
from portal.search.engines.meili.rows import Row, row_of
from portal.search.query import parse_query
from portal.search.text import Word, words
from portal.visibility import INSTALLATION, PUBLIC, Viewer

NOW = datetime(2026, 6, 4, 11, 0, 0, 123456, tzinfo=UTC)
ATTRIBUTES = frozenset(
    {"own", "about", "kind", "language", "event", "person"}
    | {"released_at", "withdrawn_at", "happened_at"}
)
LITERAL = re.compile(r'"[a-z]:[a-z0-9~-]*"')
COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    ">": operator.gt,
}
OPERATORS = frozenset({"AND", "OR", "NOT", "IN", "=", "!=", "<=", ">=", ">"})


def query_of(
    text: str, *, viewer: Viewer = PUBLIC, filters: Filters | None = None
) -> CandidateQuery:
    parsed = parse_query(text)
    return CandidateQuery(parsed.terms, parsed.phrases, viewer, NOW, filters or Filters())


# --- a small reader of the server's filter language, to try filters without a server -----------

TOKEN = re.compile(r'"[^"]*"|[()\[\],]|[^\s()\[\],"]+')


def holds(expression: str, row: Row) -> bool:
    """Whether the row passes, by the server's rules."""
    tokens = TOKEN.findall(expression)
    result = _either(tokens, row)
    assert not tokens, f"the expression goes on with {tokens}"
    return result


def _either(tokens: list[str], row: Row) -> bool:
    found = _both(tokens, row)
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        found |= _both(tokens, row)
    return found


def _both(tokens: list[str], row: Row) -> bool:
    found = _one(tokens, row)
    while tokens and tokens[0] == "AND":
        tokens.pop(0)
        found &= _one(tokens, row)
    return found


def _one(tokens: list[str], row: Row) -> bool:
    token = tokens.pop(0)
    if token == "NOT":
        return not _one(tokens, row)
    if token == "(":
        found = _either(tokens, row)
        assert tokens.pop(0) == ")"
        return found
    assert token in ATTRIBUTES
    values = row.get(token, [])
    return _compare(values if isinstance(values, list) else [values], tokens)


def _compare(values: list[Any], tokens: list[str]) -> bool:
    match tokens.pop(0):
        case "=":
            return _literal(tokens) in values
        case "!=":
            return _literal(tokens) not in values
        case "IN":
            assert tokens.pop(0) == "["
            wanted = [_literal(tokens)]
            while tokens.pop(0) == ",":
                wanted.append(_literal(tokens))
            return any(value in wanted for value in values)
        case sign:
            number = int(tokens.pop(0))
            return any(COMPARISONS[sign](value, number) for value in values)


def _literal(tokens: list[str]) -> str:
    literal = tokens.pop(0)
    assert LITERAL.fullmatch(literal)
    return literal.strip('"')


# --- what users write --------------------------------------------------------------------------

anything = st.text(max_size=60) | st.sampled_from(
    ['" OR kind = "v:photo', "') OR (1 = 1", "\\", 'a" b', "own EXISTS", "NOT", "\x00", "'"]
)


@given(anything, anything, anything)
def test_nothing_that_a_user_wrote_becomes_part_of_an_expression(
    text: str, slug: str, language: str
) -> None:
    filters = Filters(language=language, event_slug=slug, person=text, since=NOW)
    blank = row_of(document_of("words"), written_by="test")
    for expression in tiers(query_of(f'{text} "{slug} {text}"', filters=filters)):
        holds(expression, blank)  # reads it to its end; every literal is a code
        rest = LITERAL.sub("", expression)
        strange = set(re.findall(r"[^\s()\[\],]+", rest)) - ATTRIBUTES - OPERATORS
        assert all(word.lstrip("-").isdigit() for word in strange)


def test_a_query_without_words_asks_nothing() -> None:
    assert tiers(query_of(" ?! ")) == []


def test_a_long_query_is_asked_whole() -> None:
    every = " ".join(f"word{number}" for number in range(20))
    whole, short = (
        row_of(document_of(text), written_by="test") for text in (every, every.removesuffix("19"))
    )
    assert any(holds(tier, whole) for tier in tiers(query_of(every)))
    assert not any(holds(tier, short) for tier in tiers(query_of(every)))


# --- what is found -----------------------------------------------------------------------------

spoken = st.lists(
    st.sampled_from(["он", "она", "press", "vendors", "vendor", "Ярош", "yarosh", "b"]), max_size=7
)
said = spoken.map(" ".join)
asked = st.lists(said | said.map('"{}"'.format), min_size=1, max_size=3).map(" ".join)


def document_of(
    text: str, *, title: str = "", kind: DocumentKind = DocumentKind.PASSAGE
) -> Document:
    return Document(
        id="d",
        owner_id="owner",
        kind=kind,
        event_id=None,
        event_slug="scrum",
        asset_id=None,
        person_slug=None,
        language="en",
        title=title,
        text=text,
        released_at=NOW - timedelta(days=1),
    )


@given(said, said, asked, st.sampled_from(DocumentKind))
def test_one_tier_at_most_holds_a_document_and_one_does_when_it_matches(
    text: str, title: str, question: str, kind: DocumentKind
) -> None:
    document, query = document_of(text, title=title, kind=kind), query_of(question)
    row = row_of(document, written_by="test")
    holding = [tier for tier in tiers(query) if holds(tier, row)]
    assert len(holding) <= 1
    is_found = bool(holding) and is_match(query, document)
    assert is_found is matches(
        query, [text] if kind is DocumentKind.PASSAGE else [title, text], title
    )


def matches(query: CandidateQuery, own: list[str], about: str) -> bool:
    """What SearchEngine promises, said as plainly as can be."""
    units: list[tuple[str, ...]] = [*((term,) for term in query.terms), *query.phrases]
    terms = len(query.terms)

    def is_in(parts: list[str], number: int) -> bool:
        return any(
            _is_said(list(words(part)), units[number], in_any_form=number < terms) for part in parts
        )

    numbers = range(len(units))
    return any(is_in(own, number) for number in numbers) and all(
        is_in([*own, about], number) for number in numbers
    )


def _is_said(run: list[Word], unit: tuple[str, ...], *, in_any_form: bool) -> bool:
    if not in_any_form:
        folded = [word.folded for word in run]
        return any(tuple(folded[at : at + len(unit)]) == unit for at in range(len(folded)))
    (term,) = words(unit[0])
    return any(
        word.folded == term.folded
        or word.stem == term.stem
        or (word.key is not None and word.key == term.key)
        for word in run
    )


def test_the_best_tier_is_word_by_word_and_titles_come_first() -> None:
    query = query_of("press scrum")
    rows = [
        row_of(document_of(text, title=title, kind=DocumentKind.EVENT), written_by="test")
        for text, title in (
            ("", "The press scrum"),
            ("The press scrum", ""),
            ("", "A scrum for the press"),
            ("A scrum for the press", ""),
            ("Scrums, presses", ""),
        )
    ]
    places = [[holds(tier, row) for tier in tiers(query)].index(True) for row in rows]
    assert places == [0, 1, 2, 3, 4]


# --- who may see it ----------------------------------------------------------------------------

instants = st.none() | st.sampled_from(
    [NOW + timedelta(microseconds=shift) for shift in (-1, 0, 1)]
    + [datetime(1965, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)]
)


@given(instants, instants, instants, st.sampled_from([PUBLIC, INSTALLATION]))
def test_only_what_is_out_is_found_to_the_microsecond(
    released_at: datetime | None,
    withdrawn_at: datetime | None,
    happened_at: datetime | None,
    viewer: Viewer,
) -> None:
    document = replace(
        document_of("press"),
        released_at=released_at,
        withdrawn_at=withdrawn_at,
        happened_at=happened_at,
    )
    row = row_of(document, written_by="test")
    filters = Filters(since=NOW)
    is_found = any(
        holds(tier, row) for tier in tiers(query_of("press", viewer=viewer, filters=filters))
    )
    is_out = released_at is not None and released_at <= NOW
    is_out = is_out and (withdrawn_at is None or withdrawn_at > NOW)
    is_since = happened_at is not None and happened_at >= NOW
    assert is_found is (is_since and (is_out or viewer.sees_everything))
