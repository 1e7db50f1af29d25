"""Pictures made in one piece: with their own times, upright, progressive, in standard colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection

from portal.assets import service as assets
from portal.assets.models import Outcome, Rendition, Step
from portal.errors import Interrupted, MediaRefused, ToolMissing
from portal.runtime import Runtime
from tests.media import ffprobe, make_clip, run_ffmpeg, truncate
from tests.step_runs import Bench, decode_all, frame_times
from workers.run import StepResult
from workers.sandbox import Sandbox, detect_level
from workers.video.transcode import transcode

pytestmark = pytest.mark.media

HDR = (
    *("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params"),
    "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
)
COLOURS = "stream=pix_fmt,color_range,color_space,color_transfer,color_primaries"


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


@pytest.fixture
def whole(bench: Bench) -> Callable[[Path], StepResult]:
    def run(source: Path) -> StepResult:
        result = transcode(replace(bench.run_of(source, Step.TRANSCODE), may_split=False))
        assert isinstance(result, StepResult)
        return result

    return run


Whole = Callable[[Path], StepResult]


def names(result: StepResult) -> list[str]:
    return [rendition.name for rendition in result.renditions]


def seconds(rendition: Rendition) -> float:
    return sum(rendition.segment_seconds or ())


def playlists(bench: Bench, result: StepResult) -> list[Path]:
    folder = bench.download(result.renditions).parent
    return [folder / rendition.name / "index.m3u8" for rendition in result.renditions]


def test_every_rung_decodes_and_switches_at_equal_instants(
    bench: Bench, whole: Whole, tmp_path: Path
) -> None:
    result = whole(make_clip(tmp_path / "clip.mp4", seconds=9, size="640x360"))
    assert (result.outcome, names(result)) == (Outcome.DONE, ["360p", "240p"])
    decode_all(bench.download(result.renditions))
    big, small = playlists(bench, result)
    assert frame_times(big) == pytest.approx([n / 25 for n in range(225)])
    assert frame_times(small) == pytest.approx(frame_times(big))
    assert frame_times(big, only_key_frames=True) == [0, 2, 4, 6, 8]
    assert frame_times(small, only_key_frames=True) == [0, 2, 4, 6, 8]
    assert {r.segment_seconds for r in result.renditions} == {(4.0, 4.0, 1.0)}
    assert bench.seen.progress == sorted(bench.seen.progress)
    assert bench.seen.progress[-1] == pytest.approx(1, abs=0.1)


def test_renditions_describe_what_is_stored(bench: Bench, whole: Whole, tmp_path: Path) -> None:
    result = whole(make_clip(tmp_path / "clip.mp4", seconds=5, size="320x240", rate="30"))
    top = result.renditions[0]
    assert (top.name, top.width, top.height, top.frame_rate) == ("240p", 320, 240, 30)
    assert top.codecs is not None
    assert top.codecs.startswith("avc1.6400")
    stored = {i.key.removeprefix(top.key): i for i in bench.runtime.store.list(top.key)}
    assert sorted(stored) == ["00001.m4s", "00002.m4s", "init.mp4"]
    assert top.segment_files == ("00001.m4s", "00002.m4s")
    assert top.size_bytes == sum(info.size_bytes for info in stored.values())
    assert top.bandwidth_bps is not None
    assert top.average_bandwidth_bps is not None
    assert top.bandwidth_bps >= top.average_bandwidth_bps > 0
    for name, length in zip(top.segment_files, top.keyframe_bytes or (), strict=True):
        assert_one_picture(bench, top, name, tmp_path=tmp_path, length=length)


def assert_one_picture(
    bench: Bench, rendition: Rendition, name: str, *, tmp_path: Path, length: int
) -> None:
    """Init and that much of a segment show its first picture, as I-frame playlists want."""
    store = bench.runtime.store
    beginning = store.read(rendition.key + name)[:length]
    path = tmp_path / "beginning.mp4"
    path.write_bytes(store.read(rendition.key + "init.mp4") + beginning)
    run_ffmpeg("-xerror", "-i", str(path), "-frames:v", "1", "-f", "null", "-")
    path.write_bytes(store.read(rendition.key + "init.mp4") + beginning[:-1])
    assert ffprobe(path, "packet=size", "-select_streams", "v") != [str(length)]


def test_times_that_vary_stay_as_they_are(bench: Bench, whole: Whole, tmp_path: Path) -> None:
    irregular = ("-vf", "select='not(mod(n,7))+not(mod(n,5))'", "-fps_mode", "vfr", "-bf", "2")
    source = make_clip(tmp_path / "clip.mp4", seconds=9, sound=False, options=irregular)
    result = whole(source)
    for playlist in playlists(bench, result):
        assert frame_times(playlist) == pytest.approx(frame_times(source), abs=2e-5)
    keys = [frame_times(p, only_key_frames=True) for p in playlists(bench, result)]
    assert keys[0] == keys[1]
    assert all(2 <= b - a < 2.4 for a, b in pairwise(keys[0]))
    assert {r.segment_seconds for r in result.renditions} == {result.renditions[0].segment_seconds}


def test_more_than_sixty_frames_per_second_are_thinned(
    bench: Bench, whole: Whole, tmp_path: Path
) -> None:
    result = whole(make_clip(tmp_path / "clip.mp4", seconds=2, rate="100", sound=False))
    times = frame_times(playlists(bench, result)[0])
    assert len(times) == pytest.approx(100, abs=1)
    assert result.renditions[0].frame_rate == 50


@pytest.mark.parametrize(
    ("shape", "options", "expected"),
    [
        (("321x241", "25"), ("-pix_fmt", "yuv444p"), ["240p", "144p"]),
        (("16x16", "25"), ("-pix_fmt", "yuv420p"), ["16p"]),
        (("320x180", "7"), (), ["180p", "144p"]),
        (("360x288", "25"), ("-vf", "setsar=16/11"), ["288p", "240p"]),
        (("320x180", "25"), ("-c:v", "ffv1", "-pix_fmt", "yuva420p"), ["180p", "144p"]),
        (("320x180", "25"), ("-c:v", "libx264", "-pix_fmt", "yuvj420p"), ["180p", "144p"]),
        (("320x180", "25"), HDR, ["180p", "144p"]),
    ],
)
def test_odd_pictures(
    bench: Bench,
    whole: Whole,
    *,
    tmp_path: Path,
    shape: tuple[str, str],
    options: tuple[str, ...],
    expected: list[str],
) -> None:
    size, rate = shape
    clip = {"size": size, "rate": rate, "sound": False, "options": options}
    result = whole(make_clip(tmp_path / "clip.mkv", seconds=1, **clip))  # type: ignore[arg-type]
    assert (result.outcome, names(result)) == (Outcome.DONE, expected)
    decode_all(bench.download(result.renditions))
    for rendition, playlist in zip(result.renditions, playlists(bench, result), strict=True):
        shown = ffprobe(playlist, "stream=width,height,sample_aspect_ratio")[0]
        assert shown == f"{rendition.width},{rendition.height},1:1"
        assert ffprobe(playlist, COLOURS)[0] == "yuv420p,tv,bt709,bt709,bt709"
        assert seconds(rendition) == pytest.approx(1, abs=0.2)


def grey_of(media: Path) -> int:
    """The luma of the first frame's first pixels, as it is coded."""
    grey = media.parent / "grey.raw"
    first = ("-i", str(media), "-map", "0:v:0", "-frames:v", "1", "-vf", "crop=2:2")
    run_ffmpeg(*first, "-f", "rawvideo", str(grey))
    return grey.read_bytes()[0]


