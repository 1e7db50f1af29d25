"""What goes wrong with a server, and what an index on it survives."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from portal.errors import SearchUnavailable
from portal.runtime import open_search
from portal.search.documents import Document
from portal.search.encoding import encode
from portal.search.engines.interface import CandidateQuery, Candidates
from portal.search.engines.meili import MeilisearchEngine, rows, server
from portal.search.engines.meili.drafts import DRAFT
from portal.search.engines.meili.server import Server
from portal.search.query import parse_query
from portal.settings import Settings
from portal.visibility import INSTALLATION
from tests.meilisearch_index import MeilisearchIndex, index_on
from tests.unit.test_search_meili_rows import DOCUMENT, NOW

SECRET = "a-key-that-nobody-may-read"


def find(engine: MeilisearchEngine, text: str, *, limit: int = 200) -> Candidates:
    query = parse_query(text)
    return engine.candidates(
        CandidateQuery(query.terms, query.phrases, INSTALLATION, NOW, limit=limit)
    )


def documents(count: int, *, title: str = "Opening ceremony") -> Iterator[Document]:
    for number in range(count):
        yield replace(DOCUMENT, id=f"photo:{number}", title=title)


# --- a server that is away, or is none -----------------------------------------------------------


@contextmanager
def answering(status: int, body: bytes, *, media_type: str) -> Iterator[str]:
    """The address of a server that answers everything alike."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Nothing on the terminal."""

    with HTTPServer(("127.0.0.1", 0), Answer) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()


def refusal(url: str) -> str:
    with pytest.raises(SearchUnavailable) as refused:
        find(MeilisearchEngine(url, api_key=SECRET, index="press"), "word")
    assert SECRET not in str(refused.value)
    return str(refused.value)


def test_a_server_that_is_away_is_told_with_its_setting() -> None:
    assert "cannot be reached to search; PORTAL_MEILI_URL" in refusal("http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("status", "body", "media_type", "sentence"),
    [
        (200, b"<h1>Welcome</h1>", "text/html", "did not answer as a search server"),
        (200, b"[]", "application/json", "did not answer as a search server"),
        (200, b"{}", "application/json", "did not answer as a search server"),
        (404, b"<h1>Nothing</h1>", "text/html", "refused to search: <h1>Nothing</h1>"),
        (502, b"Bad Gateway", "text/plain", "too busy or out of order, and could not search"),
        (403, b"", "text/plain", "refuses the key in PORTAL_MEILI_KEY"),
        (
            503,
            b'{"message": "Too many search requests running.", "code": "too_many_search_requests"}',
            "application/json",
            "too busy or out of order, and could not search: Too many search requests running.",
        ),
        (
            422,
            b'{"message": "No space left on device.", "code": "no_space_left_on_device"}',
            "application/json",
            "has no room to search: No space left on device.",
        ),
    ],
)
def test_every_wrong_answer_is_a_sentence(
    status: int, body: bytes, media_type: str, sentence: str
) -> None:
    with answering(status, body, media_type=media_type) as url:
        assert sentence in refusal(url)


def test_a_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server.client, "__kwdefaults__", {"timeout_seconds": 1})
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:
        assert "took too long to search" in refusal(f"http://127.0.0.1:{silent.server_port}")


def test_a_wrong_key_is_told(meilisearch_index: MeilisearchIndex) -> None:
    with pytest.raises(SearchUnavailable, match="refuses the key in PORTAL_MEILI_KEY") as refused:
        meilisearch_index.engine(key=SECRET).rebuild([DOCUMENT])
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(Server("http://127.0.0.1", SECRET))


# --- tasks that fail later, or are not waited for ------------------------------------------------


def test_a_task_that_fails_is_told_with_the_server_s_reason(
    meilisearch_index: MeilisearchIndex,
) -> None:
    index = Server(meilisearch_index.url, meilisearch_index.key)
    index.create(meilisearch_index.name)
    with pytest.raises(SearchUnavailable, match=r"could not write to the index: .*key"):
        index.add(meilisearch_index.name, [{"key": "no such key: é", "payload": "{}"}])
    with pytest.raises(SearchUnavailable, match=r"could not write to the index: .*key"):
        index.add(meilisearch_index.name, ({"id": str(number)} for number in range(3)))


