"""A fragmented file is whole or it is not, and its fragments become segments by their times."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import ToolFailed
from tests.fragmented_mp4 import (
    NOT_A_KEY_FRAME,
    Sample,
    box,
    ending,
    file_of,
    fragment,
    init_of,
    track,
)
from workers.hls.boxes import boxes, find
from workers.hls.fragments import FragmentedFile, read_fragmented
from workers.hls.segments import moved_head, segments_of, starts_by_time

SAMPLES = st.lists(
    st.builds(
        Sample,
        size_bytes=st.integers(1, 40),
        duration=st.integers(1, 500),
        shift=st.just(80),
    ),
    min_size=1,
    max_size=5,
)
GROUPS = st.lists(SAMPLES, min_size=1, max_size=8)


def read(data: bytes) -> FragmentedFile:
    return read_fragmented(io.BytesIO(data), name="360p.mp4")


def recording(groups: Sequence[Sequence[Sample]], *, begins_at: int = 80) -> bytes:
    """A file of one track whose fragments follow each other without a gap."""
    fragments, decode_time = [], 0
    for number, samples in enumerate(groups, start=1):
        fragments.append(fragment(samples, decode_time=decode_time, sequence_number=number))
        decode_time += sum(sample.duration for sample in samples)
    return file_of(*fragments, init=init_of(track(begins_at=begins_at)))


@given(GROUPS)
def test_a_whole_file_is_read_to_its_end(groups: Sequence[Sequence[Sample]]) -> None:
    data = recording(groups)
    found = read(data)
    assert [f.leading.sample_count for f in found.fragments] == [len(group) for group in groups]
    assert found.sample_count == sum(map(len, groups))
    duration = sum(sample.duration for group in groups for sample in group)
    assert found.ends_at_seconds == Fraction(duration, 1000)
    assert found.fragments[0].offset == found.init_bytes
    for one, group in zip(found.fragments, groups, strict=True):
        moof = data[one.offset : one.offset + one.head_bytes]
        assert moof[4:8] == b"moof"
        assert one.leading.first_sample_end == one.head_bytes + 8 + group[0].size_bytes
        assert one.leading.data_end == one.size_bytes


@given(GROUPS, st.data())
def test_a_file_that_was_cut_off_anywhere_is_refused(
    groups: Sequence[Sequence[Sample]], data: st.DataObject
) -> None:
    whole = recording(groups)
    with pytest.raises(ToolFailed, match=r"360p\.mp4 is cut off or damaged"):
        read(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(GROUPS, st.data())
def test_a_file_with_a_hole_is_refused(
    groups: Sequence[Sequence[Sample]], data: st.DataObject
) -> None:
    """The disk was full for a while: a stretch is missing, the rest was written after it."""
    whole = recording(groups)
    start = data.draw(st.integers(0, len(whole) - 2))
    end = data.draw(st.integers(start + 1, len(whole) - 1))
    try:
        found = read(whole[:start] + whole[end:])
    except ToolFailed:
        return
    # What lacks whole fragments only has no wrong byte: their number tells.
    assert len(found.fragments) < len(groups)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(ToolFailed):
        read(data)


@given(GROUPS, st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6))
def test_any_damage_is_read_or_refused(
    groups: Sequence[Sequence[Sample]], damage: Sequence[tuple[int, int]]
) -> None:
    damaged = bytearray(recording(groups))
    for place, value in damage:
        damaged[place % len(damaged)] = value
    try:
        found = read(bytes(damaged))
        segments_of(found, starts_by_time(found, Fraction(1)))
    except ToolFailed:
        return
    assert all(one.offset + one.size_bytes <= len(damaged) for one in found.fragments)


def test_a_file_without_pictures_is_whole_and_empty() -> None:
    found = read(file_of())
    assert found.fragments == ()
    assert segments_of(found, ()) == ()
    assert found.ends_at_seconds == 0


def test_each_fragment_begins_with_a_key_frame() -> None:
    with pytest.raises(ToolFailed, match="does not begin with a key frame"):
        read(file_of(fragment([Sample()], decode_time=0, flags=NOT_A_KEY_FRAME)))


def test_a_fragment_of_another_track_alone_is_refused() -> None:
    init = init_of(track(1), track(2))
    with pytest.raises(ToolFailed, match="does not begin with a key frame"):
        read(file_of(fragment([Sample()], decode_time=0, track_number=2), init=init))
    with pytest.raises(ToolFailed, match="cannot be read"):
        read(file_of(fragment([Sample()], decode_time=0, track_number=3), init=init))


def test_times_rise() -> None:
    with pytest.raises(ToolFailed, match="times do not rise"):
        read(file_of(*[fragment([Sample()], decode_time=7) for _ in range(2)]))


def test_samples_lie_within_their_fragment() -> None:
    whole = fragment([Sample(size_bytes=10)], decode_time=0)
    moof_bytes = struct.unpack_from(">I", whole)[0]
    with pytest.raises(ToolFailed, match="lie outside"):
        read(file_of(whole[:moof_bytes] + box("mdat", bytes(9))))


def test_a_clock_that_stands_still_is_refused() -> None:
    with pytest.raises(ToolFailed, match="without their clocks"):
        read(file_of(init=init_of(track(timescale=0))))
    with pytest.raises(ToolFailed, match="without tracks"):
        read(file_of(init=init_of()))


def test_a_large_box_is_refused_unread() -> None:
    moof = box("moof", bytes(17 * 1024**2))
    with pytest.raises(ToolFailed, match="larger than it can be"):
        read(init_of(track()) + moof + box("mdat") + ending())


@given(GROUPS, st.integers(1, 3))
def test_segments_cover_the_recording(groups: Sequence[Sequence[Sample]], per_segment: int) -> None:
    found = read(recording(groups))
    segments = segments_of(found, range(0, len(found.fragments), per_segment))
    assert sum((s.seconds for s in segments), Fraction(0)) == found.ends_at_seconds
    assert [f for s in segments for f in s.fragments] == list(found.fragments)
    assert all(len(s.fragments) == per_segment for s in segments[:-1])


def test_segments_by_time_begin_at_the_next_fragment() -> None:
    groups = [[Sample(duration=700)]] * 7  # at 0, 0.7, 1.4, 2.1, 2.8, 3.5, 4.2
    found = read(recording(groups, begins_at=0))
    assert starts_by_time(found, Fraction(1)) == (0, 2, 3, 5, 6)
    assert starts_by_time(found, Fraction(2)) == (0, 3, 6)


def test_reordered_pictures_do_not_move_the_times() -> None:
    """The first picture waits for its edit list; the last one is shown to its end."""
    groups = [[Sample(duration=40, shift=80), Sample(duration=40, shift=200)]] * 2
    found = read(recording(groups, begins_at=80))
    assert [f.starts_at_seconds for f in found.fragments] == [0, Fraction(80, 1000)]
    assert found.ends_at_seconds == Fraction(160, 1000)


@given(
    decode_time=st.integers(0, 1 << 40),
    later_by=st.integers(0, 1 << 40),
    number=st.integers(1, (1 << 32) - 1),
)
def test_heads_are_moved_and_nothing_else(decode_time: int, later_by: int, number: int) -> None:
    data = fragment([Sample(), Sample()], decode_time=decode_time)
    moof = data[: struct.unpack_from(">I", data)[0]]
    moved = moved_head(moof, sequence_number=number, later_by=later_by)
    expected = fragment(
        [Sample(), Sample()], decode_time=decode_time + later_by, sequence_number=number
    )
    assert moved == expected[: len(moved)]


def test_a_short_time_has_no_room_for_a_late_one() -> None:
    data = fragment([Sample()], decode_time=5, short_time=True)
    moof = data[: struct.unpack_from(">I", data)[0]]
    [time] = find(moved_head(moof, sequence_number=1, later_by=10), "moof", "traf", "tfdt")
    assert time == struct.pack(">II", 0, 15)
    with pytest.raises(ToolFailed, match="no room"):
        moved_head(moof, sequence_number=1, later_by=1 << 32)


@given(st.binary(max_size=200))
def test_boxes_within_bytes_stop_at_what_is_broken(data: bytes) -> None:
    assert sum(len(content) + 8 for _, content in boxes(data)) <= len(data)
