"""The order of hits, the second they point at, and what is marked in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.search.documents import Document, DocumentKind, TimedText, Version
from portal.search.engines.interface import Candidate
from portal.search.hits import RankedHit, shown_in
from portal.search.query import parse_query
from portal.search.ranking import rank
from portal.search.snippets import ELLIPSIS


def document(text: str, **changes: Any) -> Document:
    base = Document(
        id="d",
        owner_id="a",
        kind=DocumentKind.PASSAGE,
        event_id="e",
        event_slug="scrum",
        asset_id="a",
        person_slug=None,
        language="en",
        title="",
        text=text,
    )
    return replace(base, **changes)


def spoken(*lines: str, start: float = 0.0, **changes: Any) -> Document:
    """A passage with a cue of three seconds for each line."""
    cues: list[TimedText] = []
    offset = 0
    for number, line in enumerate(lines):
        at = start + 3.0 * number
        cues.append(TimedText(offset, len(line), at, at + 3.0, f"speaker {number}"))
        offset += len(line) + 1
    return document(" ".join(lines), cues=tuple(cues), **changes)


def hits(query: str, *documents: Document) -> list[RankedHit]:
    return rank(parse_query(query), [Candidate(found, score=1.0) for found in documents])


def order(query: str, *texts: Document | str) -> list[str]:
    """Ids of the documents in their order; texts get their number as id."""
    documents = [
        document(text, id=str(number), asset_id=str(number)) if isinstance(text, str) else text
        for number, text in enumerate(texts)
    ]
    return [hit.document.id for hit in hits(query, *documents)]


def marked(hit: RankedHit) -> list[str]:
    return [hit.text[start:end] for start, end in hit.highlights]


# --- order -----------------------------------------------------------------------------------


def test_the_closer_the_words_the_higher_the_hit() -> None:
    far = " x" * 30
    assert order(
        "browser vendor",
        "brauser vendor",  # not found by every word: last
        f"vendors {far} browsers",
        f"vendor {far} browser",
        "vendor of a browser",
        "a browser vendor",
    ) == ["4", "3", "2", "1", "0"]


def test_as_written_comes_before_stem_and_stem_before_sound() -> None:
    assert order("ярош", "jarosch", "яроша", "ярош") == ["2", "1", "0"]


def test_the_shorter_stretch_comes_first() -> None:
    assert order("vendor browser", "browser a b c vendor", "browser a vendor") == ["1", "0"]


def test_a_title_comes_before_a_name_and_a_name_before_a_text() -> None:
    kind = DocumentKind.EVENT
    in_text = document("the congress", id="text", kind=kind, event_id="1")
    in_name = document("", id="name", kind=kind, names=("Congress",), event_id="2")
    in_title = document("", id="title", kind=kind, title="A congress", event_id="3")
    assert order("congress", in_text, in_name, in_title) == ["title", "name", "text"]


def test_a_phrase_in_a_text_comes_before_scattered_words_in_a_title() -> None:
    kind = DocumentKind.EVENT
    in_title = document("", id="title", kind=kind, title="Scrum for the press", event_id="1")
    in_text = document("a press scrum", id="text", kind=kind, event_id="2")
    assert order("press scrum", in_title, in_text) == ["text", "title"]


def test_equals_are_ordered_by_age_then_id_whatever_an_engine_thinks_of_them() -> None:
    new = document("word", id="new", asset_id="1", happened_at=datetime(2026, 1, 1, tzinfo=UTC))
    old = document("word", id="old", asset_id="2", happened_at=datetime(2019, 1, 1, tzinfo=UTC))
    undated = document("word", id="undated", asset_id="3")
    assert order("word", undated, old, new) == ["new", "old", "undated"]
    scored = [Candidate(new, 1.0), Candidate(undated, 2.0)]
    assert [hit.document.id for hit in rank(parse_query("word"), scored)] == ["new", "undated"]


def of_kind(kind: DocumentKind, text: str = "", **changes: Any) -> Document:
    """Its id is its kind."""
    return document(text, id=kind.value, kind=kind, asset_id=kind.value, **changes)


PERSON, PASSAGE, RECORDING, EVENT, PHOTO = (
    DocumentKind.PERSON,
    DocumentKind.PASSAGE,
    DocumentKind.RECORDING,
    DocumentKind.EVENT,
    DocumentKind.PHOTO,
)
JAROSCH = ("Yarosch", "Ярош")


def test_at_equal_closeness_what_was_said_comes_first_and_photos_last() -> None:
    assert order(
        "stamp cancellation",
        of_kind(PHOTO, title="Stamp cancellation"),
        of_kind(EVENT, "Postal history\nStamp cancellation"),
        of_kind(RECORDING, title="The stamp cancellation"),
        of_kind(PASSAGE, "why is the stamp cancellation held today"),
    ) == ["passage", "recording", "event", "photo"]


def test_a_closer_photo_comes_before_a_looser_quote() -> None:
    assert order(
        "stamp cancellation",
        of_kind(PASSAGE, "stamps cancelled"),
        of_kind(PHOTO, "Stamp cancellation"),
    ) == ["photo", "passage"]


def test_a_name_brings_the_person_then_what_is_said_of_them() -> None:
    assert order(
        "Yarosch",
        of_kind(PHOTO, names=JAROSCH),
        of_kind(EVENT, names=JAROSCH),
        of_kind(PASSAGE, "President Jarosch, what now"),
        of_kind(PERSON, "President", person_slug="g", title="Gerold Jarosch", names=JAROSCH),
    ) == ["person", "passage", "event", "photo"]


def test_half_a_name_is_a_mention_where_its_bearer_is_present() -> None:
    person = of_kind(PERSON, person_slug="g", title="Gerold Jarosch")
    named = of_kind(EVENT, names=("Gerold Jarosch",))
    passage = of_kind(PASSAGE, "Mr Jarosch, what now")
    present = replace(passage, people=("g",))
    assert order("Gerold Jarosch", named, present, person) == ["person", "passage", "event"]
    assert order("Gerold Jarosch", named, passage, person) == ["person", "event", "passage"]


def test_a_spelling_that_is_known_counts_as_written_also_without_the_person() -> None:
    photo = of_kind(PHOTO, names=JAROSCH)
    assert order("Yarosch", photo, of_kind(PASSAGE, "Mr Jarosch")) == ["photo", "passage"]
    known = of_kind(PASSAGE, "Mr Jarosch", names=JAROSCH)
    assert order("Yarosch", photo, known) == ["passage", "photo"]


def test_of_equals_the_reader_s_language_comes_first() -> None:
    candidates = [
        Candidate(document("word", id=language, language=language), score=1.0)
        for language in ("en", "ru", "be")
    ]
    found = rank(parse_query("word"), candidates, language="be")
    assert [hit.document.id for hit in found] == ["be", "ru", "en"]


def test_a_role_is_no_name() -> None:
    person = of_kind(
        PERSON,
        "Director",
        person_slug="a",
        title="Alena Kavalets",
        names=("Director", "Директор"),
        versions=(Version("ru", "Alena Kavalets", "Директор"),),
    )
    for role in ("director", "директор"):
        assert order(role, person, of_kind(PASSAGE, role)) == ["passage", "person"]


# --- the second ------------------------------------------------------------------------------


def test_a_hit_points_at_the_cue_that_matches() -> None:
    (hit,) = hits(
        "browser vendors",
        spoken("was supposed to be fun", "But browser vendors couldn't", "and older browsers", "x"),
    )
    assert (hit.start_seconds, hit.end_seconds, hit.speaker) == (3.0, 6.0, "speaker 1")
    assert hit.text == "was supposed to be fun But browser vendors couldn't and older browsers"
    assert marked(hit) == ["browser", "vendors", "browsers"]


def test_the_first_of_equal_matches_counts() -> None:
    (hit,) = hits("word", spoken("a", "word", "b", "word"))
    assert hit.start_seconds == 3.0


def test_an_exact_match_is_pointed_at_rather_than_an_earlier_stem() -> None:
    (hit,) = hits("vendor", spoken("vendors", "b", "vendor"))
    assert hit.start_seconds == 6.0


def test_a_phrase_over_a_cue_border_begins_in_the_first_cue() -> None:
    (hit,) = hits('"cannot agree on a codec"', spoken("they cannot agree", "on a codec yet", "so"))
    assert (hit.start_seconds, hit.end_seconds) == (0.0, 6.0)
    assert marked(hit) == ["cannot", "agree", "on", "a", "codec"]


def test_words_apart_are_pointed_at_where_they_are_nearest() -> None:
    (hit,) = hits("vote result", spoken("vote", "b c", "d vote e result", "result"))
    assert hit.start_seconds == 6.0


def test_a_phrase_is_marked_only_as_a_phrase() -> None:
    (hit,) = hits('"open session"', spoken("session open", "open session"))
    assert marked(hit) == ["open", "session"]
    assert hit.start_seconds == 3.0


def test_what_matches_by_name_alone_has_no_second() -> None:
    (hit,) = hits("jarosch", document("", kind=DocumentKind.RECORDING, names=("Gerhard Jarosch",)))
    assert (hit.start_seconds, hit.text, hit.highlights) == (None, "", ())


# --- one thing once --------------------------------------------------------------------------


def test_windows_that_share_the_moment_are_one_hit() -> None:
    first = spoken("a", "the word", id="1")
    second = spoken("the word", "b", id="2", start=3.0)
    assert len(hits("word", first, second)) == 1
    in_russian = replace(second, id="3", language="ru")
    assert len(hits("word", first, second, in_russian)) == 2


@pytest.mark.parametrize(
    ("kind", "shared", "other"),
    [
        (DocumentKind.EVENT, {"event_id": "1"}, {"event_id": "2"}),
        (DocumentKind.PERSON, {"person_slug": "anna"}, {"person_slug": "boris"}),
        (DocumentKind.RECORDING, {"asset_id": "1"}, {"asset_id": "2"}),
        (DocumentKind.PHOTO, {"asset_id": "1"}, {"asset_id": "2"}),
    ],
)
def test_languages_and_appearances_of_one_thing_are_one_hit(
    kind: DocumentKind, shared: dict[str, Any], other: dict[str, Any]
) -> None:
    documents = [
        document("word", id="1", kind=kind, language="en", **shared),
        document("word", id="2", kind=kind, language="ru", **shared),
        document("word", id="3", kind=kind, language="ru", **other),
    ]
    assert len(hits("word", *documents)) == 2


# --- in the reader's language ----------------------------------------------------------------


def test_a_hit_is_shown_in_the_language_asked_for() -> None:
    version = Version("en", "The quay", "Jarosch\nThe ship arrives")
    query = parse_query("Ярош корабль")
    found = document("Ярош и корабль", kind=PHOTO, language="ru", title="Пирс", versions=(version,))
    (hit,) = rank(query, [Candidate(found, score=1.0)])
    english = shown_in(hit, "en", query=query)
    assert (english.document.language, english.document.title) == ("en", "The quay")
    assert (english.text, marked(english)) == ("Jarosch", ["Jarosch"])
    for language in ("ru", "be", None):
        assert shown_in(hit, language, query=query) == hit


def test_spoken_words_stay_as_they_were_said() -> None:
    query = parse_query("слово")
    (hit,) = rank(query, [Candidate(spoken("слово", language="ru"), score=1.0)])
    assert shown_in(hit, "en", query=query) == hit


# --- whatever is asked ------------------------------------------------------------------------

WORDS = st.lists(
    st.sampled_from(["vote", "votes", "Ещё", "аб’ява", "naïve", "𝒳yz", "e\u0301te", "x" * 90]),
    min_size=1,
    max_size=60,
)


@given(st.lists(WORDS, min_size=1, max_size=6), WORDS)
def test_highlights_always_slice_words_out_of_the_text(
    lines: list[list[str]], wanted: list[str]
) -> None:
    texts = [" ".join(line) for line in lines]
    candidates = [spoken(*texts), document(" ".join(texts), kind=DocumentKind.EVENT, id="e")]
    for hit in hits(" ".join(wanted), *candidates):
        assert hit.text.strip(ELLIPSIS) in hit.document.text
        assert hit.highlights == tuple(sorted(set(hit.highlights)))
        for start, end in hit.highlights:
            assert 0 <= start < end <= len(hit.text)
            assert hit.text[start:end] in hit.document.text.split()


@given(st.text(max_size=80), st.text(max_size=20))
def test_ranking_never_raises(text: str, query: str) -> None:
    documents = [spoken(text, text), document(text, kind=DocumentKind.EVENT, title=text)]
    for hit in hits(query, *documents):
        assert hit.text.strip(ELLIPSIS) in hit.document.text