def test_a_rebuild_that_fails_on_the_server_changes_nothing(
    meilisearch_index: MeilisearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = meilisearch_index.engine()
    engine.rebuild(documents(2, title="old"))
    monkeypatch.setattr(rows, "identity", lambda _id: "é")
    with pytest.raises(SearchUnavailable, match="could not write to the index"):
        engine.rebuild(documents(2, title="new"))
    assert find(engine, "old").total == 2
    assert meilisearch_index.names() == [meilisearch_index.name]


def test_rows_for_an_index_that_was_lost_meanwhile_make_none_of_their_own(
    meilisearch_index: MeilisearchIndex,
) -> None:
    """It would have no settings: the server makes an index for any row whose key it can guess."""
    index = Server(meilisearch_index.url, meilisearch_index.key)
    with pytest.raises(SearchUnavailable, match=r"could not write to the index: .*primary key"):
        index.add(meilisearch_index.name, [rows.row_of(DOCUMENT, written_by="test")])
    assert meilisearch_index.engine().status().document_count == 0


@contextmanager
def much_to_do(index: MeilisearchIndex) -> Iterator[None]:
    """The server is at work for seconds, on what another index is asked to take."""
    with index_on(index.url, index.key) as other:
        other.change("POST", "indexes", {"uid": other.name, "primaryKey": "id"})
        words = " ".join(f"word{number}" for number in range(400))
        found = [{"id": number, "text": f"{words} {number}"} for number in range(6_000)]
        other.call("POST", f"indexes/{other.name}/documents", found)
        yield


def give_up_at_once(index: MeilisearchIndex) -> MeilisearchEngine:
    return MeilisearchEngine(index.url, api_key=index.key, index=index.name, patience_seconds=0.01)


@pytest.mark.parametrize("last", [[], [replace(DOCUMENT, id="kept", title="New")]])
def test_what_was_not_waited_for_brings_nothing_back(
    meilisearch_index: MeilisearchIndex, last: list[Document]
) -> None:
    """An attempt times out while its rows stand in the server's queue; a later one is the last."""
    engine = meilisearch_index.engine()
    engine.replace(["asset"], [replace(DOCUMENT, id="kept")])
    with much_to_do(meilisearch_index):
        with pytest.raises(SearchUnavailable, match="has much to do"):
            give_up_at_once(meilisearch_index).replace(
                ["asset"], [replace(DOCUMENT, id="gone", title="Secret")]
            )
        engine.replace(["asset"], last)
        assert engine.document_digests().keys() == {document.id for document in last}
        assert find(engine, "secret").total == 0


def test_a_process_that_is_to_stop_does_not_wait(meilisearch_index: MeilisearchIndex) -> None:
    stop = threading.Event()
    engine = open_search(meilisearch_index.settings(Settings()), stop=stop)
    engine.rebuild([DOCUMENT])
    with much_to_do(meilisearch_index):
        stop.set()
        with pytest.raises(SearchUnavailable, match="is to stop and did not wait to write"):
            engine.replace(["asset"], [DOCUMENT])


# --- layouts, drafts, losses ---------------------------------------------------------------------


def lay_out(index: MeilisearchIndex, changes: Mapping[str, object]) -> None:
    index.change("PATCH", f"indexes/{index.name}/settings", changes)


def test_an_index_of_another_layout_asks_to_be_rebuilt(
    meilisearch_index: MeilisearchIndex,
) -> None:
    engine = meilisearch_index.engine()
    engine.rebuild([DOCUMENT])
    lay_out(meilisearch_index, {"searchableAttributes": ["layout_0"]})
    for verb in (
        lambda: find(engine, "opening"),
        lambda: engine.replace(["asset"], []),
        engine.document_digests,
        engine.status,
    ):
        with pytest.raises(SearchUnavailable, match="portal index rebuild"):
            verb()
    engine.rebuild([DOCUMENT])
    assert find(engine, "opening").total == 1


def test_filters_that_an_operator_took_away_ask_for_a_rebuild(
    meilisearch_index: MeilisearchIndex,
) -> None:
    engine = meilisearch_index.engine()
    engine.rebuild([DOCUMENT])
    lay_out(meilisearch_index, {"filterableAttributes": ["kind"]})
    with pytest.raises(SearchUnavailable, match="portal index rebuild"):
        find(engine, "opening")


def test_a_wiped_index_starts_anew(meilisearch_index: MeilisearchIndex) -> None:
    engine = meilisearch_index.engine()
    engine.replace(["asset"], [DOCUMENT])
    meilisearch_index.change("DELETE", f"indexes/{meilisearch_index.name}")
    assert find(engine, "opening").total == engine.status().document_count == 0
    engine.replace(["asset"], [DOCUMENT])
    assert find(engine, "opening").total == 1


ENDLESS_REBUILD = """
import sys
from dataclasses import replace
from itertools import count
from portal.search.encoding import decode
from portal.search.engines.meili import MeilisearchEngine

url, key, index = sys.argv[1:]
template = decode(sys.stdin.buffer.read())

def documents():
    for number in count():
        if number == 20_000:
            print("under way", flush=True)
        yield replace(template, id=str(number))

MeilisearchEngine(url, api_key=key, index=index).rebuild(documents())
"""


def test_what_a_killed_rebuild_leaves_goes_with_the_next(
    meilisearch_index: MeilisearchIndex,
) -> None:
    index = meilisearch_index
    index.engine().rebuild([DOCUMENT])
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS_REBUILD, index.url, index.key, index.name],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.write(encode(replace(DOCUMENT, title="new")))
        writer.stdin.close()
        assert writer.stdout.readline() == b"under way\n"
        writer.kill()
    assert find(index.engine(), "new").total == 0
    assert len(index.names()) == 2
    index.engine().rebuild([DOCUMENT])
    assert index.names() == [index.name]
    assert find(index.engine(), "opening").total == 1


