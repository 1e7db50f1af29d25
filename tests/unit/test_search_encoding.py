"""Documents survive storage; digests and cursors mean what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import InvalidInput
from portal.search.cursor import read_cursor, write_cursor
from portal.search.documents import Document, DocumentKind, TimedText, Version
from portal.search.encoding import decode, digest, encode

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INSTANTS = st.none() | st.datetimes(timezones=st.just(UTC))
SECONDS = st.floats(0, 1e6)
DOCUMENTS = st.builds(
    Document,
    cues=st.lists(
        st.builds(TimedText, start_seconds=SECONDS, end_seconds=SECONDS, speaker=st.none() | TEXTS),
        max_size=3,
    ).map(tuple),
    versions=st.lists(st.builds(Version, TEXTS, TEXTS, TEXTS), max_size=3).map(tuple),
    happened_at=INSTANTS,
    released_at=INSTANTS,
    withdrawn_at=INSTANTS,
    title=TEXTS,
    text=TEXTS,
    names=st.lists(TEXTS).map(tuple),
    people=st.lists(TEXTS).map(tuple),
)
PLAIN = Document(
    id="p1",
    owner_id="a1",
    kind=DocumentKind.PHOTO,
    event_id="e1",
    event_slug="scrum",
    asset_id="a1",
    person_slug=None,
    language="be",
    title="Адкрыццё",
    text="",
    released_at=datetime(2026, 6, 4, 11, tzinfo=UTC),
)


@given(DOCUMENTS)
def test_decoding_gives_back_what_was_encoded(document: Document) -> None:
    assert decode(encode(document)) == document


def test_equal_documents_have_equal_digests_in_any_zone() -> None:
    minsk = timezone(timedelta(hours=3))
    there = replace(PLAIN, released_at=datetime(2026, 6, 4, 14, tzinfo=minsk))
    assert digest(there) == digest(PLAIN)


@pytest.mark.parametrize(
    "change", [{"title": "x"}, {"withdrawn_at": PLAIN.released_at}, {"names": ("x",)}]
)
def test_any_change_changes_the_digest(change: dict[str, object]) -> None:
    row = {name: getattr(PLAIN, name) for name in PLAIN.__dataclass_fields__}
    assert digest(Document(**{**row, **change})) != digest(PLAIN)


@given(st.integers(0, 999_999))
def test_a_cursor_comes_back(offset: int) -> None:
    assert read_cursor(write_cursor(offset)) == offset


@pytest.mark.parametrize(
    "cursor", ["x", "!!!!", "MTIz", "aGl0Oi0x", "aGl0Og", "é", "aGl0OjEyMzQ1Njc4OTA"]
)
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_cursor(cursor)
    assert "cursor" in refused.value.fields


def test_no_cursor_is_the_beginning() -> None:
    assert read_cursor(None) == read_cursor("") == 0