def test_full_range_becomes_limited(bench: Bench, whole: Whole, tmp_path: Path) -> None:
    """White, which is 255 there, is 235 here."""
    options = ("-f", "lavfi", "-i", "color=white:size=320x180:rate=25:duration=1")
    source = tmp_path / "clip.mkv"
    run_ffmpeg(*options, "-c:v", "libx264", "-pix_fmt", "yuvj420p", str(source))
    assert grey_of(playlists(bench, whole(source))[0]) == pytest.approx(235, abs=2)


def test_hdr_is_mapped_not_just_cut_to_eight_bits(
    bench: Bench, whole: Whole, tmp_path: Path
) -> None:
    """The white of paper (203 cd/m²) is 58 % of PQ's signal: cut down it would stay grey."""
    level = round(64 + 0.58 * 876)
    white = (
        f"nullsrc=size=320x180:rate=25:duration=1,format=yuv420p10le,geq=lum={level}:cb=512:cr=512"
    )
    source = tmp_path / "clip.mp4"
    run_ffmpeg("-f", "lavfi", "-i", white, *HDR, str(source))
    cut_down = 16 + 0.58 * 219
    assert grey_of(playlists(bench, whole(source))[0]) > cut_down + 30


@pytest.mark.parametrize(
    "said", [("-color_trc", "smpte2084"), ("-color_primaries", "bt2020")], ids=["curve", "gamut"]
)
def test_colours_of_which_not_all_is_said(
    bench: Bench, whole: Whole, tmp_path: Path, said: tuple[str, str]
) -> None:
    deep = ("-c:v", "ffv1", "-pix_fmt", "yuv420p10le", *said)
    result = whole(make_clip(tmp_path / "clip.mkv", seconds=1, sound=False, options=deep))
    assert result.outcome is Outcome.DONE
    assert ffprobe(playlists(bench, result)[0], COLOURS)[0] == "yuv420p,tv,bt709,bt709,bt709"


