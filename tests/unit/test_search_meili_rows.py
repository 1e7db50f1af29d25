"""Documents as rows and back, batches within bounds, answers as candidates."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import SearchUnavailable
from portal.search.documents import Document, DocumentKind
from portal.search.encoding import digest
from portal.search.engines.meili import rows
from portal.search.engines.meili.answers import candidates_of, without
from portal.search.engines.meili.codes import pair
from portal.search.engines.meili.rows import batches, document_of, row_of
from portal.search.engines.meili.settings import KEY_ACTIONS, LAYOUT, index_settings

PROJECT = Path(__file__).parents[2]
NOW = datetime(2026, 6, 4, 11, 0, 0, 123456, tzinfo=UTC)
DOCUMENT = Document(
    id="passage:abc:0",
    owner_id="asset",
    kind=DocumentKind.PHOTO,
    event_id="event",
    event_slug="press-scrum",
    asset_id="asset",
    person_slug="anna",
    language="en",
    title="Opening ceremony",
    text="morning session",
    names=("Ярош",),
    people=("boris", "anna"),
    happened_at=NOW,
)


@given(st.text(max_size=40), st.text(max_size=40), st.lists(st.text(max_size=10), max_size=3))
def test_a_row_gives_its_document_back(title: str, text: str, names: list[str]) -> None:
    document = replace(DOCUMENT, title=title, text=text, names=tuple(names))
    row = row_of(document, written_by="change")
    assert document_of(json.loads(json.dumps(row))) == document
    assert row["digest"] == digest(document)


def test_a_row_holds_instants_to_the_microsecond_and_no_empty_ones() -> None:
    row = row_of(DOCUMENT, written_by="change")
    assert row["happened_at"] == 1780570800123456
    assert "released_at" not in row, "a draft passes no comparison"
    assert row["withdrawn_at"] == rows.INSTANT_MAX
    assert float(row["happened_at"]) == row["happened_at"], "the server keeps floats"


def test_words_of_different_parts_make_no_pair() -> None:
    row = row_of(DOCUMENT, written_by="change")
    assert pair("opening", "ceremony") in row["own"]
    assert pair("opening", "ceremony") in row["about"]
    assert pair("ceremony", "morning") not in row["own"]
    assert pair("morning", "session") not in row["about"]


def test_every_attribute_that_a_row_is_found_by_is_filterable() -> None:
    patterns = index_settings()["filterableAttributes"]
    assert isinstance(patterns, list)
    filterable = {name for pattern in patterns for name in pattern["attributePatterns"]}
    unfiltered = {"key", "document", "payload", "digest"}
    dated = replace(DOCUMENT, released_at=NOW, withdrawn_at=NOW)
    assert row_of(dated, written_by="change").keys() == filterable | unfiltered
    assert LAYOUT not in filterable


def test_the_guide_names_the_rights_of_the_key() -> None:
    guide = (PROJECT / "docs" / "operations.md").read_text()
    section = guide.partition("\n## Meilisearch\n")[2].partition("\n## ")[0]
    assert all(f"`{action}`" in section for action in KEY_ACTIONS)


@given(st.lists(st.integers(min_value=0, max_value=400), max_size=30))
def test_batches_keep_both_bounds_and_every_row(sizes: list[int]) -> None:
    made = [{"key": str(number), "text": "я" * size} for number, size in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "ROWS_MAX", 4)
        patch.setattr(rows, "BYTES_MAX", 900)
        found = list(batches(made))
    assert [json.loads(line) for b in found for line in b.lines.splitlines()] == made
    for batch in found:
        assert 1 <= batch.row_count == len(batch.lines.splitlines()) <= 4
        assert len(batch.lines) <= 900 or batch.row_count == 1


def answer_of(*documents: Document) -> dict[str, object]:
    hits = [
        {**row_of(document, written_by="c"), "_federation": {"weightedRankingScore": 2.0}}
        for document in documents
    ]
    counts = {"kind": {"v:photo": len(documents)}, "person": {"v:anna": 2, "x:416e6e61": 1}}
    distribution = {"index": {"distribution": counts, "stats": {}}}
    return {"hits": hits, "estimatedTotalHits": len(documents), "facetsByIndex": distribution}


def test_answers_become_candidates() -> None:
    found = candidates_of(answer_of(DOCUMENT, replace(DOCUMENT, id="other")), index="index")
    assert [item.document.id for item in found.items] == ["passage:abc:0", "other"]
    assert (found.total, found.items[0].score) == (2, 2.0)
    assert found.facets["person"] == {"anna": 2, "Anna": 1}
    assert found.facets["language"] == {}


def test_what_is_rejected_counts_nowhere() -> None:
    found = candidates_of(answer_of(DOCUMENT, replace(DOCUMENT, id="other")), index="index")
    left = without(found, [found.items[0]])
    assert [item.document.id for item in left.items] == ["other"]
    assert (left.total, left.facets["kind"], left.facets["person"]) == (
        1,
        {"photo": 1},
        {"anna": 1, "Anna": 1},
    )
    assert without(left, left.items).facets["kind"] == {}


@pytest.mark.parametrize("answer", [{}, {"hits": 1}, {"hits": [], "facetsByIndex": {}}])
def test_what_is_no_answer_is_told(answer: dict[str, object]) -> None:
    with pytest.raises(SearchUnavailable, match="did not answer as a search server"):
        candidates_of(answer, index="index")
