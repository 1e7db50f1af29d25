"""What is known of stored segments: codecs, bandwidths, checksums, and the rendition they are."""

from __future__ import annotations

import hashlib
import json
import struct
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from portal.assets.models import RenditionKind, Step
from portal.errors import ToolFailed
from portal.ids import new_id
from workers.hls.codecs import codecs_of
from workers.hls.pieces import (
    Piece,
    Shape,
    StoredSegment,
    listing_sha256,
    peak_bandwidth_bps,
    rendition_of,
)


def box(kind: bytes, *contents: bytes) -> bytes:
    body = b"".join(contents)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def init(*entries: bytes) -> bytes:
    tracks = [
        box(b"trak", box(b"tkhd", b"x" * 20), box(b"mdia", box(b"minf", box(b"stbl",
            box(b"stsd", b"\0" * 8, entry)))))
        for entry in entries
    ]  # fmt: skip
    return box(b"ftyp", b"iso5") + box(b"moov", box(b"mvhd", b"x" * 100), *tracks)


AVC1 = box(b"avc1", b"\0" * 78, box(b"avcC", b"\x01\x64\x00\x1f\xff"), box(b"pasp", b"\0" * 8))
MP4A = box(b"mp4a", b"\0" * 28, box(b"esds", b"\0" * 30))


def test_codecs_of_picture_and_sound() -> None:
    assert codecs_of(init(AVC1)) == "avc1.64001f"
    assert codecs_of(init(AVC1, MP4A)) == "avc1.64001f,mp4a.40.2"


@given(st.integers(min_value=0, max_value=400), st.binary(max_size=8))
def test_a_damaged_initialisation_segment_is_an_error_or_still_read(at: int, junk: bytes) -> None:
    data = init(AVC1, MP4A)
    damaged = data[:at] + junk + data[at + len(junk) :]
    with suppress(ToolFailed):
        assert codecs_of(damaged[: len(data) - len(junk)])


def test_the_peak_takes_a_short_last_segment_with_the_one_before() -> None:
    assert peak_bandwidth_bps([1000, 2000, 900], [4.0, 4.0, 0.1]) == 5659  # the last two together
    assert peak_bandwidth_bps([1000, 2000, 20], [4.0, 4.0, 0.1]) == 4000
    assert peak_bandwidth_bps([1000], [0.1]) == 80_000
    assert peak_bandwidth_bps([1000, 500], [4.0, 0.5]) == 2667


def test_the_listing_is_by_name_whatever_the_order() -> None:
    expected = hashlib.sha256(b"00001.m4s aa\ninit.mp4 bb\n").hexdigest()
    assert listing_sha256({"init.mp4": "bb", "00001.m4s": "aa"}) == expected


def piece(first: int, count: int) -> Piece:
    segments = tuple(
        StoredSegment(f"{n:05d}.m4s", 4.0, 1000 * n, f"{n:064d}", 100 + n)
        for n in range(first, first + count)
    )
    return Piece("avc1.64001f", 800, "f" * 64, 100 * count, segments)


def test_pieces_become_one_rendition() -> None:
    asset_id = new_id()
    shape = Shape("360p", RenditionKind.VIDEO, width=640, height=360, frame_rate=25.0)
    pieces = [piece(1, 2), piece(3, 1)]
    stored = [Piece.from_json(json.loads(json.dumps(one.to_json()))) for one in pieces]
    assert stored == pieces
    made = rendition_of(stored, shape, asset_id=asset_id, step=Step.TRANSCODE, attempt=3)
    assert made.key == f"assets/{asset_id}/transcode/3/360p/"
    assert made.segment_files == ("00001.m4s", "00002.m4s", "00003.m4s")
    assert made.segment_seconds == (4.0, 4.0, 4.0)
    assert made.keyframe_bytes == (101, 102, 103)
    assert made.size_bytes == 800 + 6000
    assert (made.bandwidth_bps, made.average_bandwidth_bps) == (6000, 4000)
    listing = [f"{n:05d}.m4s {n:064d}\n" for n in (1, 2, 3)]
    expected = hashlib.sha256("".join([*listing, f"init.mp4 {'f' * 64}\n"]).encode())
    assert made.sha256 == expected.hexdigest()


def test_sound_has_no_key_frames() -> None:
    shape = Shape("sound-1", RenditionKind.AUDIO, language="ru", label="Floor")
    made = rendition_of([piece(1, 1)], shape, asset_id=new_id(), step=Step.SOUND, attempt=1)
    assert made.keyframe_bytes is None
    assert (made.language, made.label) == ("ru", "Floor")
