"""Which objects can be deleted, told from their keys and what the database says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.assets.leftovers import KnownAsset, StepMark, leftover_keys
from portal.ids import new_id
from portal.storage import keys
from portal.storage.key_reading import (
    SLICES,
    AttemptMark,
    asset_of_key,
    attempt_of_key,
    slice_prefix,
)

ID = new_id()
ORIGINAL = keys.original(ID)
SHOWN = f"assets/{ID}/transcode/2/360p/"
SHOWN_INIT = f"{SHOWN}init.mp4"


def known(
    *, attempt: int, has_ended: bool, is_gone: bool = False, is_quiet: bool = True
) -> KnownAsset:
    return KnownAsset(
        is_gone=is_gone,
        is_quiet=is_quiet,
        shown={ORIGINAL, SHOWN_INIT},
        steps={"transcode": StepMark(attempt, has_ended)},
    )


def stored(*attempts: int) -> list[str]:
    return [
        ORIGINAL,
        SHOWN_INIT,
        *(keys.result(ID, "transcode", attempt, "480p/init.mp4") for attempt in attempts),
    ]


@pytest.mark.parametrize(
    ("attempt", "has_ended", "left_over"),
    [
        (2, True, {1, 2}),  # an ended attempt has shown what it ever will
        (2, False, {1}),  # a running one may show what it stores
        (3, False, {1, 2}),
        (1, False, set()),  # newer than the database knows: of a newer back-up, say
    ],
)
def test_what_no_attempt_can_show_is_left_over(
    attempt: int, has_ended: bool, left_over: set[int]
) -> None:
    found = leftover_keys(stored(1, 2, 3), known(attempt=attempt, has_ended=has_ended))
    assert found == stored(*sorted(left_over))[2:]


def test_what_a_try_stored_beside_what_is_shown_is_left_over() -> None:
    """A chunk's try that was thought dead stores under the same prefix as the one that followed."""
    stray = f"{SHOWN}00007.m4s"
    assert leftover_keys([SHOWN_INIT, stray], known(attempt=2, has_ended=True)) == [stray]
    assert leftover_keys([SHOWN_INIT, stray], known(attempt=2, has_ended=False)) == []


def test_everything_of_an_asset_that_is_gone_is_left_over() -> None:
    found = leftover_keys(stored(1, 2), known(attempt=2, has_ended=False, is_gone=True))
    assert found == stored(1, 2)


def test_nothing_is_left_over_before_all_is_quiet() -> None:
    for is_gone in (True, False):
        asset = known(attempt=2, has_ended=True, is_gone=is_gone, is_quiet=False)
        assert leftover_keys(stored(1, 2), asset) == []


def test_what_nobody_can_place_is_kept() -> None:
    strange = [f"assets/{ID}/original.bak", f"assets/{ID}/probe/1/x", f"assets/{ID}/transcode/x/y"]
    asset = KnownAsset(is_gone=False, is_quiet=True, steps={"transcode": StepMark(9, True)})
    assert leftover_keys(strange, asset) == []


@given(step=st.sampled_from(["probe", "transcode"]), number=st.integers(0, 10**6))
def test_keys_are_read_back(step: str, number: int) -> None:
    asset_id = new_id()
    key = keys.result(asset_id, step, number, "720p/00001.m4s")
    assert asset_of_key(key) == asset_id
    assert attempt_of_key(key) == AttemptMark(step, number)
    assert any(key.startswith(slice_prefix(letter)) for letter in SLICES)


def test_an_original_is_of_no_attempt() -> None:
    assert asset_of_key(ORIGINAL) == ID
    assert attempt_of_key(ORIGINAL) is None
    assert asset_of_key(keys.doctor_probe(ID)) is None
