"""Pictures made in chunks: every frame once, in time, and rungs that switch at equal instants."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from portal.assets.models import Outcome, Rendition, Step
from portal.errors import NotSplittable
from portal.runtime import Runtime
from tests.cea608_media import Caption, make_captioned_clip, pop_on
from tests.media import ffprobe, run_ffmpeg
from tests.picture_runs import (
    NUMBERS,
    Made,
    chunk_run,
    join,
    make_numbered,
    read_numbers,
    transcoded,
)
from tests.step_runs import Bench, decode_all, frame_times
from workers.run import StepResult, StepSplit
from workers.sandbox import Sandbox, detect_level
from workers.video.chunks import encode_chunk
from workers.video.transcode import transcode

pytestmark = pytest.mark.media

CAPTION_MARK = b"GA94"
"""Begins the captions of ATSC A/53 in the messages of a picture."""

X264 = ("-c:v", "libx264", "-preset", "ultrafast")
OPEN_GROUPS = (*X264, "-bf", "3", "-g", "48", "-x264-params", "open-gop=1:b-adapt=0")
HDR = (
    *("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params"),
    "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
)


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


def times_of(bench: Bench, rendition: Rendition, *, only_key_frames: bool = False) -> list[float]:
    media = bench.download([rendition]).parent / rendition.name / "index.m3u8"
    return frame_times(media, only_key_frames=only_key_frames)


def numbers_of(bench: Bench, rendition: Rendition) -> list[int]:
    return read_numbers(bench.download([rendition]).parent / rendition.name / "index.m3u8")


def assert_every_frame_once(
    bench: Bench, made: Made, *, rate: Fraction, numbers: Sequence[int]
) -> None:
    """Each rung shows each frame once, in order, at its time, and no rung starts elsewhere."""
    decode_all(bench.download(made.result.renditions))
    for rendition in made.result.renditions:
        assert numbers_of(bench, rendition) == list(numbers)
        times = times_of(bench, rendition)
        expected = [float(number / rate) for number in range(len(numbers))]
        assert times == pytest.approx(expected, abs=2e-6)
        assert all(earlier < later for earlier, later in pairwise(times))
    starts = [times_of(bench, r, only_key_frames=True) for r in made.result.renditions]
    assert all(own == pytest.approx(starts[0], abs=2e-6) for own in starts)
    seconds = made.result.renditions[0].segment_seconds or ()
    assert all(r.segment_seconds == seconds for r in made.result.renditions)
    assert sum(seconds) == pytest.approx(float(len(numbers) / rate))


@pytest.mark.parametrize("rate", ["25", "30000/1001", "60", "12.5", "2983/100"])
def test_joined_chunks_hold_every_frame_once(bench: Bench, tmp_path: Path, rate: str) -> None:
    frames = int(9 * Fraction(rate))
    source = make_numbered(tmp_path / "clip.mp4", frames=frames, rate=rate, options=OPEN_GROUPS)
    made = transcoded(bench, source)
    assert made.names == ["180p", "144p"]
    assert [plan["work"] for plan in made.plans] == ["encode", "encode"]
    assert_every_frame_once(bench, made, rate=Fraction(rate), numbers=range(frames))
    assert made.result.outcome is Outcome.DONE
    seconds = made.result.renditions[0].segment_seconds or ()
    assert all(4 <= length < 4.2 for length in seconds[:-1])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("clip.mov", ("-c:v", "prores_ks", "-profile:v", "0")),
        ("clip.mkv", OPEN_GROUPS),
        ("clip.mkv", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")),
        ("clip.mxf", ("-c:v", "mpeg2video", "-bf", "2", "-g", "12", "-q:v", "3")),
        ("clip.mp4", HDR),
        ("clip.mp4", (*X264, "-pix_fmt", "yuv422p10le")),
    ],
    ids=["prores", "matroska", "vp9", "mxf", "hdr", "422"],
)
def test_other_kinds_are_cut_as_exactly(
    bench: Bench, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    source = make_numbered(tmp_path / name, frames=210, rate="25", options=options)
    made = transcoded(bench, source)
    assert len(made.plans) == 2
    assert_every_frame_once(bench, made, rate=Fraction(25), numbers=range(210))


def test_of_many_frames_every_second_is_kept(bench: Bench, tmp_path: Path) -> None:
    options = (*X264, "-bf", "2")
    source = make_numbered(tmp_path / "clip.mp4", frames=1080, rate="120", options=options)
    made = transcoded(bench, source)
    assert len(made.plans) == 2
    numbers = [number % NUMBERS for number in range(0, 1080, 2)]
    assert_every_frame_once(bench, made, rate=Fraction(60), numbers=numbers)


def test_a_recording_that_shows_a_part_of_its_track(bench: Bench, tmp_path: Path) -> None:
    """An edit list hides what lies before; the first frame that is shown is no key frame."""
    make_numbered(tmp_path / "long.mp4", frames=350, rate="25", options=(*X264, "-g", "250"))
    source = tmp_path / "clip.mp4"
    run_ffmpeg("-ss", "4.4", "-i", str(tmp_path / "long.mp4"), "-c", "copy", str(source))
    shown = read_numbers(source)
    assert shown[0] == 110
    made = transcoded(bench, source)
    assert len(made.plans) == 2
    assert_every_frame_once(bench, made, rate=Fraction(25), numbers=shown)


def test_a_late_picture_is_held_until_it_begins(bench: Bench, tmp_path: Path) -> None:
    make_numbered(tmp_path / "clip.mp4", frames=210, rate="25")
    source = tmp_path / "late.mp4"
    tone = ("-f", "lavfi", "-i", "sine=duration=8.8")
    late = ("-itsoffset", "0.4", "-i", str(tmp_path / "clip.mp4"))
    run_ffmpeg(*tone, *late, "-map", "1:v", "-map", "0:a", "-c:v", "copy", str(source))
    made = transcoded(bench, source)
    assert len(made.plans) == 2
    assert_every_frame_once(bench, made, rate=Fraction(25), numbers=[0] * 10 + list(range(210)))


def test_fields_become_whole_pictures(bench: Bench, tmp_path: Path) -> None:
    """Of 50 fields per second 25 pictures, without the comb that two instants in one make."""
    source = make_numbered(
        tmp_path / "clip.mp4",
        frames=210,
        rate="50",
        filters="tinterlace=interleave_top,fieldorder=tff",
        options=(*X264, "-flags", "+ildct+ilme", "-x264-params", "tff=1"),
    )
    assert ffprobe(source, "stream=field_order") == ["tt"]
    made = transcoded(bench, source)
    assert len(made.plans) == 2
    for rendition in made.result.renditions:
        assert len(times_of(bench, rendition)) == 210
    rung = bench.download([made.rung("180p")]).parent / "180p" / "index.m3u8"
    assert set(ffprobe(rung, "frame=interlaced_frame", "-select_streams", "v")) == {"0"}
    # The two fields of frame n show 2n and 2n + 1, which differ in the bar of the first bit.
    numbers = numbers_of(bench, made.rung("144p"))
    assert [number // 2 for number in numbers] == list(range(210))


def test_two_instants_are_not_woven_into_one_picture(bench: Bench, tmp_path: Path) -> None:
    """An edge that moves has teeth where fields are shown together."""
    moving = "nullsrc=s=320x180:r=50,format=gray,geq=lum='if(lt(mod(X+8*N,160),80),200,50)'"
    source = tmp_path / "clip.mp4"
    run_ffmpeg(
        *("-f", "lavfi", "-i", f"{moving},tinterlace=interleave_top,format=yuv420p,setfield=tff"),
        *("-frames:v", "50", *X264, "-flags", "+ildct+ilme", "-x264-params", "tff=1"),
        str(source),
    )
    made = transcoded(bench, source)
    rung = bench.download([made.rung("180p")]).parent / "180p" / "index.m3u8"
    assert teeth(source) > 100
    assert teeth(rung) < 50


def teeth(media: Path) -> float:
    """How much a line differs from both of its neighbours, on average at its worst column."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(media), "-map", "0:v:0"]
    command += ["-vf", "trim=start_frame=20:end_frame=21,crop=320:100:0:40,format=gray"]
    done = subprocess.run([*command, "-f", "rawvideo", "-"], check=True, capture_output=True)
    lines = [done.stdout[at : at + 320] for at in range(0, 32_000, 320)]
    worst = 0.0
    for column in range(320):
        pixels = [line[column] for line in lines]
        steps = [abs(above - below) for above, below in pairwise(pixels)]
        worst = max(worst, sum(steps) / len(steps))
    return worst


