"""The step "download" with real ffmpeg: files that play anywhere and tell no secrets."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.assets.models import Kind, Rendition, RenditionKind, Step
from portal.errors import Interrupted
from portal.events import service as events
from portal.events.models import Event
from portal.runtime import Runtime
from tests import stored_ladder
from tests.media import ffprobe, make_clip, run_ffmpeg
from tests.step_runs import Bench
from workers.downloads.step import download
from workers.run import StepRun
from workers.sandbox import Sandbox, detect_level
from workers.sound.step import sound

pytestmark = pytest.mark.media

FLASH_AT, SECONDS = 2.0, 4
FLASH = (
    f"color=black:s=64x36:r=25:d={SECONDS},drawbox=t=fill:color=white:enable='gte(t,{FLASH_AT})'"
)
BEEP = f"aevalsrc='if(gte(t,{FLASH_AT}),0.8*sin(2*PI*1000*t),0)':s=48000:d={SECONDS}"


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


@pytest.fixture(autouse=True)
def event(monkeypatch: pytest.MonkeyPatch) -> Event:
    scrum = Event(
        id="e",
        slug="scrum",
        default_language="be",
        time_zone="Europe/Minsk",
        title={"be": "Падыход\nда прэсы", "en": "Scrum"},
        summary={},
        body={},
        place={"en": "SECRET PLACE"},
        starts_at=None,
        ends_at=None,
        credit='Press "Service"; 50% = half \\ 1:2',
        contact=None,
        released_at=None,
        withdrawn_at=None,
        state="draft",
        updated_at=datetime.now(UTC),
    )
    monkeypatch.setattr(events, "get_event_by_id", lambda *_, **__: scrum)
    return scrum


def run_with(
    bench: Bench, tmp_path: Path, *, picture: bool = True, heard: bool = True, title: str = ""
) -> StepRun:
    """A run whose asset has a flash and a beep at the same instant, in two rungs and two tracks."""
    run = bench.run_of(make_clip(tmp_path / "clip.mp4", seconds=1), Step.DOWNLOAD)
    made: list[Rendition] = []
    if picture:
        made += [
            stored_ladder.picture(run, lavfi=FLASH, size=size) for size in ((1280, 720), (426, 240))
        ]
    if heard:
        run_ffmpeg("-f", "lavfi", "-i", BEEP, f"{tmp_path}/beep.wav")
        floor = _sound(bench, tmp_path / "beep.wav")
        made += [floor, replace(floor, name="sound-2", language="eng", label="Interpretation")]
    asset = replace(run.asset, renditions=tuple(made), title={"be": title} if title else {})
    return replace(run, asset=asset)


def _sound(bench: Bench, source: Path) -> Rendition:
    result = sound(bench.run_of(source, Step.SOUND, kind=Kind.AUDIO))
    track = next(made for made in result.renditions if made.kind is RenditionKind.AUDIO)
    return replace(track, language="rus")


def saved(bench: Bench, made: Sequence[Rendition], tmp_path: Path) -> dict[str, Path]:
    for rendition in made:
        (tmp_path / rendition.name).write_bytes(bench.runtime.store.read(rendition.key))
    return {rendition.name: tmp_path / rendition.name for rendition in made}


def test_the_files_are_described(bench: Bench, tmp_path: Path) -> None:
    made = download(run_with(bench, tmp_path)).renditions
    assert [(r.name, r.kind, r.media_type, r.width, r.height) for r in made] == [
        ("sound.m4a", RenditionKind.FILE, "audio/mp4", None, None),
        ("sound-2.m4a", RenditionKind.FILE, "audio/mp4", None, None),
        ("video.mp4", RenditionKind.FILE, "video/mp4", 1280, 720),
    ]
    assert [(r.language, r.label) for r in made[:2]] == [("rus", None), ("eng", "Interpretation")]
    files = saved(bench, made, tmp_path)
    assert [r.size_bytes for r in made] == [files[r.name].stat().st_size for r in made]


def test_picture_and_sound_stay_together(bench: Bench, tmp_path: Path) -> None:
    files = saved(bench, download(run_with(bench, tmp_path)).renditions, tmp_path)
    assert _flash_seconds(files["video.mp4"]) == pytest.approx(FLASH_AT, abs=0.001)
    for file in files.values():
        assert _beep_seconds(file) == pytest.approx(FLASH_AT, abs=0.002)
    assert _beep_seconds(files["video.mp4"], track=1) == pytest.approx(FLASH_AT, abs=0.002)


def test_the_files_last_as_long_as_the_recording(bench: Bench, tmp_path: Path) -> None:
    files = saved(bench, download(run_with(bench, tmp_path)).renditions, tmp_path)
    for file in files.values():
        assert float(ffprobe(file, "format=duration")[0]) == pytest.approx(SECONDS, abs=0.03)
    assert len(ffprobe(files["video.mp4"], "packet=pts", "-select_streams", "v")) == 25 * SECONDS


def test_the_files_are_seekable_and_begin_with_their_index(bench: Bench, tmp_path: Path) -> None:
    files = saved(bench, download(run_with(bench, tmp_path)).renditions, tmp_path)
    for file in files.values():
        data = file.read_bytes()
        assert 0 < data.index(b"moov") < data.index(b"mdat")
        assert b"moof" not in data
        run_ffmpeg("-xerror", "-ss", "2.5", "-i", str(file), "-f", "null", "-")
        run_ffmpeg("-xerror", "-i", str(file), "-map", "0", "-f", "null", "-")


def test_the_files_say_what_they_are_and_no_more(
    bench: Bench, tmp_path: Path, event: Event
) -> None:
    run = run_with(bench, tmp_path, title="Пытанні\nі адказы")
    files = saved(bench, download(run).renditions, tmp_path)
    for file in files.values():
        assert _tags(file) == {
            "title": "Пытанні і адказы",
            "album": "Падыход да прэсы",
            "copyright": event.credit,
        }
        data = file.read_bytes()
        for forbidden in (b"SECRET", b"location", b"com.apple", b"\xa9xyz"):
            assert forbidden not in data


def test_the_video_has_all_sound_and_the_first_track_is_heard_unasked(
    bench: Bench, tmp_path: Path
) -> None:
    files = saved(bench, download(run_with(bench, tmp_path)).renditions, tmp_path)
    tracks = ("-select_streams", "a")
    entries = "stream_disposition=default:stream_tags=language"
    assert ffprobe(files["video.mp4"], entries, *tracks) == ["1,rus", "0,eng"]
    assert ffprobe(files["sound-2.m4a"], entries, *tracks) == ["1,eng"]
    assert "title" not in _tags(files["video.mp4"])
    assert b"Interpretation" in files["video.mp4"].read_bytes()


def test_a_recording_without_sound(bench: Bench, tmp_path: Path) -> None:
    made = download(run_with(bench, tmp_path, heard=False)).renditions
    assert [rendition.name for rendition in made] == ["video.mp4"]
    file = saved(bench, made, tmp_path)["video.mp4"]
    assert ffprobe(file, "stream=codec_type") == ["video"]
    assert float(ffprobe(file, "format=duration")[0]) == pytest.approx(SECONDS, abs=0.03)


def test_a_recording_of_sound_alone(bench: Bench, tmp_path: Path) -> None:
    made = download(run_with(bench, tmp_path, picture=False)).renditions
    assert [rendition.name for rendition in made] == ["sound.m4a", "sound-2.m4a"]
    assert ffprobe(saved(bench, made, tmp_path)["sound.m4a"], "stream=codec_name") == ["aac"]


def test_a_stop_ends_it(bench: Bench, tmp_path: Path) -> None:
    run = run_with(bench, tmp_path, picture=False)
    bench.stop.set()
    with pytest.raises(Interrupted):
        download(run)


def test_nothing_is_left_in_the_scratch_folder_but_what_was_gathered(
    bench: Bench, tmp_path: Path
) -> None:
    run = run_with(bench, tmp_path)
    download(run)
    left = sorted(path.name for path in run.scratch.iterdir())
    assert left == ["gathered-720p.mp4", "gathered-sound-1.mp4", "gathered-sound-2.mp4"]


def _tags(file: Path) -> dict[str, str]:
    """Without those that name the format."""
    command = ["ffprobe", "-v", "error", "-show_format", "-of", "json", str(file)]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    tags: dict[str, str] = json.loads(done.stdout)["format"]["tags"]
    of_format = {"major_brand", "minor_version", "compatible_brands", "encoder"}
    return {name: value for name, value in tags.items() if name not in of_format}


def _flash_seconds(file: Path) -> float:
    graph = Path(f"movie={file},signalstats")
    entries = "frame=pts_time:frame_tags=lavfi.signalstats.YAVG"
    rows = [row.split(",")[:2] for row in ffprobe(graph, entries, "-f", "lavfi")]
    return next(float(time) for time, luma in rows if float(luma) > 99)


def _beep_seconds(file: Path, *, track: int = 0) -> float:
    by_time = (
        "-map",
        f"0:a:{track}",
        "-af",
        "aresample=async=1:first_pts=0",
        "-f",
        "f32le",
        "-ac",
        "1",
        "-",
    )
    command = ["ffmpeg", "-v", "error", "-i", str(file), *by_time]
    data = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    samples = struct.unpack(f"<{len(data) // 4}f", data)
    return next(place for place, sample in enumerate(samples) if abs(sample) > 0.2) / 48_000
