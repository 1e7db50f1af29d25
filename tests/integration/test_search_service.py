"""Search over a real database: from rows to hits, for everybody who may see them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, update

from portal.db import tables
from portal.errors import InvalidInput, SearchUnavailable
from portal.ids import new_id
from portal.runtime import Runtime
from portal.search import service
from portal.search.documents import DocumentKind
from portal.search.engines.interface import Filters
from portal.search.models import SearchRequest, SearchResults
from portal.visibility import INSTALLATION, PUBLIC, Viewer
from workers.indexing import index_asset, index_event

pytestmark = pytest.mark.postgres

HOUR = timedelta(hours=1)
MEDIAELEMENT = (
    (0.1, 4, "HTML5 <video> and <audio> was supposed to be awesome, powerful, and fun."),
    (4, 7, "But browser vendors couldn't agree on a codec"),
    (7, 10, "and older browsers don't support <video> at all."),
    (10, 12, 'This means <video src="myfile.mp4" /> doesn\'t work ...'),
    (12, 14, "until now."),
)


class Archive:
    """Writes rows as the features do, and commits them."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        with runtime.engine.begin() as connection:
            self.now: datetime = connection.scalars(select(func.now())).one()

    def add(self, table: Any, **values: object) -> None:
        with self.runtime.engine.begin() as connection:
            connection.execute(insert(table).values(**values))

    def change(self, table: Any, id: str, **values: object) -> None:  # noqa: A002
        with self.runtime.engine.begin() as connection:
            connection.execute(update(table).where(table.c.id == id).values(**values))

    def event(self, slug: str, *, released: bool = True, **values: object) -> str:
        event_id = new_id()
        released_at = self.now - HOUR if released else None
        row = {"title": {"en": slug}, "released_at": released_at, **values}
        self.add(tables.events, id=event_id, slug=slug, **row)
        return event_id

    def asset(self, event_id: str, kind: str, *, verified: bool = True, **values: object) -> str:
        asset_id = new_id()
        self.add(
            tables.assets, id=asset_id, event_id=event_id, kind=kind, filename="draft.bin", **values
        )
        self.add(
            tables.originals,
            asset_id=asset_id,
            event_id=event_id,
            key=f"originals/{asset_id}",
            size_bytes=1,
            media_type="application/octet-stream",
            verified_at=self.now if verified else None,
        )
        return asset_id

    def captions(
        self, event_id: str, lines: tuple[tuple[float, float, str], ...], **values: object
    ) -> str:
        asset_id, transcript_id = self.asset(event_id, "captions"), new_id()
        row = {"language": "en", "status": "supplied", **values}
        self.add(tables.transcripts, id=transcript_id, source_asset_id=asset_id, **row)
        for position, (start, end, text) in enumerate(lines):
            self.add(
                tables.cues,
                transcript_id=transcript_id,
                position=position,
                start_seconds=start,
                end_seconds=end,
                text=text,
            )
        return asset_id

    def person(self, name: str, slug: str, *variants: str) -> str:
        person_id = new_id()
        self.add(tables.people, id=person_id, name=name, slug=slug)
        for variant in variants:
            self.add(tables.person_variants, person_id=person_id, variant=variant)
        return person_id

    def search(self, query: str, *, viewer: Viewer = PUBLIC, **options: Any) -> SearchResults:
        request = SearchRequest(query=query, **options)
        with self.runtime.engine.begin() as connection:
            return service.search(connection, self.runtime.search, request, viewer=viewer)

    def rebuild(self) -> int:
        with self.runtime.engine.begin() as connection:
            return service.rebuild_index(connection, self.runtime.search)


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
    assert public.partial is (not is_public and not is_reindexed)
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
