"""How much scratch space is reserved for a step, by what is known of the asset."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.assets.models import Asset, Kind, Original, Step
from workers.needs import (
    TRANSCODE_BYTES_MIN,
    Needs,
    needs_of,
    total_bytes,
)

GIBIBYTE = 1024**3
ORIGINAL = Original(
    key="assets/a/original",
    size_bytes=10 * GIBIBYTE,
    media_type="video/mp4",
    sha256=None,
    declared_sha256=None,
)
HOUR = Asset(
    id="a",
    event_id="e",
    kind=Kind.VIDEO,
    filename="scrum.mp4",
    title={},
    caption={},
    language=None,
    programme_item_id=None,
    captured_at=None,
    duration_seconds=3600.0,
    width=1920,
    height=1080,
    created_at=datetime.now(UTC),
    original=ORIGINAL,
)
SOME_NEEDS = st.builds(
    Needs,
    own_bytes=st.integers(0, 100),
    # One key has one size, as objects do.
    copies=st.sets(st.sampled_from("abc")).map(lambda keys: {key: ord(key) for key in keys}),
)


def transcode_bytes(asset: Asset) -> int:
    return needs_of(asset, Step.TRANSCODE, is_store_local=True).own_bytes


def test_an_hour_in_full_hd_is_known_to_take_some_gigabytes() -> None:
    assert 4 * GIBIBYTE < transcode_bytes(HOUR) < 7 * GIBIBYTE


def test_more_pixels_than_are_kept_cost_nothing_more() -> None:
    assert transcode_bytes(replace(HOUR, width=7680, height=4320)) == transcode_bytes(HOUR)
    assert transcode_bytes(replace(HOUR, width=960, height=540)) < transcode_bytes(HOUR) / 3


def test_sound_alone_is_small() -> None:
    sound = replace(HOUR, kind=Kind.AUDIO, width=None, height=None)
    assert 50 * 1024**2 < transcode_bytes(sound) < 100 * 1024**2


def test_without_a_duration_the_size_must_do() -> None:
    assert transcode_bytes(replace(HOUR, duration_seconds=None)) == 20 * GIBIBYTE
    tiny = replace(HOUR, duration_seconds=None, original=replace(ORIGINAL, size_bytes=1))
    assert transcode_bytes(tiny) == TRANSCODE_BYTES_MIN


@pytest.mark.parametrize("step", [Step.VERIFY, Step.PROBE, Step.TRANSCODE, Step.POSTER, Step.PHOTO])
def test_a_far_store_costs_a_copy_of_the_original(step: Step) -> None:
    near = needs_of(HOUR, step, is_store_local=True)
    far = needs_of(HOUR, step, is_store_local=False)
    assert near.copies == {}
    assert far == replace(near, copies={ORIGINAL.key: ORIGINAL.size_bytes})


@pytest.mark.parametrize("step", [Step.CAPTIONS, Step.INDEX])
def test_what_works_without_files_needs_nothing(step: Step) -> None:
    assert needs_of(HOUR, step, is_store_local=False) == Needs()


@given(st.lists(SOME_NEEDS), SOME_NEEDS)
def test_a_shared_copy_counts_once(others: list[Needs], one: Needs) -> None:
    keys = {key for needs in (one, *others) for key in needs.copies}
    own_bytes = sum(needs.own_bytes for needs in (one, *others))
    assert total_bytes([one, *others]) == own_bytes + sum(map(ord, keys))
    assert one.own_bytes <= one.beyond(others) <= total_bytes([one])