@pytest.mark.parametrize("rate", ["25", "179/6"])
def test_a_compliant_picture_is_the_top_rung_itself(
    bench: Bench, tmp_path: Path, rate: str
) -> None:
    """Its key frames, at irregular places, are those of the other rungs too."""
    irregular = ("-force_key_frames", "1.5,4.52,5,7.2", "-g", "150", "-sc_threshold", "0")
    options = (*X264, "-profile:v", "high", "-bf", "2", *irregular)
    source = make_numbered(tmp_path / "clip.mp4", frames=270, rate=rate, options=options)
    made = transcoded(bench, source)
    assert [plan["work"] for plan in made.plans] == ["copy", "encode", "encode"]
    assert_every_frame_once(bench, made, rate=Fraction(rate), numbers=range(270))
    keys = times_of(bench, made.rung("144p"), only_key_frames=True)
    assert keys == pytest.approx(frame_times(source, only_key_frames=True), abs=2e-6)
    copied = bench.download([made.rung("180p")]).parent / "180p" / "index.m3u8"
    assert packet_sizes(copied)[1:] == packet_sizes(source)[1:]  # the first loses its messages


def test_a_compliant_picture_of_one_rung_is_only_copied(bench: Bench, tmp_path: Path) -> None:
    options = (*X264, "-profile:v", "main", "-g", "50")
    source = make_numbered(
        tmp_path / "clip.mp4", frames=100, rate="25", size=(160, 90), options=options
    )
    made = transcoded(bench, source)
    assert made.names == ["90p"]
    assert [plan["work"] for plan in made.plans] == ["copy"]
    assert_every_frame_once(bench, made, rate=Fraction(25), numbers=range(100))


