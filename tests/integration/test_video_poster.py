"""The poster of a recording: upright, never black when it can be helped, or what was chosen."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from portal.assets.models import Outcome, RenditionKind, Step
from portal.recordings import service as recordings
from portal.recordings.models import Recording
from portal.runtime import Runtime
from tests.media import make_clip, run_ffmpeg, truncate
from tests.step_runs import Bench
from workers.run import StepResult
from workers.sandbox import Sandbox, detect_level
from workers.stills.poster import poster

pytestmark = pytest.mark.media


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


def test_the_poster_is_a_typical_frame_without_metadata(bench: Bench, tmp_path: Path) -> None:
    dark = ("-vf", "drawbox=t=fill:color=black:enable='lt(t,2)'", "-metadata", "title=SECRET")
    source = make_clip(tmp_path / "clip.mp4", seconds=6, size="1600x900", rate="10", options=dark)
    [made] = poster(bench.run_of(source, Step.POSTER)).renditions
    assert (made.name, made.kind, made.width, made.height) == (
        "poster.jpg",
        RenditionKind.IMAGE,
        1280,
        720,
    )
    content = bench.runtime.store.read(made.key)
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    (tmp_path / "poster.jpg").write_bytes(content)
    with Image.open(tmp_path / "poster.jpg") as image:
        assert (image.size, image.format) == ((1280, 720), "JPEG")
        assert not {"exif", "comment", "icc_profile"} & set(image.info)
        brightest = image.convert("L").getextrema()[1]
    assert brightest == pytest.approx(255, abs=40)


def test_the_poster_of_a_damaged_recording_is_its_beginning(bench: Bench, tmp_path: Path) -> None:
    fast_start = ("-movflags", "+faststart")
    source = make_clip(
        tmp_path / "clip.mp4", seconds=60, size="160x120", rate="5", options=fast_start
    )
    run = bench.run_of(truncate(source, ratio=0.14), Step.POSTER)
    assert [made.name for made in poster(run).renditions] == ["poster.jpg"]


def test_sound_alone_has_no_poster(bench: Bench, tmp_path: Path) -> None:
    run = bench.run_of(make_clip(tmp_path / "clip.wav", seconds=1, picture=False), Step.POSTER)
    result = poster(run)
    assert result.renditions == ()
    assert result.outcome is Outcome.DONE


def shown(bench: Bench, result: StepResult) -> Image.Image:
    [made] = result.renditions
    return Image.open(io.BytesIO(bench.runtime.store.read(made.key))).convert("RGB")


def average(image: Image.Image) -> float:
    return ImageStat.Stat(image.convert("L")).mean[0]


def red(image: Image.Image) -> float:
    return ImageStat.Stat(image).mean[0]


def test_a_long_black_beginning_is_passed_over(bench: Bench, tmp_path: Path) -> None:
    """A tenth of the recording is within the black part, a quarter is not."""
    black = ("-vf", "drawbox=t=fill:color=black:enable='lt(t,10)'")
    source = make_clip(tmp_path / "clip.mp4", seconds=45, size="160x90", rate="5", options=black)
    assert average(shown(bench, poster(bench.run_of(source, Step.POSTER)))) > 60


def test_of_a_recording_that_is_dark_the_brightest_place_is_shown(
    bench: Bench, tmp_path: Path
) -> None:
    source = tmp_path / "clip.mp4"
    bar = "drawbox=x=0:y=0:w=20:h=20:t=fill:color=white:enable='gt(t,22)'"
    black = f"color=black:s=160x90:r=5:d=40,{bar}"
    run_ffmpeg("-f", "lavfi", "-i", black, "-pix_fmt", "yuv420p", str(source))
    result = poster(bench.run_of(source, Step.POSTER))
    assert result.outcome is Outcome.DONE
    assert average(shown(bench, result)) < 20


def choose(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    chosen = Recording(poster_at_seconds=seconds)
    monkeypatch.setattr(recordings, "recording_of", lambda *_: chosen)


@pytest.fixture
def ageing(tmp_path: Path) -> Path:
    """Every frame is brighter than the one before it: 20 of 255 in a second."""
    source = tmp_path / "clip.mp4"
    older = "color=black:s=160x90:r=10:d=10,geq=lum='16+20*T':cb=128:cr=128"
    run_ffmpeg("-f", "lavfi", "-i", older, "-pix_fmt", "yuv420p", "-g", "40", str(source))
    return source


@pytest.mark.parametrize("seconds", [0.0, 0.3, 5.1, 9.9])
def test_a_chosen_frame_is_shown_whatever_it_is(
    bench: Bench, *, ageing: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    choose(monkeypatch, seconds)
    result = poster(bench.run_of(ageing, Step.POSTER))
    assert average(shown(bench, result)) == pytest.approx(20 * seconds * 255 / 219, abs=4)
    assert result.notes == ()


def test_the_end_of_a_recording_can_be_chosen(
    bench: Bench, ageing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, 10.0)
    result = poster(bench.run_of(ageing, Step.POSTER))
    assert average(shown(bench, result)) > 180
    assert result.notes == ()


def test_what_was_chosen_and_is_not_there_is_said(
    bench: Bench, ageing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, 70)
    result = poster(bench.run_of(ageing, Step.POSTER))
    assert len(result.renditions) == 1
    assert result.notes == ("There is no picture at 70.000 s; another one was taken.",)


def test_an_editors_choice_is_read_from_the_recording(
    bench: Bench, ageing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def recording_of(_connection: object, asset_id: str) -> Recording:
        asked.append(asset_id)
        return Recording()

    monkeypatch.setattr(recordings, "recording_of", recording_of)
    run = bench.run_of(ageing, Step.POSTER)
    poster(run)
    assert asked == [run.asset.id]


def test_the_poster_is_upright(bench: Bench, tmp_path: Path) -> None:
    left_red = ("-vf", "drawbox=w=iw/2:t=fill:color=red")
    make_clip(tmp_path / "flat.mp4", seconds=2, size="320x180", options=left_red)
    turned = tmp_path / "turned.mp4"
    turning = ("-c", "copy", "-metadata:s:v:0", "rotate=90")
    run_ffmpeg("-i", str(tmp_path / "flat.mp4"), *turning, str(turned))
    result = poster(bench.run_of(turned, Step.POSTER))
    image = shown(bench, result)
    assert image.size == (180, 320) == (result.renditions[0].width, result.renditions[0].height)
    upper, lower = (red(image.crop((40, row, 140, row + 40))) for row in (20, 260))
    assert max(upper, lower) > 200  # what was on one side is above or below now
    assert min(upper, lower) < 200


def test_high_dynamic_range_is_not_flat(bench: Bench, tmp_path: Path) -> None:
    """A white of 203 cd/m², as BT.2408 wants it, is bright on a poster."""
    source = tmp_path / "clip.mkv"
    bars = "geq=lum='if(lt(X,50),64,572)':cb=512:cr=512"  # 0.58 is the signal of 203 cd/m²
    graph = f"color=black:s=160x90:r=5:d=3,format=yuv420p10le,{bars}"
    tagged = "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
    run_ffmpeg("-f", "lavfi", "-i", graph, "-c:v", "libx265", "-x265-params", tagged, str(source))
    image = shown(bench, poster(bench.run_of(source, Step.POSTER)))
    bright = ImageStat.Stat(image.crop((120, 0, 160, 90)))
    assert min(bright.mean) > 175  # the same signal means 148 in standard range


def test_colours_are_those_of_the_recording(bench: Bench, tmp_path: Path) -> None:
    """BT.709 in, BT.601 in the JPEG file: what is shown stays the same."""
    source = tmp_path / "clip.mp4"
    colours = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
    halves = "color=0x20c040:s=1280x720:r=5:d=3,drawbox=w=iw/2:t=fill:color=0xd02030"
    converted = f"{halves},scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    run_ffmpeg("-f", "lavfi", "-i", converted, *colours, str(source))
    image = shown(bench, poster(bench.run_of(source, Step.POSTER)))
    assert image.getpixel((1000, 300)) == pytest.approx((0x20, 0xC0, 0x40), abs=8)
    assert image.getpixel((200, 300)) == pytest.approx((0xD0, 0x20, 0x30), abs=8)
