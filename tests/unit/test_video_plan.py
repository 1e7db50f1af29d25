"""Which recordings are cut into chunks, where, and which pictures are copied."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recordings import audio, recording, scanned, video
from workers.video.compliance import is_compliant
from workers.video.plan import ChunkPlan, Work, chunk_plans
from workers.video.probe import Colour, Probe, VideoStream
from workers.video.rhythm import Rhythm
from workers.video.scan import Scan

RATES = st.sampled_from(
    [Fraction(30000, 1001), Fraction(179, 6), *map(Fraction, ("12.5", "25", "60", "120"))]
)


def plans(probe: Probe, scan: Scan | None, *, short_side_max: int = 1080) -> Sequence[ChunkPlan]:
    return chunk_plans(probe, scan, short_side_max=short_side_max)


def uncompliant(rate: Fraction = Fraction(25)) -> VideoStream:
    return replace(video(rate=rate), pixel_format="yuv422p10le")


def of(scan: Scan, stream: VideoStream | None = None) -> Probe:
    return recording(stream or uncompliant(), seconds=float(scan.seconds))


@given(rate=RATES, frames=st.integers(100, 400_000), begins=st.integers(0, 20))
def test_chunks_cover_every_frame_on_borders_of_segments(
    rate: Fraction, frames: int, begins: int
) -> None:
    scan = replace(
        scanned(10), frame_rate=rate, frame_count=frames, seconds=frames / rate,
        first_seconds=begins / rate,
    )  # fmt: skip
    made = plans(of(scan, uncompliant(rate)), scan)
    assert made or scan.seconds < 8
    frame = fragment = segment = 0
    for plan in made:
        rhythm = plan.rhythm
        assert rhythm.rate <= 60
        assert (plan.first_frame, plan.first_fragment, plan.first_segment) == (
            frame, fragment + 1, segment + 1,
        )  # fmt: skip
        assert plan.key_frames == tuple(range(0, plan.frame_count, rhythm.group_frames))
        assert plan.segment_starts == tuple(range(0, len(plan.key_frames), 2))
        assert plan.is_last is (plan is made[-1])
        assert plan.is_last or 4 <= plan.frame_count * rhythm.frame_seconds <= 61
        assert plan.later_by == frame * rhythm.frame_ticks
        frame += plan.frame_count
        fragment += len(plan.key_frames)
        segment += len(plan.segment_starts)
    if made:
        assert len(made) >= 2
        assert frame == made[0].rhythm.frame_count(frames)


@given(rate=RATES, frames=st.integers(2000, 5000))
def test_plans_survive_the_database(rate: Fraction, frames: int) -> None:
    scan = replace(scanned(10), frame_rate=rate, frame_count=frames, seconds=frames / rate)
    made = plans(of(scan, uncompliant(rate)), scan)
    assert [ChunkPlan.from_json(json.loads(json.dumps(p.to_json()))) for p in made] == list(made)


def test_short_recordings_are_made_whole_and_long_ones_in_many_chunks() -> None:
    assert [len(plans(of(scan), scan)) for scan in map(scanned, (199, 200, 2500, 90_000))] == [
        0, 2, 2, 72,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "probe",
    [
        recording(uncompliant(), container="mpegts"),
        recording(uncompliant(), container="flv"),
        recording(uncompliant(), container="avi"),
        recording(replace(uncompliant(), codec="vp8")),
        recording(uncompliant(), seconds=None),
        recording(uncompliant(), seconds=60),
        recording(audio()),
        replace(recording(uncompliant()), is_duration_estimated=True),
    ],
)
def test_what_cannot_be_relied_on_is_made_whole(probe: Probe) -> None:
    scan = scanned(750)
    assert plans(recording(uncompliant()), scan)
    assert plans(probe, scan) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"frame_rate": None},
        {"is_complete": False},
        {"frame_rate": Fraction(29_970_001, 1_000_003)},
        {"first_seconds": Fraction(10)},
        {"first_seconds": Fraction(-1)},
    ],
)
def test_an_irregular_picture_is_made_whole(change: dict[str, object]) -> None:
    scan = scanned(750)
    assert plans(of(scan), replace(scan, **change)) == ()  # type: ignore[arg-type]
    assert plans(of(scan), None) == ()


def test_a_compliant_picture_is_copied_beside_rungs_with_its_key_frames() -> None:
    scan = replace(scanned(900), key_frames=(0, 90, 110, 300, 500, 620, 800))
    copied, *encoded = plans(of(scan, video()), scan)
    assert (copied.work, [rung.name for rung in copied.rungs]) == (Work.COPY, ["720p"])
    assert copied.key_frames == scan.key_frames
    assert copied.segment_starts == (0, 2, 3, 4, 5, 6)  # at 0, 4.4, 12, 20, 24.8 and 32 s
    assert [plan.work for plan in encoded] == [Work.ENCODE] * 2
    assert {rung.name for plan in encoded for rung in plan.rungs} == {"480p", "360p", "240p"}
    frames = [plan.first_frame + key for plan in encoded for key in plan.key_frames]
    assert tuple(frames) == scan.key_frames
    assert sum(len(plan.segment_starts) for plan in encoded) == len(copied.segment_starts)
    assert all(plan.is_beside_copy for plan in encoded)


def test_a_short_compliant_picture_is_copied_too() -> None:
    scan = scanned(100, group=50)
    assert [plan.work for plan in plans(of(scan, video()), scan)] == [Work.COPY, Work.ENCODE]
    assert [plan.work for plan in plans(of(scan, video(160, 90)), scan)] == [Work.COPY]


@pytest.mark.parametrize(
    "change",
    [
        {"codec": "hevc"},
        {"profile": "High 4:2:2"},
        {"pixel_format": "yuv420p10le"},
        {"rotation_degrees": 90},
        {"is_mirrored": True},
        {"coded_width": 1281},
        {"sample_aspect": Fraction(4, 3)},
        {"field_order": "tt"},
        {"colour": Colour(transfer="smpte2084")},
        {"colour": Colour(value_range="pc")},
        {"colour": Colour(matrix="bt2020nc")},
        {"width": 2560, "height": 1440, "coded_width": 2560, "coded_height": 1440},
    ],
)
def test_what_players_do_not_all_show_is_encoded(change: dict[str, object]) -> None:
    scan = scanned(750, group=50)
    assert is_compliant(recording(video()), scan, short_side_max=1080)
    changed = replace(video(), **change)  # type: ignore[arg-type]
    assert not is_compliant(recording(changed), scan, short_side_max=1080)


@pytest.mark.parametrize(
    "change",
    [
        {"is_exact": False},
        {"frame_rate": Fraction(120)},
        {"frame_rate": None},
        {"key_frames": (0, 251)},
        {"key_frames": (1, 50)},
        {"key_frames": ()},
        {"key_frames": tuple(range(0, 750, 5))},
        {"has_leading_pictures": True},
        {"is_complete": False},
        {"size_bytes": 31_000_000},
    ],
)
def test_what_cannot_be_cut_or_streamed_well_is_encoded(change: dict[str, object]) -> None:
    scan = scanned(750, group=50)
    changed = replace(scan, **change)  # type: ignore[arg-type]
    assert not is_compliant(recording(video()), changed, short_side_max=1080)


def test_a_large_compliant_picture_is_copied_when_it_may_be() -> None:
    scan, large = scanned(750, group=50), recording(video(2560, 1440))
    assert not is_compliant(large, scan, short_side_max=1080)
    assert is_compliant(large, scan, short_side_max=2160)


@given(rate=RATES, frame=st.integers(0, 10**6), held=st.integers(0, 100))
def test_reading_begins_between_two_frames(rate: Fraction, frame: int, held: int) -> None:
    rhythm = Rhythm(rate, 1 if rate <= 60 else 2, Fraction(1, 10), held)
    assert Rhythm.from_json(json.loads(json.dumps(rhythm.to_json()))) == rhythm
    assert rhythm.frame_ticks == rhythm.frame_seconds * rhythm.timescale
    assert rhythm.timescale >= 10_000
    assert 2 <= rhythm.group_frames / rhythm.rate < 2 + 1 / rhythm.rate
    source = max(0, frame - held) * rhythm.step
    shown_at = rhythm.begins_seconds + source / rate
    assert shown_at - rhythm.reading_from(frame) == 1 / (2 * rate)
    assert rhythm.is_read_from_start(frame) is (source == 0)
