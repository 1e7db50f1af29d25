"""Search over a real database: from rows to hits, for everybody who may see them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update

from portal.db import tables
from portal.errors import InvalidInput, SearchUnavailable
from portal.runtime import Runtime
from portal.search import service
from portal.search.documents import DocumentKind
from portal.search.engines.interface import CANDIDATES_MAX, Filters
from portal.search.models import SearchResults
from portal.transcripts.formats import read_captions
from portal.visibility import INSTALLATION
from tests.integration.search_archive import HOUR, MEDIAELEMENT, Archive
from workers.indexing import index_asset, index_event

pytestmark = pytest.mark.postgres


@pytest.fixture
def archive(runtime: Runtime) -> Archive:
    return Archive(runtime)


def kinds(results: SearchResults) -> list[DocumentKind]:
    return [hit.kind for hit in results.hits]


# --- from rows to hits -----------------------------------------------------------------------


def test_a_quote_is_found_at_its_second(archive: Archive) -> None:
    event_id = archive.event("real")
    asset_id = archive.captions(event_id, MEDIAELEMENT)
    index_asset(archive.runtime, asset_id)
    results = archive.search("browser vendors")
    (hit,) = results.hits
    assert (hit.kind, hit.asset_id, hit.event_slug) == (DocumentKind.PASSAGE, asset_id, "real")
    assert (hit.start_seconds, hit.end_seconds) == (4, 7)
    assert [hit.text[a:b] for a, b in hit.highlights] == ["browser", "vendors", "browsers"]
    assert hit.title == "real"
    assert (results.total, results.partial, results.next_cursor) == (1, False, None)


def test_a_quote_is_found_in_real_captions(archive: Archive, samples: Path) -> None:
    captions = samples / "video" / "mediaelement.srt"
    cues = read_captions(captions.read_bytes(), filename=captions.name).cues
    event_id = archive.event("real")
    lines = tuple((cue.start_seconds, cue.end_seconds, cue.text) for cue in cues)
    archive.captions(event_id, lines)
    index_event(archive.runtime, event_id)
    (hit,) = archive.search('"browser vendors"').hits
    assert (hit.start_seconds, hit.end_seconds) == (4, 7)


def test_captions_within_a_recording_are_found_until_a_file_outdoes_them(
    archive: Archive,
) -> None:
    event_id = archive.event("real")
    video_id = archive.asset(event_id, "video")
    archive.embedded(video_id, ((1, 2, "recognised by machine"),))
    index_asset(archive.runtime, video_id)
    (hit,) = archive.search("recognised").hits
    assert (hit.asset_id, hit.start_seconds) == (video_id, 1)

    row = {"recording_id": video_id}
    captions_id = archive.captions(event_id, ((1, 2, "written by hand"),), verified=False, **row)
    index_asset(archive.runtime, captions_id)
    assert len(archive.search("recognised").hits) == 1

    verified = tables.originals.c.asset_id == captions_id
    with archive.runtime.engine.begin() as connection:
        connection.execute(update(tables.originals).where(verified).values(verified_at=archive.now))
    index_asset(archive.runtime, captions_id)
    assert archive.search("recognised").hits == ()
    assert archive.search("written").hits[0].asset_id == video_id


def test_captions_of_a_recording_in_other_languages_are_all_found(archive: Archive) -> None:
    event_id = archive.event("real")
    video_id = archive.asset(event_id, "video")
    archive.embedded(video_id, ((1, 2, "recognised by machine"),))
    archive.captions(event_id, ((1, 2, "по-русски"),), language="ru", recording_id=video_id)
    index_asset(archive.runtime, video_id)
    assert len(archive.search("recognised").hits) == len(archive.search("по-русски").hits) == 1


def test_paired_captions_show_their_recording_and_outlive_its_indexing(archive: Archive) -> None:
    event_id = archive.event("real")
    video_id = archive.asset(event_id, "video", title={"en": "Explainer"})
    captions_id = archive.captions(event_id, MEDIAELEMENT, recording_id=video_id)
    for indexed in (captions_id, video_id, captions_id):
        index_asset(archive.runtime, indexed)
        (hit,) = archive.search("browser vendors").hits
        assert (hit.asset_id, hit.title) == (video_id, "Explainer")
    archive.change(tables.assets, video_id, title={"en": "Renamed"})
    index_asset(archive.runtime, video_id)
    assert archive.search("browser vendors").hits[0].title == "Renamed"


def test_captions_that_are_paired_later_move_to_the_recording(archive: Archive) -> None:
    event_id = archive.event("real")
    captions_id = archive.captions(event_id, MEDIAELEMENT)
    index_asset(archive.runtime, captions_id)
    video_id = archive.asset(event_id, "video")
    with archive.runtime.engine.begin() as connection:
        connection.execute(update(tables.transcripts).values(recording_id=video_id))
    index_asset(archive.runtime, video_id)
    (hit,) = archive.search("browser vendors").hits
    assert hit.asset_id == video_id


def test_a_removed_asset_is_found_no_more(archive: Archive) -> None:
    event_id = archive.event("real")
    video_id = archive.asset(event_id, "video", title={"en": "Explainer"})
    captions_id = archive.captions(event_id, MEDIAELEMENT, recording_id=video_id)
    index_event(archive.runtime, event_id)
    archive.change(tables.assets, captions_id, removed_at=archive.now)
    assert archive.search("vendors", viewer=INSTALLATION).hits == ()
    index_asset(archive.runtime, captions_id)
    assert archive.search("vendors", viewer=INSTALLATION).total == 0
    archive.change(tables.assets, video_id, removed_at=archive.now)
    index_asset(archive.runtime, video_id)
    assert archive.search("explainer", viewer=INSTALLATION).total == 0


def test_every_kind_is_found_in_any_spelling(archive: Archive) -> None:
    person_id = archive.person("Gerhard Jarosch", "gerhard-jarosch", "Ярош", "Yarosch")
    event_id = archive.event("congress", place={"be": "Мінск"})
    archive.add(
        tables.event_people,
        event_id=event_id,
        person_id=person_id,
        position=0,
        role={"en": "Chairman"},
    )
    video_id = archive.asset(event_id, "video")
    photo_id = archive.asset(event_id, "photo", caption={"ru": "Рукопожатие"})
    for asset_id in (video_id, photo_id):
        archive.add(tables.asset_people, asset_id=asset_id, person_id=person_id)
    archive.add(tables.photo_metadata, asset_id=photo_id, creator="Anna", keywords=["arrival"])
    archive.captions(event_id, ((0, 3, "Спросим Яроша"),), language="ru", recording_id=video_id)
    index_event(archive.runtime, event_id)
    for spelling in ("Jarosch", "Ярош", "yarosh"):
        assert set(kinds(archive.search(spelling))) == set(DocumentKind)
    assert kinds(archive.search("chairman")) == [DocumentKind.PERSON]
    assert kinds(archive.search("arrival anna")) == [DocumentKind.PHOTO]
    for spelling in ("мінск", "Минск", "minsk"):
        assert kinds(archive.search(spelling)) == [DocumentKind.EVENT]
    person = next(h for h in archive.search("ярош").hits if h.kind is DocumentKind.PERSON)
    assert (person.person_slug, person.person_name) == ("gerhard-jarosch", "Gerhard Jarosch")


def test_one_photo_in_two_languages_is_one_hit_in_the_reader_s(archive: Archive) -> None:
    event_id = archive.event("congress")
    archive.asset(event_id, "photo", caption={"en": "Mr Jarosch arrives", "ru": "Приезд Яроша"})
    index_event(archive.runtime, event_id)
    for language, text, marked in (
        ("en", "Mr Jarosch arrives", "Jarosch"),
        ("ru", "Приезд Яроша", "Яроша"),
        ("be", "Mr Jarosch arrives", "Jarosch"),
    ):
        results = archive.search("jarosch", page_language=language)
        (hit,) = results.hits
        assert hit.text == text
        assert [hit.text[start:end] for start, end in hit.highlights] == [marked]
        assert results.total == 2, "before grouping"
        assert results.listed is not None
        assert results.listed.total == 1
        assert results.listed.facets["kind"] == {"photo": 1}
        assert results.listed.facets["language"] == {"en": 1, "ru": 1}
    filters = Filters(language="ru")
    (hit,) = archive.search("jarosch", page_language="en", filters=filters).hits
    assert hit.text == "Приезд Яроша"


def test_a_version_that_does_not_match_is_shown_without_marks(archive: Archive) -> None:
    event_id = archive.event("congress")
    archive.asset(event_id, "photo", caption={"en": "The chairman arrives", "ru": "Приезд Яроша"})
    index_event(archive.runtime, event_id)
    (hit,) = archive.search("ярош", page_language="en").hits
    assert (hit.language, hit.text, hit.highlights) == ("en", "The chairman arrives", ())
    (hit,) = archive.search("ярош").hits
    assert (hit.language, hit.text) == ("ru", "Приезд Яроша")


def test_an_event_shows_the_line_that_matches(archive: Archive) -> None:
    event_id = archive.event(
        "congress", summary={"en": "Archives open."}, place={"en": "Palace of Communications"}
    )
    archive.add(tables.event_topics, event_id=event_id, position=0, name={"en": "Postal history"})
    index_event(archive.runtime, event_id)
    for query, text in (
        ("history", "Postal history"),
        ("palace", "Palace of Communications"),
        ("congress", "Archives open."),
    ):
        assert [hit.text for hit in archive.search(query).hits] == [text]


def test_a_speaker_with_a_page_is_named_by_it(archive: Archive) -> None:
    person_id = archive.person("Gerhard Jarosch", "gerhard-jarosch", "Ярош")
    event_id = archive.event("congress")
    archive.add(tables.event_people, event_id=event_id, person_id=person_id, position=0)
    asset_id = archive.captions(event_id, ((0, 3, "We will answer"), (3, 6, "Nobody asked")))
    with archive.runtime.engine.begin() as connection:
        cues = tables.cues
        connection.execute(update(cues).where(cues.c.position == 0).values(speaker="ЯРОШ"))
        connection.execute(update(cues).where(cues.c.position == 1).values(speaker="A voice"))
    index_asset(archive.runtime, asset_id)
    (answer,) = archive.search("answer").hits
    assert (answer.person_slug, answer.person_name) == ("gerhard-jarosch", "Gerhard Jarosch")
    (asked,) = archive.search("nobody").hits
    assert (asked.person_slug, asked.person_name) == (None, "A voice")
    assert archive.search("answer", filters=Filters(person="gerhard-jarosch")).total == 1


def test_nothing_private_is_indexed(archive: Archive) -> None:
    event_id = archive.event("congress", contact={"name": "Vera", "email": "vera@example.org"})
    archive.asset(event_id, "photo")
    archive.asset(event_id, "video")
    archive.rebuild()
    for private in ("vera", "example", "draft", "bin"):
        assert archive.search(private, viewer=INSTALLATION).total == 0


def test_a_hit_knows_the_picture_that_stands_for_it(archive: Archive) -> None:
    event_id = archive.event("congress")
    photo_id = archive.asset(event_id, "photo", title={"en": "Arrival"})
    rendition: Mapping[str, object] = {
        "step": "photo",
        "attempt": 1,
        "kind": "image",
        "key": "k",
        "media_type": "image/jpeg",
        "size_bytes": 1,
        "sha256": "0",
    }
    for name in ("photo-320.jpg", "photo-800.jpg"):
        archive.add(tables.renditions, asset_id=photo_id, name=name, **rendition)
    index_asset(archive.runtime, photo_id)
    assert archive.search("arrival").hits[0].poster == "photo-320.jpg"


# --- who may see it --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "is_public"),
    [
        ({"released_at": None}, False),
        ({"released_at": HOUR}, False),
        ({"released_at": -HOUR}, True),
        ({"released_at": -HOUR, "withdrawn_at": HOUR}, True),
        ({"released_at": -2 * HOUR, "withdrawn_at": -HOUR}, False),
    ],
)
@pytest.mark.parametrize("is_reindexed", [True, False])
def test_the_public_sees_what_is_out_even_when_the_index_lags(
    archive: Archive, changes: dict[str, timedelta | None], is_public: bool, is_reindexed: bool
) -> None:
    event_id = archive.event("secret")
    asset_id = archive.captions(event_id, MEDIAELEMENT)
    index_event(archive.runtime, event_id)
    values = {name: shift and archive.now + shift for name, shift in changes.items()}
    archive.change(tables.events, event_id, **values)
    if is_reindexed:
        index_event(archive.runtime, event_id)
    public = archive.search("vendors")
    assert [hit.asset_id for hit in public.hits] == [asset_id] * is_public
    assert public.total == int(is_public)
    assert any(public.facets.values()) is is_public
    assert public.partial is False, "that something is hidden is not to be told"
    desk = archive.search("vendors", viewer=INSTALLATION)
    assert (len(desk.hits), desk.total, desk.partial) == (1, 1, False)


def test_an_asset_is_public_once_its_original_is_verified(archive: Archive) -> None:
    event_id = archive.event("congress")
    asset_id = archive.asset(event_id, "video", verified=False, title={"en": "Scrum"})
    index_asset(archive.runtime, asset_id)
    assert archive.search("scrum").total == 0
    assert archive.search("scrum", viewer=INSTALLATION).total == 1
    with archive.runtime.engine.begin() as connection:
        connection.execute(update(tables.originals).values(verified_at=archive.now))
    index_asset(archive.runtime, asset_id)
    assert archive.search("scrum").total == 1


def test_what_is_hidden_counts_nowhere_even_behind_what_is_shown(archive: Archive) -> None:
    """The same person in a public and in a withdrawn event: one hit, and one match."""
    person_id = archive.person("Gerhard Jarosch", "gerhard-jarosch")
    event_ids = [archive.event("open"), archive.event("secret")]
    for event_id in event_ids:
        row = {"event_id": event_id, "person_id": person_id, "position": 0}
        archive.add(tables.event_people, **row)
        index_event(archive.runtime, event_id)
    for hidden_id, shown in zip(event_ids, ("secret", "open"), strict=True):
        archive.change(tables.events, hidden_id, withdrawn_at=archive.now - HOUR)
        results = archive.search("jarosch", filters=Filters(kinds=frozenset({DocumentKind.PERSON})))
        assert [hit.event_slug for hit in results.hits] == [shown]
        assert results.total == 1
        assert results.facets["event"] == {shown: 1}
        archive.change(tables.events, hidden_id, withdrawn_at=None)


MANY = CANDIDATES_MAX + 5


def many_photos(archive: Archive) -> tuple[str, str]:
    """(a public event with more photos than are examined, one that matches less well)."""
    crowd_id = archive.event("crowd")
    documents = archive.photo_documents(crowd_id, "crowd", count=MANY, title="Arrival")
    other_id = archive.event("secret")
    worse = "Arrival " + "of somebody with a long name " * 8
    documents += archive.photo_documents(other_id, "secret", count=1, title=worse)
    archive.runtime.search.replace([], documents)
    return crowd_id, other_id


def test_more_matches_than_are_examined_are_counted_by_the_engine(archive: Archive) -> None:
    many_photos(archive)
    results = archive.search("arrival")
    assert (results.total, results.partial) == (MANY + 1, False)
    assert results.facets["event"] == {"crowd": MANY, "secret": 1}
    assert results.listed is None


def test_matches_that_are_not_examined_betray_no_hidden_event(archive: Archive) -> None:
    _, other_id = many_photos(archive)
    archive.change(tables.events, other_id, withdrawn_at=archive.now - HOUR)
    results = archive.search("arrival")
    assert (results.total, results.partial) == (CANDIDATES_MAX, False)
    assert results.facets["event"] == {"crowd": CANDIDATES_MAX}


def test_matches_that_are_not_examined_betray_no_removed_file(archive: Archive) -> None:
    crowd_id, _ = many_photos(archive)
    removed_id = archive.asset(crowd_id, "photo")
    archive.change(tables.assets, removed_id, removed_at=archive.now)
    assert archive.search("arrival").total == CANDIDATES_MAX
    archive.change(tables.assets, removed_id, removed_at=archive.now - 25 * HOUR)
    assert archive.search("arrival").total == MANY + 1


def test_a_hit_knows_the_clocks_of_its_event(archive: Archive) -> None:
    event_id = archive.event("congress", time_zone="Europe/Minsk")
    index_event(archive.runtime, event_id)
    assert archive.search("congress").hits[0].time_zone == "Europe/Minsk"


# --- pages and limits ------------------------------------------------------------------------


def test_pages_follow_one_another_without_gap_or_repeat(archive: Archive) -> None:
    event_id = archive.event("congress")
    assets = [archive.asset(event_id, "photo", title={"en": "Arrival"}) for _ in range(7)]
    index_event(archive.runtime, event_id)
    seen: list[str | None] = []
    cursor: str | None = None
    for size in (3, 3, 1):
        results = archive.search("arrival", limit=3, cursor=cursor)
        assert (len(results.hits), results.total) == (size, 7)
        seen += [hit.asset_id for hit in results.hits]
        cursor = results.next_cursor
    assert cursor is None
    assert sorted(filter(None, seen)) == sorted(assets)


@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": 101}, {"cursor": "forged"}])
def test_bad_requests_are_refused_by_name(archive: Archive, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        archive.search("word", **options)
    assert refused.value.fields.keys() == options.keys()


def test_a_query_without_words_has_no_hits(archive: Archive) -> None:
    results = archive.search(" ?! ")
    assert (results.hits, results.total, results.partial) == ((), 0, False)


# --- staying true ----------------------------------------------------------------------------


def test_without_an_engine_the_answer_says_that_it_is_partial(archive: Archive) -> None:
    pointer = archive.runtime.settings.data_path / "search" / "current"
    archive.rebuild()
    pointer.write_text("damaged")
    results = archive.search("anything")
    assert (results.hits, results.total, results.partial) == ((), 0, True)
    with (
        archive.runtime.engine.begin() as connection,
        pytest.raises(SearchUnavailable, match="portal index rebuild"),
    ):
        service.check_index(connection, archive.runtime.search)
    archive.rebuild()
    assert archive.search("anything").partial is False


def test_a_check_lists_every_difference_and_a_rebuild_ends_them(archive: Archive) -> None:
    def differences(connection: Connection) -> tuple[int, int, int]:
        found = service.check_index(connection, archive.runtime.search)
        return len(found.missing), len(found.surplus), len(found.changed)

    event_id = archive.event("congress")
    kept_id, removed_id = (
        archive.asset(event_id, "photo", title={"en": title}) for title in ("One", "Two")
    )
    index_event(archive.runtime, event_id)
    with archive.runtime.engine.begin() as connection:
        assert differences(connection) == (0, 0, 0)
    archive.change(tables.assets, kept_id, title={"en": "Renamed"})
    archive.change(tables.assets, removed_id, removed_at=archive.now)
    archive.asset(event_id, "photo", title={"en": "Three"})
    with archive.runtime.engine.begin() as connection:
        assert differences(connection) == (1, 1, 1)
    assert archive.rebuild() == 3
    with archive.runtime.engine.begin() as connection:
        assert service.check_index(connection, archive.runtime.search).is_empty
