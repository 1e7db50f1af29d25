"""Recordings of every odd kind, through the real sandbox and ffmpeg into a real store."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection

from portal.assets import service
from portal.assets.models import Kind, Outcome, Rendition, RenditionKind, Step
from portal.errors import Interrupted, Superseded, ToolMissing
from portal.runtime import Runtime
from tests.media import ffprobe, make_clip, run_ffmpeg, truncate
from tests.step_runs import Bench, decode_all, frame_times
from workers.run import StepResult, StepRun
from workers.sandbox import Sandbox, detect_level
from workers.video.steps import poster, probe, transcode

pytestmark = pytest.mark.media

HDR = (
    *("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params"),
    "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
)


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


@pytest.fixture
def transcoded(bench: Bench) -> Callable[[Path], StepResult]:
    def run(source: Path) -> StepResult:
        return transcode(bench.run_of(source, Step.TRANSCODE))

    return run


Transcoded = Callable[[Path], StepResult]


def names(renditions: tuple[Rendition, ...] | list[Rendition]) -> list[str]:
    return [rendition.name for rendition in renditions]


def rung(result: StepResult, name: str) -> Rendition:
    return next(r for r in result.renditions if r.name == name)


def seconds(rendition: Rendition) -> float:
    return sum(rendition.segment_seconds or ())


@pytest.mark.parametrize(
    ("name", "picture", "kind", "size"),
    [
        ("clip.mp4", True, Kind.VIDEO, (320, 180)),
        ("sound-only.mp4", False, Kind.AUDIO, (None, None)),
    ],
)
def test_the_probe_records_kind_size_and_duration(
    bench: Bench,
    *,
    tmp_path: Path,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    picture: bool,
    kind: Kind,
    size: tuple[int | None, int | None],
) -> None:
    recorded: dict[str, object] = {}
    monkeypatch.setattr(service, "record_probe", lambda *_subject, **found: recorded.update(found))
    result = probe(bench.run_of(make_clip(tmp_path / name, seconds=2, picture=picture), Step.PROBE))
    assert result.apply is not None
    assert recorded == {}  # nothing is written before the runner publishes the result
    result.apply(connection)
    assert (recorded["kind"], recorded["width"], recorded["height"]) == (kind, *size)
    assert recorded["duration_seconds"] == pytest.approx(2, abs=0.1)
    assert recorded["captured_at"] is None


def test_every_rung_decodes_and_switches_at_equal_instants(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    result = transcoded(make_clip(tmp_path / "clip.mp4", seconds=9, size="640x360", rate="25"))
    assert result.outcome is Outcome.DONE
    assert names(result.renditions) == ["360p", "240p", "audio"]
    master = bench.download(result.renditions)
    decode_all(master)
    big, small = (master.parent / name / "index.m3u8" for name in ("360p", "240p"))
    assert len(frame_times(big)) == len(frame_times(small)) == 9 * 25
    key_frames = frame_times(big, only_key_frames=True)
    assert key_frames == frame_times(small, only_key_frames=True)
    assert key_frames == [0, 2, 4, 6, 8]
    assert rung(result, "360p").segment_seconds == rung(result, "240p").segment_seconds
    assert rung(result, "360p").segment_seconds == (4.0, 4.0, 1.0)


def test_picture_and_sound_begin_together(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    result = transcoded(make_clip(tmp_path / "clip.mp4", seconds=3, rate="12"))
    master = bench.download(result.renditions)
    assert frame_times(master.parent / "180p" / "index.m3u8")[0] == 0
    start = ffprobe(master.parent / "audio" / "index.m3u8", "stream=start_time")[0]
    # The encoder's first 1024 samples are no sound; an edit list has players leave them out.
    assert float(start) == pytest.approx(-1024 / 48_000, abs=1e-5)


def test_the_preview_is_published_first_and_superseded(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    result = transcoded(make_clip(tmp_path / "clip.mp4", seconds=10, size="640x480"))
    [preview] = bench.seen.early
    assert (preview.name, preview.kind) == ("preview", RenditionKind.PREVIEW)
    assert (preview.width, preview.height) == (480, 360)
    assert preview.segment_seconds == (2.0, 2.0, 2.0, 2.0)
    assert preview.codecs is not None
    assert preview.codecs.startswith("avc1.64")
    assert preview.codecs.endswith(",mp4a.40.2")
    decode_all(bench.download([preview]))
    assert "preview" not in names(result.renditions)


def test_renditions_describe_what_is_stored(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    result = transcoded(make_clip(tmp_path / "clip.mp4", seconds=5, size="320x240", rate="30"))
    top = rung(result, "240p")
    assert (top.width, top.height, top.frame_rate) == (320, 240, 30)
    assert top.codecs is not None
    assert top.codecs.startswith("avc1.6400")
    store = bench.runtime.store
    stored = {info.key.removeprefix(top.key): info for info in store.list(top.key)}
    assert sorted(stored) == ["00001.m4s", "00002.m4s", "init.mp4"]
    assert top.size_bytes == sum(info.size_bytes for info in stored.values())
    listing = "".join(
        f"{name} {hashlib.sha256(store.read(top.key + name)).hexdigest()}\n"
        for name in sorted(stored)
    )
    assert top.sha256 == hashlib.sha256(listing.encode()).hexdigest()
    assert top.bandwidth_bps is not None
    assert top.average_bandwidth_bps is not None
    assert top.bandwidth_bps >= top.average_bandwidth_bps > 0
    assert rung(result, "audio").codecs == "mp4a.40.2"


def test_progress_rises_to_the_end(bench: Bench, transcoded: Transcoded, tmp_path: Path) -> None:
    transcoded(make_clip(tmp_path / "clip.mp4", seconds=4))
    assert bench.seen.progress[-1] == pytest.approx(1, abs=0.1)
    assert all(earlier <= later for earlier, later in pairwise(bench.seen.progress))


def test_nothing_of_the_makers_metadata_is_kept(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    tags = (
        *("-metadata", "title=SECRET", "-metadata", "location=+53.9+27.5/"),
        *("-metadata:s:a", "language=rus", "-movflags", "use_metadata_tags"),
    )
    source = make_clip(tmp_path / "clip.mp4", seconds=2, options=tags)
    assert b"SECRET" in source.read_bytes()
    assert b"+53.9" in source.read_bytes()
    result = transcoded(source)
    for info in bench.runtime.store.list(f"assets/{_asset_id(result)}/transcode/"):
        stored = bench.runtime.store.read(info.key)
        assert b"SECRET" not in stored
        assert b"+53.9" not in stored
    assert rung(result, "audio").language == "rus"


def test_a_recording_that_was_cut_off_is_partial_and_plays(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    fast_start = ("-movflags", "+faststart", "-g", "25")
    source = truncate(make_clip(tmp_path / "clip.mp4", seconds=12, options=fast_start), ratio=0.5)
    result = transcoded(source)
    assert result.outcome is Outcome.PARTIAL
    assert result.detail is not None
    assert result.detail.startswith("ends after 00:0")
    assert result.detail.endswith(" of 00:12")
    assert 3 < seconds(rung(result, "180p")) < 9
    decode_all(bench.download(result.renditions))


def test_a_recording_that_shows_a_part_of_its_track_is_whole(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    make_clip(tmp_path / "long.mp4", seconds=9, options=("-g", "250"))
    cut = ("-ss", "4", "-i", str(tmp_path / "long.mp4"), "-c", "copy")
    run_ffmpeg(*cut, str(tmp_path / "clip.mp4"))
    result = transcoded(tmp_path / "clip.mp4")
    assert (result.outcome, result.detail) == (Outcome.DONE, None)
    assert seconds(rung(result, "180p")) == pytest.approx(5, abs=0.3)


HALF_LOUD = (
    *("-f", "lavfi", "-i", "anullsrc=sample_rate=44100:duration=35"),
    *("-f", "lavfi", "-i", "anoisesrc=duration=35:amplitude=0.5"),
)


def half_loud(path: Path, *options: str, loud_first: bool = False) -> Path:
    """70 s whose bit rate is no guide to how long they are."""
    order = "[1][0]" if loud_first else "[0][1]"
    run_ffmpeg(*HALF_LOUD, "-filter_complex", f"{order}concat=v=0:a=1", *options, str(path))
    return path


@pytest.mark.parametrize("loud_first", [True, False])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("clip.mp3", ("-q:a", "4", "-write_xing", "0")),
        ("clip.aac", ("-c:a", "aac", "-aac_coder", "fast")),
        ("clip.webm", ("-c:a", "libopus", "-live", "1")),
    ],
)
def test_a_whole_file_that_states_no_duration_is_whole_and_measured(
    bench: Bench,
    *,
    tmp_path: Path,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    options: tuple[str, ...],
    loud_first: bool,
) -> None:
    measured: list[float] = []
    monkeypatch.setattr(service, "record_duration", lambda *found: measured.append(found[-1]))
    source = half_loud(tmp_path / name, *options, loud_first=loud_first)
    result = transcode(bench.run_of(source, Step.TRANSCODE))
    assert (result.outcome, result.detail) == (Outcome.DONE, None)
    assert result.apply is not None
    result.apply(connection)
    assert measured == [pytest.approx(70, abs=0.2)]


def test_a_stated_duration_is_left_as_it_is(transcoded: Transcoded, tmp_path: Path) -> None:
    result = transcoded(half_loud(tmp_path / "clip.mp3", "-q:a", "4"))
    assert (result.outcome, result.apply) == (Outcome.DONE, None)


def test_a_recording_that_was_turned_is_shown_upright(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    make_clip(tmp_path / "flat.mp4", seconds=2, size="640x360")
    turned = tmp_path / "turned.mp4"
    run_ffmpeg(
        "-i", str(tmp_path / "flat.mp4"), "-c", "copy", "-metadata:s:v:0", "rotate=90", str(turned)
    )
    result = transcoded(turned)
    assert (rung(result, "360p").width, rung(result, "360p").height) == (360, 640)
    master = bench.download(result.renditions)
    assert (
        ffprobe(master.parent / "240p" / "index.m3u8", "stream=width,height,sample_aspect_ratio")[0]
        == "240,426,1:1"
    )


@pytest.mark.parametrize(
    ("shape", "options", "expected"),
    [
        (("321x241", "25"), ("-pix_fmt", "yuv444p"), ["240p", "144p", "audio"]),
        (("16x16", "25"), ("-pix_fmt", "yuv420p"), ["16p", "audio"]),
        (("320x180", "30000/1001"), (), ["180p", "144p", "audio"]),
        (("320x180", "7"), (), ["180p", "144p", "audio"]),
        (("360x288", "25"), ("-vf", "setsar=16/11"), ["288p", "240p", "audio"]),
        (
            ("320x180", "25"),
            ("-c:v", "mpeg4", "-c:a", "ac3", "-ac", "6"),
            ["180p", "144p", "audio"],
        ),
        (("320x180", "25"), HDR, ["180p", "144p", "audio"]),
    ],
)
def test_odd_pictures(
    bench: Bench,
    *,
    tmp_path: Path,
    shape: tuple[str, str],
    options: tuple[str, ...],
    expected: list[str],
) -> None:
    size, rate = shape
    source = make_clip(tmp_path / "clip.mkv", seconds=3, size=size, rate=rate, options=options)
    result = transcode(bench.run_of(source, Step.TRANSCODE))
    assert result.outcome is Outcome.DONE
    assert names(result.renditions) == expected
    master = bench.download(result.renditions)
    decode_all(master)
    for rendition in result.renditions[:-1]:
        playlist = master.parent / rendition.name / "index.m3u8"
        shown = ffprobe(playlist, "stream=width,height,pix_fmt")[0]
        assert shown == f"{rendition.width},{rendition.height},yuv420p"
        assert seconds(rendition) == pytest.approx(3, abs=0.2)


def test_more_than_sixty_frames_per_second_are_thinned(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    result = transcoded(make_clip(tmp_path / "clip.mp4", seconds=2, rate="100", sound=False))
    master = bench.download(result.renditions)
    assert len(frame_times(master.parent / "180p" / "index.m3u8")) == pytest.approx(120, abs=1)
    assert rung(result, "180p").frame_rate == 60


def test_a_variable_rate_stays_variable(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    irregular = ("-vf", "select='not(mod(n,7))+not(mod(n,5))'", "-fps_mode", "vfr")
    source = make_clip(tmp_path / "clip.mp4", seconds=6, sound=False, options=irregular)
    result = transcoded(source)
    times = frame_times(bench.download(result.renditions).parent / "180p" / "index.m3u8")
    # fMP4 moves the first frame of a segment to where the one before it is guessed to end.
    assert times == pytest.approx(frame_times(source), abs=0.05)


def test_a_recording_without_sound_has_no_sound(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    result = transcoded(make_clip(tmp_path / "clip.mp4", seconds=2, sound=False))
    assert names(result.renditions) == ["180p", "144p"]
    assert bench.seen.early[0].codecs == result.renditions[0].codecs
    decode_all(bench.download(result.renditions))


def test_sound_alone_becomes_one_rendition(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    result = transcoded(make_clip(tmp_path / "clip.wav", seconds=5, picture=False))
    assert names(result.renditions) == ["audio"]
    assert bench.seen.early == []
    decode_all(bench.download(result.renditions))


def test_sound_that_starts_late_stays_with_the_picture(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    make_clip(tmp_path / "sound.wav", seconds=2, picture=False)
    make_clip(tmp_path / "picture.mp4", seconds=4, sound=False)
    late = (
        "-i",
        str(tmp_path / "picture.mp4"),
        "-itsoffset",
        "1.5",
        "-i",
        str(tmp_path / "sound.wav"),
    )
    run_ffmpeg(*late, "-c:v", "copy", str(tmp_path / "clip.mp4"))
    result = transcoded(tmp_path / "clip.mp4")
    assert seconds(rung(result, "audio")) == pytest.approx(3.5, abs=0.05)


def test_a_picture_that_starts_late_stays_with_the_sound(
    bench: Bench, transcoded: Transcoded, tmp_path: Path
) -> None:
    make_clip(tmp_path / "sound.wav", seconds=6, picture=False)
    make_clip(tmp_path / "picture.mp4", seconds=4, sound=False)
    late = ("-itsoffset", "1.5", "-i", str(tmp_path / "picture.mp4"))
    sound = ("-i", str(tmp_path / "sound.wav"))
    run_ffmpeg(*sound, *late, "-map", "0", "-map", "1", "-c:v", "copy", str(tmp_path / "clip.mp4"))
    result = transcoded(tmp_path / "clip.mp4")
    assert seconds(rung(result, "180p")) == pytest.approx(5.5, abs=0.05)
    times = frame_times(bench.download(result.renditions).parent / "180p" / "index.m3u8")
    assert times[0] == 0
    assert times[-1] == pytest.approx(5.5, abs=0.05)


@pytest.mark.parametrize("late", ["picture", "sound"])
@pytest.mark.parametrize("delay_seconds", [25 * 3600, 72 * 3600])
def test_a_tiny_file_cannot_ask_for_days(
    bench: Bench, *, tmp_path: Path, late: str, delay_seconds: int
) -> None:
    parts = {
        "picture": make_clip(tmp_path / "picture.mp4", seconds=2, sound=False),
        "sound": make_clip(tmp_path / "sound.m4a", seconds=2, picture=False),
    }
    other = next(part for part in parts if part != late)
    delayed = ("-itsoffset", str(delay_seconds), "-i", str(parts[late]))
    maps = ("-map", "0", "-map", "1", "-c", "copy")
    run_ffmpeg("-i", str(parts[other]), *delayed, *maps, str(tmp_path / "clip.mp4"))
    run = bench.run_of(tmp_path / "clip.mp4", Step.TRANSCODE)
    settings = run.runtime.settings.model_copy(update={"transcode_seconds_max": 30})
    result = transcode(replace(run, runtime=replace(run.runtime, settings=settings)))
    assert (result.outcome, result.detail) == (Outcome.DONE, None)
    assert [note.split(" claims")[0] for note in result.notes] == [f"The {late}"]
    assert [seconds(r) for r in result.renditions] == [pytest.approx(2, abs=0.1)] * 3
    assert result.apply is not None  # the duration is the measured one
    decode_all(bench.download(result.renditions))
    assert poster(replace(run, step=Step.POSTER)).renditions


@pytest.mark.parametrize("channels", [1, 6, 12])
def test_any_number_of_channels_becomes_stereo(
    bench: Bench, transcoded: Transcoded, tmp_path: Path, channels: int
) -> None:
    tones = "|".join(["sin(2*PI*440*t)"] * channels)
    source = tmp_path / "clip.mov"
    run_ffmpeg("-f", "lavfi", "-i", f"aevalsrc=exprs={tones}:d=2", "-c:a", "pcm_s16le", str(source))
    master = bench.download(transcoded(source).renditions)
    assert ffprobe(master.parent / "audio" / "index.m3u8", "stream=channels")[0] == "2"


def test_a_stop_ends_a_transcode(bench: Bench, tmp_path: Path) -> None:
    run = bench.run_of(make_clip(tmp_path / "clip.mp4", seconds=4), Step.TRANSCODE)
    stopping = replace(run, report_progress=lambda _fraction: bench.stop.set())
    with pytest.raises(Interrupted):
        transcode(stopping)


def instead_of_the_preview(run: StepRun, tmp_path: Path, *, commands: str) -> StepRun:
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text(f'#!/bin/sh\nif test -d 180p; then exec ffmpeg "$@"; fi\n{commands}\n')
    ffmpeg.chmod(0o755)
    changes = {"ffmpeg_path": str(ffmpeg), "probe_seconds_max": 3}
    settings = run.runtime.settings.model_copy(update=changes)
    return replace(run, runtime=replace(run.runtime, settings=settings))


@pytest.mark.parametrize(
    "commands",
    [
        "exit 1",
        "exec sleep 60",  # over its time
        "echo Cannot allocate memory >&2; exit 1",
        "echo Invalid data found >&2; exit 1",
        "mkfifo preview/index.m3u8",
        "echo '#EXTM3U' > preview/index.m3u8",
    ],
)
def test_a_recording_does_without_its_preview(bench: Bench, tmp_path: Path, commands: str) -> None:
    run = bench.run_of(make_clip(tmp_path / "clip.mp4", seconds=2), Step.TRANSCODE)
    result = transcode(instead_of_the_preview(run, tmp_path, commands=commands))
    assert result.outcome is Outcome.DONE
    assert names(result.renditions) == ["180p", "144p", "audio"]
    assert bench.seen.early == []


def test_a_preview_of_a_void_attempt_ends_it(bench: Bench, tmp_path: Path) -> None:
    run = bench.run_of(make_clip(tmp_path / "clip.mp4", seconds=2), Step.TRANSCODE)

    def refuse(_renditions: Sequence[Rendition]) -> None:
        raise Superseded("A newer attempt owns the step.")

    with pytest.raises(Superseded):
        transcode(replace(run, publish_early=refuse))


def test_a_missing_program_is_said(bench: Bench, tmp_path: Path) -> None:
    settings = bench.runtime.settings.model_copy(update={"ffmpeg_path": str(tmp_path / "ffmpeg")})
    broken = replace(bench, runtime=replace(bench.runtime, settings=settings))
    run = broken.run_of(make_clip(tmp_path / "clip.mp4", seconds=1), Step.TRANSCODE)
    with pytest.raises(ToolMissing, match="apt install ffmpeg"):
        transcode(run)


def test_stopped_before_it_began(bench: Bench, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    run = bench.run_of(make_clip(tmp_path / "clip.mp4", seconds=1), Step.PROBE, kind=Kind.VIDEO)
    with pytest.raises(Interrupted):
        probe(replace(run, stop=stop))


def _asset_id(result: StepResult) -> str:
    return result.renditions[0].key.split("/")[1]