def test_copied_pictures_lose_their_messages(bench: Bench, tmp_path: Path) -> None:
    secret = "h264_metadata=sei_user_data=086f3693b7b34f2c965321492feee5b8+SECRET"
    options = (*X264, "-profile:v", "main", "-g", "50", "-bsf:v", secret)
    source = make_numbered(tmp_path / "clip.mp4", frames=100, rate="25", options=options)
    assert b"SECRET" in source.read_bytes()
    made = transcoded(bench, source)
    assert made.plans[0]["work"] == "copy"
    for info in bench.runtime.store.list(made.rung("180p").key):
        assert b"SECRET" not in bench.runtime.store.read(info.key)


@pytest.mark.parametrize(
    "options",
    [
        (*X264, "-profile:v", "high", "-g", "300"),
        OPEN_GROUPS,
        (*X264, "-pix_fmt", "yuvj420p", "-g", "50"),
        (*X264, "-g", "50", "-vf", "setsar=4/3"),
        (*X264, "-g", "1"),
    ],
    ids=["long groups", "open groups", "full range", "oblong pixels", "key frames only"],
)
def test_a_picture_that_does_not_comply_is_encoded(
    bench: Bench, tmp_path: Path, options: tuple[str, ...]
) -> None:
    source = make_numbered(tmp_path / "clip.mp4", frames=275, rate="25", options=options)
    made = transcode(bench.run_of(source, Step.TRANSCODE))
    assert isinstance(made, StepSplit)
    assert {chunk["work"] for chunk in made.chunks} == {"encode"}


def test_a_second_try_makes_the_same_under_other_names(bench: Bench, tmp_path: Path) -> None:
    source = make_numbered(tmp_path / "clip.mp4", frames=210, rate="25", options=OPEN_GROUPS)
    run = bench.run_of(source, Step.TRANSCODE)
    split = transcode(run)
    assert isinstance(split, StepSplit)
    first, second = join(bench, run, split), join(bench, run, split, tries=(1, 2))
    files = first.rung("180p").segment_files or ()
    again = second.rung("180p").segment_files or ()
    assert files == ("00001.m4s", "00002.m4s", "00003.m4s")
    assert again == ("00001.m4s", "00002-2.m4s", "00003-2.m4s")
    store, key = bench.runtime.store, first.rung("180p").key
    for one, other in zip(files, again, strict=True):
        assert store.read(key + one) == store.read(key + other)


def test_a_chunk_without_the_planned_frames_is_not_taken(bench: Bench, tmp_path: Path) -> None:
    source = make_numbered(tmp_path / "clip.mp4", frames=210, rate="25")
    run = bench.run_of(source, Step.TRANSCODE)
    split = transcode(run)
    assert isinstance(split, StepSplit)
    plan = {**split.chunks[-1], "frame_count": 60}
    with pytest.raises(NotSplittable, match="frames that were planned"):
        encode_chunk(chunk_run(bench, run, 2, plan))
    assert isinstance(transcode(replace(run, may_split=False)), StepResult)


@pytest.mark.parametrize("options", [X264, (*X264, "-pix_fmt", "yuv422p")], ids=["copy", "encode"])
def test_captions_within_the_picture_do_not_stay_there(
    bench: Bench, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Playlists say that a picture has none (CLOSED-CAPTIONS=NONE)."""
    sent = pop_on([Caption(1.5, 2.5, "SPOKEN")])
    source = make_captioned_clip(tmp_path / "clip.mp4", sent, seconds=3, options=options)
    assert CAPTION_MARK in source.read_bytes()
    made = transcoded(bench, source)
    assert [plan["work"] for plan in made.plans[:1]] == (["copy"] if options is X264 else [])
    stored = [i.key for rung in made.result.renditions for i in bench.runtime.store.list(rung.key)]
    assert stored
    assert not any(CAPTION_MARK in bench.runtime.store.read(key) for key in stored)


def packet_sizes(media: Path) -> list[int]:
    return [int(size) for size in ffprobe(media, "packet=size", "-select_streams", "v")]
