"""How much scratch space is reserved for a step, by what is known of the asset."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from portal.assets.models import Asset, Kind, Original, Step
from portal.settings import Settings
from portal.transcripts.formats.read import CAPTION_BYTES_MAX
from workers.needs import (
    TRANSCODE_BYTES_MIN,
    Needs,
    chunk_needs,
    needs_of,
    total_bytes,
)

NEAR = Settings()
FAR = Settings(
    s3_endpoint_url="https://store.example.org",
    s3_access_key=SecretStr("key"),
    s3_secret_key=SecretStr("secret"),
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


def transcode_bytes(asset: Asset, settings: Settings = NEAR) -> int:
    return needs_of(asset, Step.TRANSCODE, settings).own_bytes


def test_an_hour_in_full_hd_is_known_to_take_some_gigabytes() -> None:
    assert 4 * GIBIBYTE < transcode_bytes(HOUR) < 7 * GIBIBYTE


def test_more_pixels_than_are_kept_cost_nothing_more() -> None:
    assert transcode_bytes(replace(HOUR, width=7680, height=4320)) == transcode_bytes(HOUR)
    assert transcode_bytes(replace(HOUR, width=960, height=540)) < transcode_bytes(HOUR) / 3
    large = Settings(max_rung=2160)
    kept = transcode_bytes(replace(HOUR, width=7680, height=4320), large)
    assert kept == 4 * transcode_bytes(HOUR)
    assert transcode_bytes(HOUR, large) == transcode_bytes(HOUR)


def test_sound_alone_is_small() -> None:
    sound = replace(HOUR, kind=Kind.AUDIO, width=None, height=None)
    own_bytes = needs_of(sound, Step.SOUND, NEAR).own_bytes
    assert 50 * 1024**2 < own_bytes < 200 * 1024**2


@given(count=st.integers(1, 1000))
def test_chunks_need_a_share_each(count: int) -> None:
    whole = needs_of(HOUR, Step.TRANSCODE, FAR)
    chunk = chunk_needs(HOUR, FAR, chunk_count=count)
    share = whole.own_bytes // count
    assert chunk.own_bytes == max(share, TRANSCODE_BYTES_MIN)
    assert total_bytes([chunk] * count) >= count * share + ORIGINAL.size_bytes
    assert chunk.copies == whole.copies, "which they share"


def test_without_a_duration_the_size_must_do() -> None:
    assert transcode_bytes(replace(HOUR, duration_seconds=None)) == 20 * GIBIBYTE
    tiny = replace(HOUR, duration_seconds=None, original=replace(ORIGINAL, size_bytes=1))
    assert transcode_bytes(tiny) == TRANSCODE_BYTES_MIN


@pytest.mark.parametrize("step", [Step.VERIFY, Step.PROBE, Step.TRANSCODE, Step.POSTER, Step.PHOTO])
def test_a_far_store_costs_a_copy_of_the_original(step: Step) -> None:
    near, far = needs_of(HOUR, step, NEAR), needs_of(HOUR, step, FAR)
    assert near.copies == {}
    assert far == replace(near, copies={ORIGINAL.key: ORIGINAL.size_bytes})


def test_what_works_without_files_needs_nothing() -> None:
    assert needs_of(HOUR, Step.INDEX, FAR) == Needs()


def test_captions_are_written_once_more_for_their_reader() -> None:
    needs = needs_of(HOUR, Step.CAPTIONS, FAR)
    assert needs.copies == {}
    assert needs.own_bytes > CAPTION_BYTES_MAX


@given(st.lists(SOME_NEEDS), SOME_NEEDS)
def test_a_shared_copy_counts_once(others: list[Needs], one: Needs) -> None:
    keys = {key for needs in (one, *others) for key in needs.copies}
    own_bytes = sum(needs.own_bytes for needs in (one, *others))
    assert total_bytes([one, *others]) == own_bytes + sum(map(ord, keys))
    assert one.own_bytes <= one.beyond(others) <= total_bytes([one])