def test_indexes_with_a_longer_name_and_their_drafts_are_left_alone(
    meilisearch_index: MeilisearchIndex,
) -> None:
    names = {f"{meilisearch_index.name}{rest}" for rest in (f"-two{DRAFT}x", f"{DRAFT}two")}
    for other in names:
        meilisearch_index.change("POST", "indexes", {"uid": other})
    meilisearch_index.engine().rebuild([DOCUMENT])
    assert names < set(meilisearch_index.names())


# --- many, and at once ---------------------------------------------------------------------------


def test_totals_are_whole_and_every_row_is_read_whatever_the_pages_and_batches(
    meilisearch_index: MeilisearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "ROWS_MAX", 500)
    monkeypatch.setattr(server, "PAGE_ROWS", 700)
    engine = meilisearch_index.engine()
    assert engine.rebuild(documents(2_500)) == 2_500
    found = find(engine, '"opening ceremony"', limit=200)
    assert (len(found.items), found.total) == (200, 2_500)
    assert found.facets["kind"] == {"photo": 2_500}
    assert len(engine.document_digests()) == 2_500
    engine.replace(["asset"], [DOCUMENT])
    assert engine.document_digests().keys() == {DOCUMENT.id}


def test_what_somebody_else_writes_meanwhile_is_not_deleted(
    meilisearch_index: MeilisearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between one's look at what is stale and its deletion, another process writes the same row."""
    engine, other = meilisearch_index.engine(), meilisearch_index.engine()
    engine.replace(["asset"], [replace(DOCUMENT, id="stale"), replace(DOCUMENT, id="kept")])
    delete = Server.delete_rows

    def delete_late(server: Server, name: str, *, where: str) -> None:
        monkeypatch.setattr(Server, "delete_rows", delete)
        other.replace([], [replace(DOCUMENT, id="stale", title="Alive again")])
        delete(server, name, where=where)

    monkeypatch.setattr(Server, "delete_rows", delete_late)
    engine.replace(["asset"], [replace(DOCUMENT, id="kept")])
    assert engine.document_digests().keys() == {"stale", "kept"}
    assert find(engine, "alive").total == 1