def test_a_recording_that_was_turned_is_shown_upright(
    bench: Bench, whole: Whole, tmp_path: Path
) -> None:
    make_clip(tmp_path / "flat.mp4", seconds=2, size="640x360")
    turned = tmp_path / "turned.mp4"
    turn = ("-c", "copy", "-metadata:s:v:0", "rotate=90")
    run_ffmpeg("-i", str(tmp_path / "flat.mp4"), *turn, str(turned))
    result = whole(turned)
    assert [(r.name, r.width, r.height) for r in result.renditions] == [
        ("360p", 360, 640),
        ("240p", 240, 426),
    ]
    small = playlists(bench, result)[1]
    assert ffprobe(small, "stream=width,height,sample_aspect_ratio")[0] == "240,426,1:1"
    assert ffprobe(small, "stream_side_data=rotation")[:1] in ([], ["0"])


def test_nothing_of_the_makers_metadata_is_kept(bench: Bench, whole: Whole, tmp_path: Path) -> None:
    tags = ("-metadata", "title=SECRET", "-metadata", "location=+53.9+27.5/")
    options = (*tags, "-movflags", "use_metadata_tags")
    source = make_clip(tmp_path / "clip.mp4", seconds=2, options=options)
    assert b"SECRET" in source.read_bytes()
    assert b"+53.9" in source.read_bytes()
    [prefix] = {rendition.key.split("/transcode/")[0] for rendition in whole(source).renditions}
    for info in bench.runtime.store.list(f"{prefix}/transcode/"):
        stored = bench.runtime.store.read(info.key)
        assert b"SECRET" not in stored
        assert b"+53.9" not in stored


@pytest.mark.parametrize("sound", [True, False])
def test_a_recording_that_was_cut_off_is_partial_and_plays(
    bench: Bench, *, tmp_path: Path, sound: bool
) -> None:
    fast_start = ("-movflags", "+faststart", "-g", "25")
    clip = make_clip(tmp_path / "clip.mp4", seconds=12, sound=sound, options=fast_start)
    result = transcode(bench.run_of(truncate(clip, ratio=0.5), Step.TRANSCODE))
    assert isinstance(result, StepResult)  # what is damaged is never split
    assert result.outcome is Outcome.PARTIAL
    assert result.detail is not None
    assert result.detail.startswith("its picture ends after 00:" if sound else "ends after 00:")
    assert result.detail.endswith(" of 00:12")
    assert 4 < seconds(result.renditions[0]) < 10
    decode_all(bench.download(result.renditions))


