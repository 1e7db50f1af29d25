"""What every search engine promises; run over each implementation."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.errors import SearchUnavailable
from portal.search.documents import Document, DocumentKind
from portal.search.encoding import digest, encode
from portal.search.engines.embedded import EmbeddedEngine
from portal.search.engines.interface import (
    CandidateQuery,
    Candidates,
    Filters,
    SearchEngine,
)
from portal.search.query import parse_query
from portal.visibility import INSTALLATION, PUBLIC, Role, Viewer
from tests.meilisearch_index import MeilisearchIndex

NOW = datetime(2026, 6, 4, 11, 0, 0, 123456, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
NO_FILTERS = Filters()
EDITOR = Viewer(role=Role.EDITOR, account_id="someone")

OpenEngine = Callable[[], SearchEngine]
"""Opens the same index again, as another process would."""


@pytest.fixture(params=["embedded", "meilisearch"])
def open_engine(request: pytest.FixtureRequest, tmp_path: Path) -> OpenEngine:
    if request.param == "embedded":
        return lambda: EmbeddedEngine(tmp_path / "search")
    index: MeilisearchIndex = request.getfixturevalue("meilisearch_index")
    return index.engine


@pytest.fixture
def engine(open_engine: OpenEngine) -> SearchEngine:
    return open_engine()


def passage(text: str, *, id: str = "p1", owner: str = "asset1") -> Document:  # noqa: A002
    return Document(
        id=id,
        owner_id=owner,
        kind=DocumentKind.PASSAGE,
        event_id="event1",
        event_slug="scrum",
        asset_id="asset1",
        person_slug=None,
        language="en",
        title="",
        text=text,
        released_at=NOW - timedelta(days=1),
    )


def find(
    engine: SearchEngine,
    text: str,
    *,
    viewer: Viewer = PUBLIC,
    now: datetime = NOW,
    filters: Filters = NO_FILTERS,
    limit: int = 200,
) -> Candidates:
    query = parse_query(text)
    return engine.candidates(
        CandidateQuery(query.terms, query.phrases, viewer, now, filters, limit)
    )


def ids(candidates: Candidates) -> set[str]:
    return {item.document.id for item in candidates.items}


# --- what is found ---------------------------------------------------------------------------


def test_an_empty_index_finds_nothing_and_says_so(engine: SearchEngine) -> None:
    nothing = find(engine, "anything")
    assert nothing.items == ()
    assert nothing.total == 0
    assert engine.status().document_count == 0
    assert engine.document_digests() == {}


def test_a_rehearsal_changes_nothing(engine: SearchEngine) -> None:
    engine.rehearse()
    assert engine.document_digests() == {}
    engine.replace(["asset1"], [passage("hello")])
    engine.rehearse()
    assert engine.document_digests().keys() == {"p1"}
    assert find(engine, "hello").total == 1


def test_a_query_without_words_finds_nothing(engine: SearchEngine) -> None:
    engine.replace(["asset1"], [passage("hello")])
    assert find(engine, " ¶ !? ").total == 0


def test_a_candidate_carries_its_document_unchanged(engine: SearchEngine) -> None:
    document = replace(
        passage("Пресс-подход в 14:00"),
        names=("Ярош", "Jarosch"),
        people=("gerhard-jarosch",),
        happened_at=NOW,
        withdrawn_at=NOW + timedelta(days=400),
    )
    engine.replace(["asset1"], [document])
    (candidate,) = find(engine, "пресс").items
    assert candidate.document == document
    assert candidate.score > 0


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("But browser vendors couldn't agree", "VENDORS"),
        ("But browser vendors couldn't agree", "couldn’t browser"),
        ("But browser vendors couldn't agree", "vendor"),
        ("Ещё один конгресс прокуроров", "еще прокурор"),
        ("Ўладзімір адкрыў з’езд", "уладзімір з'езд"),
        ("Выступил Ярош", "Jarosch"),
        ("Words of Mr Yarosh", "Яроша"),
        ("naïve façade", "naive facade"),
    ],
)
def test_words_match_as_written_by_stem_or_by_sound(
    engine: SearchEngine, text: str, query: str
) -> None:
    engine.replace(["asset1"], [passage(text)])
    assert ids(find(engine, query)) == {"p1"}


@pytest.mark.parametrize("query", ["browser rain", "brow", "vendors vendors missing", "он"])
def test_every_word_is_required(engine: SearchEngine, query: str) -> None:
    engine.replace(["asset1"], [passage("browser vendors agree on it")])
    assert find(engine, query).total == 0


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ('"browser vendors"', True),
        ('"vendors"', True),
        ('"Vendors agree on"', True),
        ('"vendors browser"', False),
        ('"browser agree"', False),
        ('"browser vendor"', False),
        ('codec "browser vendors"', True),
        ('"browser vendors" "a codec"', True),
        ('"browser vendors" "no codec"', False),
    ],
)
def test_phrases_stand_word_for_word(engine: SearchEngine, query: str, is_found: bool) -> None:
    engine.replace(["asset1"], [passage("But browser vendors agree on a codec")])
    assert find(engine, query).total == int(is_found)


def test_no_phrase_reaches_from_the_title_into_the_text(engine: SearchEngine) -> None:
    photo = replace(passage("morning session"), kind=DocumentKind.PHOTO, title="Opening ceremony")
    engine.replace(["asset1"], [photo])
    assert find(engine, '"ceremony morning"').total == 0
    assert find(engine, "ceremony morning").total == 1


def test_a_passage_is_found_by_what_is_said_in_it(engine: SearchEngine) -> None:
    said = replace(passage("we will answer"), title="Press scrum", names=("Gerhard Jarosch",))
    engine.replace(["asset1"], [said])
    assert find(engine, "scrum").total == 0
    assert find(engine, '"gerhard jarosch"').total == 0
    assert find(engine, "jarosch answer").total == 1


def test_a_title_outranks_a_text(engine: SearchEngine) -> None:
    in_title = replace(passage("of two"), id="title", kind=DocumentKind.EVENT, title="Plenary")
    in_text = replace(passage("plenary of two"), id="text", kind=DocumentKind.EVENT, title="Day")
    engine.replace(["asset1"], [in_text, in_title])
    assert [item.document.id for item in find(engine, "plenary").items] == ["title", "text"]


def test_the_limit_bounds_the_items_and_not_the_total(engine: SearchEngine) -> None:
    engine.replace(["asset1"], [passage("hello", id=f"p{n}") for n in range(7)])
    found = find(engine, "hello", limit=3)
    assert len(found.items) == 3
    assert found.total == 7
    assert find(engine, "hello", limit=0).items == ()


# --- who may see it --------------------------------------------------------------------------

VISIBILITIES = [
    pytest.param(None, None, False, id="draft"),
    pytest.param(NOW + MOMENT, None, False, id="scheduled, a moment too early"),
    pytest.param(NOW, None, True, id="released at this very moment"),
    pytest.param(NOW - MOMENT, None, True, id="released"),
    pytest.param(NOW - MOMENT, NOW + MOMENT, True, id="to be withdrawn"),
    pytest.param(NOW - MOMENT, NOW, False, id="withdrawn at this very moment"),
    pytest.param(NOW - 2 * MOMENT, NOW - MOMENT, False, id="withdrawn"),
    pytest.param(None, NOW - MOMENT, False, id="withdrawn before it was released"),
]


@pytest.mark.parametrize(("released_at", "withdrawn_at", "is_public"), VISIBILITIES)
def test_the_public_finds_what_is_released_and_not_withdrawn(
    engine: SearchEngine,
    released_at: datetime | None,
    withdrawn_at: datetime | None,
    is_public: bool,
) -> None:
    document = replace(passage("secret"), released_at=released_at, withdrawn_at=withdrawn_at)
    engine.replace(["asset1"], [document])
    found = find(engine, "secret")
    assert len(found.items) == found.total == int(is_public)
    assert any(found.facets.values()) is is_public


@pytest.mark.parametrize("viewer", [EDITOR, INSTALLATION])
@pytest.mark.parametrize(("released_at", "withdrawn_at", "is_public"), VISIBILITIES)
def test_the_desk_finds_everything(
    engine: SearchEngine,
    viewer: Viewer,
    released_at: datetime | None,
    withdrawn_at: datetime | None,
    is_public: bool,
) -> None:
    document = replace(passage("secret"), released_at=released_at, withdrawn_at=withdrawn_at)
    engine.replace(["asset1"], [document])
    found = find(engine, "secret", viewer=viewer)
    assert (len(found.items), found.total, found.facets["kind"]) == (1, 1, {"passage": 1})


def test_a_release_needs_no_indexing(engine: SearchEngine) -> None:
    engine.replace(["asset1"], [replace(passage("embargo"), released_at=NOW + MOMENT)])
    assert find(engine, "embargo", now=NOW).total == 0
    assert find(engine, "embargo", now=NOW + MOMENT).total == 1


# --- filters and facets ----------------------------------------------------------------------


@pytest.fixture
def mixed(engine: SearchEngine) -> SearchEngine:
    base = replace(passage("vote"), happened_at=NOW)
    engine.replace(
        ["asset1"],
        [
            replace(base, id="a", people=("anna", "boris")),
            replace(base, id="b", language="ru", event_slug="gala", people=("boris",)),
            replace(base, id="c", kind=DocumentKind.PHOTO, happened_at=NOW - timedelta(days=9)),
            replace(base, id="d", kind=DocumentKind.PERSON, language=None, person_slug="anna"),
            replace(base, id="e", released_at=None, event_slug="hidden", people=("zoe",)),
        ],
    )
    return engine


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), "abcd"),
        (Filters(kinds=frozenset({DocumentKind.PHOTO})), "c"),
        (Filters(kinds=frozenset({DocumentKind.PHOTO, DocumentKind.PERSON})), "cd"),
        (Filters(language="ru"), "b"),
        (Filters(event_slug="scrum"), "acd"),
        (Filters(person="boris"), "ab"),
        (Filters(person="anna"), "ad"),
        (Filters(since=NOW), "abd"),
        (Filters(until=NOW - MOMENT), "c"),
        (Filters(since=NOW, until=NOW, event_slug="gala"), "b"),
        (Filters(language="be"), ""),
    ],
)
def test_filters_restrict_items_total_and_facets(
    mixed: SearchEngine, filters: Filters, expected: str
) -> None:
    found = find(mixed, "vote", filters=filters)
    assert ids(found) == set(expected)
    assert found.total == sum(found.facets["kind"].values()) == len(expected)


def test_every_event_is_counted_however_many_there_are(engine: SearchEngine) -> None:
    """Else nobody could tell whether all that is counted may be seen."""
    engine.rebuild(
        replace(passage("hello", id=f"p{number}"), event_slug=f"event-{number}")
        for number in range(1_200)
    )
    found = find(engine, "hello")
    assert sum(found.facets["event"].values()) == found.total == 1_200


def test_facets_count_visible_matches_alone(mixed: SearchEngine) -> None:
    assert find(mixed, "vote").facets == {
        "kind": {"passage": 2, "photo": 1, "person": 1},
        "language": {"en": 2, "ru": 1},
        "event": {"scrum": 3, "gala": 1},
        "person": {"boris": 2, "anna": 2},
    }


def test_facets_count_beyond_the_limit(mixed: SearchEngine) -> None:
    assert find(mixed, "vote", limit=1).facets == find(mixed, "vote").facets


# --- changes ---------------------------------------------------------------------------------


def test_replacing_is_idempotent(engine: SearchEngine) -> None:
    for _ in range(2):
        engine.replace(["asset1"], [passage("one", id="p1"), passage("two", id="p2")])
    assert engine.document_digests().keys() == {"p1", "p2"}
    assert engine.status().document_count == 2


def test_replacing_drops_what_the_owner_no_longer_has(engine: SearchEngine) -> None:
    other = passage("old", id="p3", owner="asset2")
    engine.replace(["asset1", "asset2"], [passage("old", id="p1"), passage("old", id="p2"), other])
    engine.replace(["asset1"], [passage("new", id="p2")])
    assert ids(find(engine, "old")) == {"p3"}
    assert ids(find(engine, "new")) == {"p2"}


def test_replacing_by_nothing_removes(engine: SearchEngine) -> None:
    engine.replace(["asset1"], [passage("hello")])
    engine.replace(["asset1"], [])
    assert find(engine, "hello").total == 0


def test_a_document_that_changed_owner_is_there_once(engine: SearchEngine) -> None:
    engine.replace(["asset1"], [passage("hello")])
    engine.replace(["asset2"], [passage("hello", owner="asset2")])
    assert find(engine, "hello").total == 1


def test_digests_tell_documents_apart(engine: SearchEngine) -> None:
    documents = [passage("one", id="p1"), passage("two", id="p2")]
    engine.replace(["asset1"], documents)
    assert engine.document_digests() == {d.id: digest(d) for d in documents}


def test_other_instances_see_a_change_at_once(open_engine: OpenEngine) -> None:
    reader, writer = open_engine(), open_engine()
    assert find(reader, "hello").total == 0
    writer.replace(["asset1"], [passage("hello")])
    assert find(reader, "hello").total == 1
    reader.replace(["asset1"], [])
    assert find(writer, "hello").total == 0
    writer.rebuild([passage("hello")])
    assert find(reader, "hello").total == 1


def test_an_index_outlives_its_engine(open_engine: OpenEngine) -> None:
    open_engine().replace(["asset1"], [passage("hello")])
    assert find(open_engine(), "hello").total == 1


def test_several_writers_take_turns(open_engine: OpenEngine) -> None:
    def write(number: int) -> None:
        owner = f"asset{number}"
        open_engine().replace([owner], [passage("hello", id=f"p{number}", owner=owner)])

    threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert find(open_engine(), "hello").total == 4


# --- rebuilding ------------------------------------------------------------------------------


def test_a_rebuild_holds_the_given_documents_alone(engine: SearchEngine) -> None:
    engine.replace(["asset1"], [passage("old")])
    assert engine.rebuild(passage("new", id=f"p{n}") for n in range(5)) == 5
    assert find(engine, "old").total == 0
    assert find(engine, "new").total == 5


def test_a_rebuild_that_fails_leaves_the_index_as_it_was(engine: SearchEngine) -> None:
    def broken() -> Iterator[Document]:
        yield passage("new")
        raise RuntimeError("the database went away")

    engine.replace(["asset1"], [passage("old")])
    with pytest.raises(RuntimeError):
        engine.rebuild(broken())
    assert find(engine, "new").total == 0
    assert find(engine, "old").total == 1
    assert engine.rebuild([passage("new")]) == 1


def test_readers_never_see_an_empty_or_half_made_index(open_engine: OpenEngine) -> None:
    documents = [passage("hello", id=f"p{n}") for n in range(50)]
    writer, reader = open_engine(), open_engine()
    writer.rebuild(documents)
    totals: list[int] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            totals.append(find(reader, "hello", limit=1).total)

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(3):
        writer.rebuild(documents)
        writer.replace(["asset1"], documents)
    is_over.set()
    thread.join()
    assert set(totals) == {50}


# --- damage (embedded) -----------------------------------------------------------------------


def test_an_index_of_another_version_asks_to_be_rebuilt(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path)
    engine.replace(["asset1"], [passage("hello")])
    pointer = tmp_path / "current"
    pointer.write_text(re.sub(r'(?<="schema_version": )\d+', "0", pointer.read_text()))
    with pytest.raises(SearchUnavailable, match="portal index rebuild"):
        find(engine, "hello")
    with pytest.raises(SearchUnavailable, match="portal index rebuild"):
        engine.replace(["asset1"], [])
    engine.rebuild([passage("hello")])
    assert find(engine, "hello").total == 1


@pytest.mark.parametrize("victim", ["current", "*/meta.json", "*/*.store", "*/*.idx", "*/*.term"])
@pytest.mark.parametrize("content", [b"", b"garbage" * 20])
def test_a_damaged_index_says_so_and_can_be_rebuilt(
    tmp_path: Path, victim: str, content: bytes
) -> None:
    EmbeddedEngine(tmp_path).replace(["asset1"], [passage("hello")])
    for path in tmp_path.glob(victim):
        path.write_bytes(content)
    engine = EmbeddedEngine(tmp_path)
    with pytest.raises(SearchUnavailable, match="portal index rebuild"):
        find(engine, "hello")
    engine.rebuild([passage("hello")])
    assert find(engine, "hello").total == 1


def test_old_generations_do_not_pile_up(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path)
    for _ in range(4):
        engine.rebuild([passage("hello")])
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2


def test_a_wiped_index_starts_anew(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path / "search")
    engine.replace(["asset1"], [passage("hello")])
    (tmp_path / "search").rename(tmp_path / "gone")
    assert find(engine, "hello").total == 0
    engine.replace(["asset1"], [passage("hello")])
    assert find(engine, "hello").total == 1


ENDLESS_REBUILD = """
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from portal.search.encoding import decode
from portal.search.engines.embedded import EmbeddedEngine

template = decode(sys.stdin.buffer.read())

def documents():
    for number in count():
        if number == 100:
            print("under way", flush=True)
        yield replace(template, id=str(number))

EmbeddedEngine(Path(sys.argv[1])).rebuild(documents())
"""


def test_a_writer_killed_at_work_leaves_the_index_usable(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path)
    engine.replace(["asset1"], [passage("old")])
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS_REBUILD, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.write(encode(passage("new")))
        writer.stdin.close()
        assert writer.stdout.readline() == b"under way\n"
        assert find(engine, "old").total == 1
        writer.kill()
    assert find(engine, "new").total == 0
    engine.replace(["asset2"], [passage("newer", id="p2", owner="asset2")])
    assert find(engine, "old").total == find(engine, "newer").total == 1
    engine.rebuild([])
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2
