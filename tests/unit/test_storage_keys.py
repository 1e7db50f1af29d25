"""Keys are built of our own ids and names; the grammar lets nothing else through."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.ids import new_id
from portal.storage import keys

ASSET = "a" * 26

NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}(\.[a-z0-9]{1,4})?", fullmatch=True)


def test_keys_have_the_places_that_the_module_draws() -> None:
    assert keys.original(ASSET) == f"assets/{ASSET}/original"
    assert keys.attempt_prefix(ASSET, "transcode", 2) == f"assets/{ASSET}/transcode/2/"
    assert (
        keys.result(ASSET, "transcode", 2, "720p/00001.m4s")
        == f"assets/{ASSET}/transcode/2/720p/00001.m4s"
    )
    assert keys.doctor_probe(ASSET) == f"doctor/{ASSET}"


@given(step=NAMES, attempt=st.integers(0, 10**6), names=st.lists(NAMES, min_size=1, max_size=3))
def test_a_result_lies_below_its_attempt_and_its_asset(
    step: str, attempt: int, names: list[str]
) -> None:
    asset_id = new_id()
    key = keys.result(asset_id, step, attempt, "/".join(names))
    assert key.startswith(keys.attempt_prefix(asset_id, step, attempt))
    assert key.startswith(keys.asset_prefix(asset_id))


@given(attempts=st.lists(st.integers(0, 200), min_size=2, max_size=2, unique=True))
def test_no_attempt_lies_within_another(attempts: list[int]) -> None:
    first, second = (keys.attempt_prefix(ASSET, "transcode", attempt) for attempt in attempts)
    assert not first.startswith(second)


@given(text=st.text(st.sampled_from("ab0._-/A é\n\\\0"), max_size=12))
@example("a/../b")
@example("a\n")
def test_what_is_a_key_stays_where_it_is(text: str) -> None:
    """No key has a part that a file system or a server would rewrite."""
    if keys.is_key(text):
        assert posixpath.normpath(text) == text
        assert not text.startswith(("/", "."))
        assert text.isascii()
        assert text.isprintable()


@pytest.mark.parametrize(
    "text",
    ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/.b", "a/b.", "-a", "A", "a b",
     "a\n", "a\0", "é", "a" * (keys.KEY_LENGTH_MAX + 1)],
)  # fmt: skip
def test_these_are_no_keys(text: str) -> None:
    assert not keys.is_key(text)


@pytest.mark.parametrize(
    "asset_id", ["", "..", "a" * 25, "A" * 26, "a" * 27, "a/b", "a" * 26 + "\n"]
)
def test_only_ids_become_part_of_a_key(asset_id: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        keys.original(asset_id)


@pytest.mark.parametrize(
    "name", ["", "..", "a/../b", "/a", "a//b", "A", "a b", "a..b", ".a", "a\n"]
)
def test_only_our_names_become_part_of_a_key(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        keys.result(ASSET, "transcode", 1, name)
    if "/" not in name:
        with pytest.raises(ValueError, match="not a name"):
            keys.attempt_prefix(ASSET, name, 1)