def test_pictures_that_are_lost_within_are_told(bench: Bench, whole: Whole, tmp_path: Path) -> None:
    intra = ("-c:v", "mjpeg", "-q:v", "4")
    source = make_clip(tmp_path / "clip.mov", seconds=4, sound=False, options=intra)
    data = bytearray(source.read_bytes())
    for at in range(len(data) // 4, len(data) // 2, 64):
        data[at : at + 64] = bytes(64)
    source.write_bytes(data)
    result = whole(source)
    assert result.outcome is Outcome.PARTIAL
    assert "pictures could not be decoded" in (result.detail or "")


def test_a_short_whole_is_made_the_same_twice(bench: Bench, tmp_path: Path) -> None:
    """A rate that is bounded on several threads depends on who comes first."""
    source = make_clip(tmp_path / "clip.ts", seconds=6, size="640x360", sound=False, rate="30")
    made = [transcode(bench.run_of(source, Step.TRANSCODE)) for _ in range(2)]
    first, second = (one.renditions if isinstance(one, StepResult) else () for one in made)
    assert [rendition.sha256 for rendition in first] == [rendition.sha256 for rendition in second]
    assert first


def test_a_picture_that_starts_late_stays_with_the_sound(
    bench: Bench, whole: Whole, tmp_path: Path
) -> None:
    make_clip(tmp_path / "sound.wav", seconds=6, picture=False)
    make_clip(tmp_path / "picture.mp4", seconds=4, sound=False)
    late = ("-itsoffset", "1.5", "-i", str(tmp_path / "picture.mp4"))
    sound = ("-i", str(tmp_path / "sound.wav"))
    run_ffmpeg(*sound, *late, "-map", "0", "-map", "1", "-c:v", "copy", str(tmp_path / "clip.mp4"))
    result = whole(tmp_path / "clip.mp4")
    assert result.detail is None
    assert seconds(result.renditions[0]) == pytest.approx(5.5, abs=0.05)
    assert frame_times(playlists(bench, result)[0])[0] == 0


def test_a_tiny_file_cannot_ask_for_days(bench: Bench, *, tmp_path: Path) -> None:
    picture = make_clip(tmp_path / "picture.mp4", seconds=2, sound=False)
    sound = make_clip(tmp_path / "sound.m4a", seconds=2, picture=False)
    delayed = ("-itsoffset", str(72 * 3600), "-i", str(picture))
    maps = ("-map", "0", "-map", "1", "-c", "copy")
    run_ffmpeg("-i", str(sound), *delayed, *maps, str(tmp_path / "clip.mp4"))
    run = bench.run_of(tmp_path / "clip.mp4", Step.TRANSCODE)
    settings = run.runtime.settings.model_copy(update={"transcode_seconds_max": 30})
    result = transcode(replace(run, runtime=replace(run.runtime, settings=settings)))
    assert isinstance(result, StepResult)
    assert (result.outcome, result.detail) == (Outcome.DONE, None)
    assert [note.split(" claims")[0] for note in result.notes] == ["The picture"]
    assert [seconds(r) for r in result.renditions] == [pytest.approx(2, abs=0.1)] * 2
    assert result.apply is not None  # the duration is the measured one


def test_a_duration_that_is_not_stated_is_measured(
    whole: Whole, tmp_path: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[float] = []
    monkeypatch.setattr(assets, "record_duration", lambda *found: measured.append(found[-1]))
    live = ("-c:v", "libx264", "-live", "1")
    result = whole(make_clip(tmp_path / "clip.mkv", seconds=3, sound=False, options=live))
    assert (result.outcome, result.detail) == (Outcome.DONE, None)
    assert result.apply is not None
    result.apply(connection)
    assert measured == [pytest.approx(3, abs=0.05)]


def test_a_picture_that_cannot_be_decoded_leaves_its_sound(whole: Whole, tmp_path: Path) -> None:
    options = ("-c:v", "prores")
    picture = make_clip(tmp_path / "picture.mov", seconds=2, sound=False, options=options)
    data = picture.read_bytes()
    begin, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    picture.write_bytes(data[:begin] + bytes(end - begin) + data[end:])
    with pytest.raises(MediaRefused):
        whole(picture)
    sound = make_clip(tmp_path / "sound.m4a", seconds=2, picture=False)
    both = ("-i", str(picture), "-i", str(sound), "-c", "copy")
    run_ffmpeg(*both, str(tmp_path / "clip.mov"))
    result = whole(tmp_path / "clip.mov")
    assert (result.outcome, result.detail) == (Outcome.PARTIAL, "its picture cannot be decoded")


def test_sound_alone_has_no_picture(whole: Whole, tmp_path: Path) -> None:
    result = whole(make_clip(tmp_path / "clip.wav", seconds=1, picture=False))
    assert (result.renditions, result.notes) == ((), ("There is no picture.",))


def test_a_stop_ends_a_transcode(bench: Bench, tmp_path: Path) -> None:
    run = bench.run_of(make_clip(tmp_path / "clip.mp4", seconds=4), Step.TRANSCODE)
    stopping = replace(run, report_progress=lambda _fraction: bench.stop.set(), may_split=False)
    with pytest.raises(Interrupted):
        transcode(stopping)


def test_a_missing_program_is_said(bench: Bench, tmp_path: Path) -> None:
    settings = bench.runtime.settings.model_copy(update={"ffmpeg_path": str(tmp_path / "ffmpeg")})
    broken = replace(bench, runtime=replace(bench.runtime, settings=settings))
    run = broken.run_of(make_clip(tmp_path / "clip.mp4", seconds=1), Step.TRANSCODE)
    with pytest.raises(ToolMissing, match="apt install ffmpeg"):
        transcode(replace(run, may_split=False))
