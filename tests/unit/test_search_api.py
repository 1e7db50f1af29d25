"""Search parameters are understood or refused by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from portal.errors import InvalidInput
from portal.search.api import read_request
from portal.search.documents import DocumentKind
from portal.search.engines.interface import Filters
from portal.search.models import SearchRequest

DAY = datetime(2026, 6, 4, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def read(query_string: str) -> SearchRequest:
    return read_request(QueryParams(query_string), language="ru")


def test_no_parameter_is_needed() -> None:
    assert read("") == SearchRequest("", languages=("ru", "en", "ru", "be"))


def test_every_parameter_is_read() -> None:
    given_all = read(
        "q=a+b&kind=photo,passage&kind=event&language=be&event=congress&person=anna"
        "&from=2026-06-04&to=2026-06-04&limit=7&cursor=abc"
    )
    assert (given_all.query, given_all.limit, given_all.cursor) == ("a b", 7, "abc")
    assert given_all.filters == Filters(
        kinds=frozenset({DocumentKind.PHOTO, DocumentKind.PASSAGE, DocumentKind.EVENT}),
        language="be",
        event_slug="congress",
        person="anna",
        since=DAY,
        until=DAY + timedelta(days=1) - MOMENT,
    )


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("2026-06-04T00:00:00Z", DAY),
        ("2026-06-04T00:00", DAY),
        (
            "2026-06-04T14:00:00%2B03:00",
            datetime(2026, 6, 4, 14, tzinfo=timezone(3 * timedelta(hours=1))),
        ),
        ("9999-12-31", datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_instants_are_read_with_their_zone(given_text: str, expected: datetime) -> None:
    assert read(f"from={given_text}").filters.since == expected


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        read("kind=film&limit=0&from=yesterday&to=2026-13-01")
    assert refused.value.fields.keys() == {"kind", "limit", "from", "to"}
    assert "“film”" in refused.value.fields["kind"]


@pytest.mark.parametrize("limit", ["101", "-1", "1.5", "x", "²", "9" * 5000])
def test_a_limit_is_a_number_from_1_to_100(limit: str) -> None:
    with pytest.raises(InvalidInput, match="wrong"):
        read(f"limit={limit}")


@given(st.dictionaries(st.sampled_from(["q", "kind", "from", "to", "limit", "cursor"]), st.text()))
def test_whatever_is_sent_is_read_or_refused(parameters: dict[str, str]) -> None:
    try:
        request = read_request(QueryParams(parameters), language="en")
    except InvalidInput as refused:
        wrong = refused.fields.keys()
    else:
        wrong = {}.keys()
        assert 1 <= request.limit <= 100
    assert wrong <= parameters.keys()
