"""A key that may do what the portal needs, and nothing else."""

from __future__ import annotations

import hmac
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from portal.doctor import CheckState, check_search
from portal.errors import SearchUnavailable
from portal.runtime import Runtime
from portal.search.documents import Document, DocumentKind
from portal.search.engines.interface import CandidateQuery
from portal.search.engines.meili.drafts import DRAFT
from portal.search.engines.meili.keys import ensure_key, key_uid
from portal.search.engines.meili.settings import KEY_ACTIONS
from portal.visibility import INSTALLATION
from tests.meilisearch_index import MeilisearchIndex, index_on
from tests.unit.test_search_meili_rows import DOCUMENT, NOW

FORBIDDEN = (
    ("GET", "keys"),
    ("GET", "indexes/{foreign}"),
    ("GET", "indexes/{foreign}/documents"),
    ("GET", "indexes/{foreign}/settings"),
    ("POST", "indexes/{foreign}/search"),
    ("POST", "indexes/{foreign}/documents"),
    ("DELETE", "indexes/{foreign}"),
    ("POST", "dumps"),
    ("POST", "snapshots"),
    ("DELETE", "tasks?statuses=succeeded"),
    ("GET", "metrics"),
    ("GET", "experimental-features"),
)


@contextmanager
def key_for(index: MeilisearchIndex, actions: Sequence[str]) -> Iterator[str]:
    wanted = {
        "actions": list(actions),
        "indexes": [index.name, f"{index.name}{DRAFT}*"],
        "expiresAt": None,
    }
    made = index.call("POST", "keys", wanted)
    try:
        yield made["key"]
    finally:
        index.call("DELETE", f"keys/{made['uid']}")


def document(number: int, text: str) -> Document:
    return Document(
        id=f"photo:{number}",
        owner_id="asset",
        kind=DocumentKind.PHOTO,
        event_id=None,
        event_slug=None,
        asset_id="asset",
        person_slug=None,
        language="en",
        title=text,
        text="",
    )


def use(index: MeilisearchIndex, key: str) -> None:
    """Every verb, on an index that is not there yet and on one that is."""
    engine = index.engine(key=key)
    engine.replace(["asset"], [document(1, "one"), document(2, "two")])
    engine.replace(["asset"], [document(1, "one")])
    assert engine.rebuild([document(1, "one"), document(3, "three")]) == 2
    query = CandidateQuery(("three",), (), INSTALLATION, NOW)
    assert engine.candidates(query).total == 1
    assert engine.document_digests().keys() == {"photo:1", "photo:3"}
    assert engine.status().document_count == 2
    assert index.names() == [index.name]


def test_a_key_with_the_documented_actions_does_everything(
    meilisearch_index: MeilisearchIndex,
) -> None:
    with key_for(meilisearch_index, KEY_ACTIONS) as key:
        use(meilisearch_index, key)


def made_key(
    index: MeilisearchIndex, folder: Path, *, master_key: str, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    (folder / "master").write_text(f"{master_key}\n")
    environment = {"PORTAL_MEILI_URL": index.url, "PORTAL_MEILI_INDEX": index.name}
    environment |= {"PORTAL_MEILI_KEY": given} if given else {}
    arguments = ["index", "key", "--master-key-file", str(folder / "master")]
    return subprocess.run(
        [sys.executable, "-m", "portal.cli.main", *arguments],
        env={**environment, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_makes_the_key_or_finds_it(
    meilisearch_index: MeilisearchIndex, tmp_path: Path
) -> None:
    index = meilisearch_index
    uid = key_uid(index.name)
    poor = {"uid": uid, "actions": ["search"], "indexes": [index.name], "expiresAt": None}
    index.call("POST", "keys", poor)
    try:
        printed = made_key(index, tmp_path, master_key=index.key)
        assert (printed.returncode, printed.stderr) == (0, "")
        key = printed.stdout.strip()
        assert key == hmac.digest(index.key.encode(), uid.encode(), "sha256").hex()
        use(index, key)
        made_at = index.call("GET", f"keys/{uid}")["createdAt"]
        assert made_key(index, tmp_path, master_key=index.key).stdout.strip() == key
        assert index.call("GET", f"keys/{uid}")["createdAt"] == made_at

        known = made_key(index, tmp_path, master_key=index.key, given=key)
        assert (known.returncode, key in known.stdout) == (0, False)
        other = made_key(index, tmp_path, master_key=index.key, given=index.key)
        assert (other.returncode, key in other.stdout + other.stderr) == (1, False)
    finally:
        index.call("DELETE", f"keys/{uid}")


def test_a_wrong_master_key_is_told(meilisearch_index: MeilisearchIndex, tmp_path: Path) -> None:
    with pytest.raises(SearchUnavailable, match="refuses this master key"):
        ensure_key(meilisearch_index.url, master_key="wrong", index=meilisearch_index.name)


@pytest.mark.parametrize("action", KEY_ACTIONS)
def test_every_action_is_needed(meilisearch_index: MeilisearchIndex, action: str) -> None:
    fewer = [other for other in KEY_ACTIONS if other != action]
    with (
        key_for(meilisearch_index, fewer) as key,
        pytest.raises(SearchUnavailable, match="refuses the key in PORTAL_MEILI_KEY") as refused,
    ):
        use(meilisearch_index, key)
    assert key not in str(refused.value)


@pytest.mark.parametrize("action", KEY_ACTIONS)
def test_the_doctor_misses_each_right(
    meilisearch_index: MeilisearchIndex, runtime: Runtime, action: str
) -> None:
    meilisearch_index.engine().rebuild([DOCUMENT])
    fewer = [other for other in KEY_ACTIONS if other != action]
    with key_for(meilisearch_index, fewer) as key:
        poor = replace(
            runtime,
            settings=meilisearch_index.settings(runtime.settings, key=key),
            search=meilisearch_index.engine(key=key),
        )
        check = check_search(poor)
    assert check.state is CheckState.FAILED
    assert "refuses the key in PORTAL_MEILI_KEY" in check.sentence
    assert "PORTAL_MEILI_KEY" in check.advice


def test_the_doctor_leaves_nothing_behind(
    meilisearch_index: MeilisearchIndex, runtime: Runtime
) -> None:
    with key_for(meilisearch_index, KEY_ACTIONS) as key:
        rich = replace(runtime, search=meilisearch_index.engine(key=key))
        rich.search.rebuild([DOCUMENT])
        assert check_search(rich).state is CheckState.OK
    assert meilisearch_index.names() == [meilisearch_index.name]
    assert meilisearch_index.engine().document_digests().keys() == {DOCUMENT.id}


def test_such_a_key_does_nothing_else(meilisearch_index: MeilisearchIndex) -> None:
    url, master = meilisearch_index.url, meilisearch_index.key
    with index_on(url, master) as foreign, key_for(meilisearch_index, KEY_ACTIONS) as key:
        foreign.engine().rebuild([DOCUMENT])
        for method, path in FORBIDDEN:
            answer = foreign.call(method, path.format(foreign=foreign.name), {}, key=key)
            assert answer["code"] == "invalid_api_key", path
        listed = foreign.call("GET", "indexes?limit=1000", key=key)["results"]
        assert foreign.name not in {index["uid"] for index in listed}
        assert foreign.engine().status().document_count == 1
